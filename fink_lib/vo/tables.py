"""The tables that may be asked: `sources` and `objects` of each survey, over the rows that the API says are public."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from fink_lib.api.lake import Snapshot
from fink_lib.api.queries.alerts import relation
from fink_lib.api.sql import quoted
from fink_lib.lake.tables.spec import meaning_of, unit_of
from fink_lib.science.framework.silver import silver_spec
from fink_lib.served.columns import RUN_NAME, sources_spec
from fink_lib.vo.fields import Field
from fink_lib.vo.words import RESERVED_TIME, ucd_of, vounit

SOURCES, OBJECTS = "sources", "objects"
NEWEST = "{time: time, alert: alert_id}"  # what arg_max goes by: the newest, of several at once the one of the last id
PRINCIPAL = {"alert_id", "object_id", RESERVED_TIME, "night", "ra", "dec", "band", "class"}


@dataclass(frozen=True)
class VoTable:
    """A table that may be asked.

    Attributes
    ----------
    schema, name
        Survey, and what the rows are.
    meaning
        What a row is.
    fields
        Its columns.
    of_objects
        True where a row is an object and not an alert.
    of_people
        True where it is brought or kept by somebody: what its columns hold is not for us to say.
    """

    schema: str
    name: str
    meaning: str
    fields: tuple[Field, ...]
    of_objects: bool = False
    of_people: bool = False

    @property
    def full_name(self) -> str:
        """Schema and name."""
        return f"{self.schema}.{self.name}"

    def field(self, name: str) -> Field:
        """Return a column by its name."""
        return next(one for one in self.fields if one.name == name)

    def sql(self, snapshot: Snapshot, where: Sequence[str] = ()) -> str:
        """Return its rows as SQL.

        Parameters
        ----------
        snapshot
            The versions that are asked.
        where
            Conditions over the columns of `sources`. Of objects, those that have an alert that fulfils them.
        """
        rows = relation(snapshot, () if self.of_objects else where)
        if "SELECT NULL" in rows:
            empty = ", ".join(f"CAST(NULL AS {_sql_type(one.kind)}) AS {quoted(one.name)}" for one in self.fields)
            return f"SELECT {empty} WHERE false"
        listed = ", ".join(f"{one.sql} AS {quoted(one.name)}" for one in self.fields)
        if not self.of_objects:
            return f"SELECT {listed} FROM {rows}"  # noqa: S608  # ours, as all SQL here
        chosen = "object_id IS NOT NULL"
        if where:
            chosen = f"object_id IN (SELECT object_id FROM {relation(snapshot, where)})"  # noqa: S608
        return f"SELECT {listed} FROM {rows} WHERE {chosen} GROUP BY object_id"  # noqa: S608


def tables_of(snapshot: Snapshot) -> tuple[VoTable, ...]:
    """Return the tables of a survey."""
    survey = snapshot.survey
    sources = VoTable(
        survey.name,
        SOURCES,
        f"A public alert of {survey.name}, with what is asked for most.",
        tuple(_sources(snapshot)),
    )
    objects = VoTable(
        survey.name,
        OBJECTS,
        f"An object of {survey.name} that has public alerts, placed and classified by the newest of them.",
        tuple(_objects(sources)),
        of_objects=True,
    )
    return sources, objects


def _sources(snapshot: Snapshot) -> Iterator[Field]:
    survey, names = snapshot.survey, snapshot.names
    science = silver_spec(survey).schema
    told = {place.sql: place for place in names.places.values() if not place.wide}
    indexed = {"hpx", "object_id", "alert_id"}
    scale = survey.night.time_format.value
    for one in sources_spec(survey, names.silver).schema:
        if one.name == RUN_NAME:
            continue
        name = RESERVED_TIME if one.name == "time" else one.name
        place = told.get(quoted(one.name))
        said = science.field(one.name) if one.name in science.names else one
        unit = unit_of(one) or (place.unit if place else "") or unit_of(said)
        meaning = next((text for text in (meaning_of(said), meaning_of(one)) if " " in text), "")
        meaning = meaning or (place.meaning if place else "") or f"Column {one.name}."
        in_scale = scale if name == RESERVED_TIME or unit.startswith(("JD", "MJD")) else ""
        yield Field(
            name, one.type, vounit(unit), ucd_of(survey, name), meaning, quoted(one.name), name in PRINCIPAL,
            name in indexed, in_scale,
        )  # fmt: skip


def _objects(sources: VoTable) -> Iterator[Field]:
    time, alert = sources.field(RESERVED_TIME), sources.field("alert_id")
    newest = ("ra", "dec", "band", "class", "hpx")
    yield Field("object_id", pa.string(), "", "meta.id;meta.main", "The survey's own name of the object.", "object_id",
                is_principal=True, is_indexed=True)  # fmt: skip
    for name in newest:
        one = sources.field(name)
        said = f"{one.meaning.rstrip('.')}: that of its newest public alert."
        yield Field(name, one.kind, one.unit, one.ucd, said, f"arg_max({one.sql}, {NEWEST})", name != "hpx")
    yield Field("n_alerts", pa.int64(), "", "meta.number;obs", "Public alerts of it.", "count(*)", is_principal=True)
    for name, sql, word in (("first_time", "min(time)", "first"), ("last_time", "max(time)", "newest")):
        said = f"Time of its {word} public alert."
        yield Field(name, time.kind, time.unit, f"time.{'start' if word == 'first' else 'end'};obs", said, sql,
                    is_principal=True, scale=time.scale)  # fmt: skip
    said = "Identifier of its newest public alert."
    yield Field("last_alert_id", alert.kind, "", "meta.id", said, f"arg_max(alert_id, {NEWEST})", is_principal=True)


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "BIGINT" if kind.bit_width > 32 else "INTEGER"  # noqa: PLR2004
    known = {pa.float32(): "REAL", pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN", pa.date32(): "DATE"}
    return known.get(kind, "VARCHAR")
