"""What columns are called in answers, and where each stands: in `sources`, or in silver."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import pyarrow as pa

from fink_lib.api.sql import quoted
from fink_lib.lake.tables import silver_alerts
from fink_lib.lake.tables.spec import meaning_of
from fink_lib.nights import SECONDS_PER_DAY
from fink_lib.served.columns import CLASS_NAME, HPX_NAME, measured
from fink_lib.surveys import SURVEYS, Survey
from fink_lib.surveys.tables import packet_schema

COMPUTED = "v:"
EVERYTHING = "*"
OUTSIDE_KINDS = {"string": "VARCHAR", "float": "FLOAT"}


@dataclass(frozen=True)
class Place:
    """Where a column stands.

    Attributes
    ----------
    sql
        Its value, over the columns of `sources`, or of silver.
    wide
        True where it is read from silver.
    meaning, unit
        What it says.
    named_only
        True where only an answer that names it has it.
    """

    sql: str
    wide: bool = False
    meaning: str = ""
    unit: str = ""
    named_only: bool = False


class UnknownColumn(LookupError):
    """A column that there is not, with those whose names are close."""

    def __init__(self, name: str, close: Sequence[str]) -> None:
        super().__init__(f"there is no column '{name}'")
        self.name, self.close = name, tuple(close)


@dataclass(frozen=True)
class Names:
    """The columns of a survey as answers name them.

    Attributes
    ----------
    survey
        Whose.
    silver
        Columns of its silver table.
    places
        Name → place, in order: those of `sources` first.
    """

    survey: Survey
    silver: pa.Schema
    places: dict[str, Place]

    @classmethod
    def of(cls, survey: Survey, silver: pa.Schema) -> "Names":
        """Return the names for a silver table with some columns.

        Parameters
        ----------
        survey
            Whose names they are.
        silver
            Columns that its silver table has in this lake.
        """
        return cls(
            survey,
            silver,
            {
                **dict(_kept(survey, silver)),
                **dict(_outside(survey)),
                **dict(_wide(survey, silver)),
                **dict(_kept(survey, silver)),
            },
        )

    @cached_property
    def usual(self) -> tuple[str, ...]:
        """Columns of an answer that was not told which: those of `sources`."""
        return tuple(name for name, place in self.places.items() if not place.wide and not place.named_only)

    def chosen(self, asked: Sequence[str]) -> tuple[str, ...]:
        """Return the columns of an answer.

        Raises
        ------
        UnknownColumn
            When there is none of a name.
        """
        if not asked:
            return self.usual
        if EVERYTHING in asked:
            return tuple(self.places)
        for name in asked:
            if name not in self.places:
                raise UnknownColumn(name, difflib.get_close_matches(name, self.places, n=3))
        return tuple(dict.fromkeys(asked))


def days_at_epoch(survey: Survey) -> float:
    """Return the time of 1970-01-01 UTC as the survey counts it, in days."""
    return -survey.night.unix_s(0.0) / SECONDS_PER_DAY


def _kept(survey: Survey, silver: pa.Schema) -> Iterator[tuple[str, Place]]:
    """Yield the columns that `sources` has."""
    facts, fields, current = survey.served, survey.fields, survey.inputs.current
    packet, science = facts.packet_prefix, facts.science_prefix
    whole = "object_id" if _is_text(silver, fields.object_id) else "TRY_CAST(object_id AS BIGINT)"
    yield packet + facts.object_parameter, Place(whole, False, "Identifier of the object.")
    yield packet + facts.alert_parameter, Place("alert_id", False, "Identifier of the alert.")
    yield packet + fields.time.rpartition(".")[2], Place("time", False, "Time of the observation.", "day")
    yield packet + "ra", Place("ra", False, "Right ascension.", "deg")
    yield packet + "dec", Place("dec", False, "Declination.", "deg")
    kept = measured(survey, silver)
    if f"{current}.{fields.band.rpartition('.')[2]}" not in kept:
        yield packet + fields.band.rpartition(".")[2], Place("band", False, "Band.")
    for path, one in kept.items():
        prefix = packet if path.startswith(f"{current}.") else science
        told = _of_packet(survey, one.name, *path.split("."))
        yield prefix + one.name, Place(quoted(one.name), False, told.meaning, told.unit)
    seconds = f"(time - {days_at_epoch(survey)!r}::DOUBLE) * {SECONDS_PER_DAY}"
    at = f"make_timestamp(CAST(round({seconds} * 1000) AS BIGINT) * 1000)"
    yield COMPUTED + "classification", Place(CLASS_NAME, False, "Class of the alert.")
    yield COMPUTED + "band", Place("band", False, "Name of the band.")
    yield COMPUTED + "lastdate", Place(at, False, "Time of the observation (UTC).")
    yield COMPUTED + "night", Place("night", False, "Observing night.")
    yield COMPUTED + "hpx", Place(HPX_NAME, False, "HEALPix cell (NESTED, order 29).")


def _outside(survey: Survey) -> Iterator[tuple[str, Place]]:
    """Yield what only a remote service knows: clients name these columns, and get null where silver has none."""
    for one in survey.columns.outside:
        meaning = "What a remote service says; null where this broker asks none."
        kind = OUTSIDE_KINDS[one.avro_type]
        yield survey.served.science_prefix + one.path, Place(f"NULL::{kind}", False, meaning, one.unit, named_only=True)


def _is_text(silver: pa.Schema, path: str) -> bool:
    node: pa.DataType = pa.struct(list(silver))
    for part in path.split("."):
        if not pa.types.is_struct(node) or node.get_field_index(part) < 0:
            return True
        node = node.field(part).type
    return bool(pa.types.is_string(node))


def _wide(survey: Survey, silver: pa.Schema) -> Iterator[tuple[str, Place]]:
    """Yield everything else that silver has of an alert."""
    facts, current = survey.served, survey.inputs.current
    roots = packet_schema(survey, cutouts=False)
    own = set(silver_alerts(survey.name, pa.schema([])).schema.names)
    for one in silver:
        if one.name in own:
            continue
        if one.name not in roots.names:
            yield facts.science_prefix + one.name, Place(quoted(one.name), True, f"Science column {one.name}.")
        elif not pa.types.is_struct(one.type):
            yield facts.packet_prefix + one.name, _of_packet(survey, one.name, one.name)
    for record in dict.fromkeys([facts.object_record, current]):  # what both have is that of the alert
        if record in silver.names:
            for one in silver.field(record).type:
                yield facts.packet_prefix + one.name, _of_packet(survey, one.name, record, one.name)


def _of_packet(survey: Survey, name: str, *path: str) -> Place:
    """Return the place of a column of silver, with what the survey's schema says of it."""
    sql = ".".join(quoted(part) for part in path)
    return Place(sql, True, _told(survey, path) or f"Column {'.'.join(path)}.", survey.columns.units.get(name, ""))


def _told(survey: Survey, path: Sequence[str]) -> str:
    fields = {one.name: one for one in _packet(survey.name)}
    for name in path[:-1]:
        kind = fields[name].type if name in fields else pa.null()
        fields = {one.name: one for one in kind} if pa.types.is_struct(kind) else {}
    return meaning_of(fields[path[-1]]) if path[-1] in fields else ""


@lru_cache(maxsize=16)
def _packet(survey_name: str) -> pa.Schema:
    return packet_schema(SURVEYS[survey_name], cutouts=False)
