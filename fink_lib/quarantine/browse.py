"""Look at the quarantine: which messages it holds, what is wrong with one, what of it decodes. Needs no JVM."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.errors import ConfigError, LakeError
from fink_lib.ingest.examine import examine
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.releases import KEY, read_releases, without
from fink_lib.lake.tables import quarantine
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey

NAME = re.compile(r"(?P<topic>[\w.~-]+)(?:\[(?P<p1>\d+)\]@|:(?P<p2>\d+):)(?P<offset>\d+)")
HEX_WIDTH = 16
BYTES_ROWS = 256  # messages with their bytes, 70 kB each, that are held at once
FIRST_PRINTABLE, LAST_PRINTABLE = 0x20, 0x7E


@dataclass(frozen=True)
class Place:
    """Where a message stands in Kafka."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read ``topic:partition:offset`` or ``topic[partition]@offset``.

        Raises
        ------
        ConfigError
            When the text is neither.
        """
        found = NAME.fullmatch(text.strip())
        if found is None:
            raise ConfigError(
                f"'{text}' names no message: write topic:partition:offset, as `fink quarantine list` does"
            )
        return cls(found["topic"], int(found["p1"] or found["p2"]), int(found["offset"]))

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Place":
        """Return the place of a row."""
        return cls(row["kafka_topic"], row["kafka_partition"], row["kafka_offset"])

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True)
class Selection:
    """Which messages of a quarantine: those that fulfil everything that is given.

    Attributes
    ----------
    places
        These messages alone, where there are any.
    night, stage, error_class, topic
        Values of these columns.
    released
        True to have those that were replayed or discarded too.
    """

    places: tuple[Place, ...] = ()
    night: dt.date | None = None
    stage: str | None = None
    error_class: str | None = None
    topic: str | None = None
    released: bool = False

    @property
    def is_everything(self) -> bool:
        """True when nothing is asked for."""
        return not self.places and not any((self.night, self.stage, self.error_class, self.topic))

    def condition(self) -> pc.Expression | None:
        """Return the selection as a condition on the table; None when it is everything."""
        asked = {"stage": self.stage, "error_class": self.error_class, "kafka_topic": self.topic}
        parts = [pc.field(name) == value for name, value in asked.items() if value is not None]
        if self.night is not None:
            parts.append(pc.field("night") == pa.scalar(self.night))
        if self.places:
            parts.append(reduce(or_, map(_is_at, self.places)))
        return reduce(and_, parts) if parts else None


def _is_at(place: Place) -> pc.Expression:
    same = (pc.field("kafka_topic") == place.topic) & (pc.field("kafka_partition") == place.partition)
    return same & (pc.field("kafka_offset") == place.offset)


def values_of(lake: LakePath, survey: Survey, column: str) -> set[object]:
    """Return the values that a column of the quarantine has, of messages that were released too.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Whose quarantine.
    column
        Its name; null is no value.
    """
    path = quarantine(survey.name).path(lake)
    if not is_delta_table(path):
        return set()
    rows = dataset_of(delta_table(path)).to_table(columns=[column])
    return set(pc.unique(rows[column]).to_pylist()) - {None}


def chosen(lake: LakePath, survey: Survey, selection: Selection, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the messages of a selection, oldest first; without the raw bytes unless they are asked for.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Whose quarantine.
    selection
        Which messages.
    columns
        Names; all but those of raw bytes when none is given.

    Raises
    ------
    LakeError
        When a message that is named is not in the quarantine, or was released already.
    """
    spec = quarantine(survey.name)
    names = columns or [name for name in spec.schema.names if not name.startswith("raw")]
    path = spec.path(lake)
    if is_delta_table(path):
        needed = list(dict.fromkeys((*names, *KEY)))
        rows = dataset_of(delta_table(path)).to_table(columns=needed, filter=selection.condition())
    else:
        rows = spec.plain_schema.empty_table()
    if not selection.released:
        rows = without(rows, read_releases(lake, survey.name), KEY)
    _require(rows, selection, spec.full_name)
    return rows.sort_by([(name, "ascending") for name in KEY]).select(names)


def with_bytes(lake: LakePath, survey: Survey, selection: Selection) -> Iterator[dict[str, Any]]:
    """Yield the messages of a selection with their raw bytes, in any order; a few at a time are in memory.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Whose quarantine.
    selection
        Which messages.

    Returns
    -------
    Columns of `KEY`, ``error_class`` and ``raw``.

    Raises
    ------
    LakeError
        As `chosen` does.
    """
    keys = chosen(lake, survey, selection, KEY)
    if not keys.num_rows:
        return
    wanted = set(zip(*(keys[name].to_pylist() for name in KEY), strict=True))
    rows = dataset_of(delta_table(quarantine(survey.name).path(lake)))
    limits = {"batch_size": BYTES_ROWS, "batch_readahead": 1, "fragment_readahead": 1}
    columns = [*KEY, "error_class", "raw"]
    for batch in rows.scanner(columns=columns, filter=selection.condition(), **limits).to_batches():
        yield from (row for row in batch.to_pylist() if tuple(row[name] for name in KEY) in wanted)


def _require(rows: pa.Table, selection: Selection, table: str) -> None:
    found = {Place.of(row) for row in rows.select(KEY).to_pylist()}
    missing = [str(place) for place in selection.places if place not in found]
    if missing:
        state = "" if selection.released else ", or was released already (`fink quarantine list --all` tells)"
        raise LakeError(f"{table} does not hold {', '.join(missing)}{state}")


def inspect(lake: LakePath, survey: Survey, place: Place) -> list[dict[str, Any]]:
    """Return everything about a message: its rows with their bytes, what the code of today says, its releases.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Whose quarantine.
    place
        Of the message.

    Returns
    -------
    One a stage that quarantined it.

    Raises
    ------
    LakeError
        When the quarantine has no such message.
    """
    spec = quarantine(survey.name)
    rows = chosen(lake, survey, Selection(places=(place,), released=True), spec.schema.names).to_pylist()
    released = read_releases(lake, survey.name).filter(_is_at(place)).to_pylist()
    return [row | today(survey, row["raw"]) | {"releases": released} for row in rows]


def today(survey: Survey, raw: bytes | None) -> dict[str, Any]:
    """Say what the code and the schemas of today make of a message: a replay would find the same.

    Parameters
    ----------
    survey
        Whose message.
    raw
        Its bytes; None where it had none.
    """
    verdict = examine(raw, survey)
    return {
        "decodes": verdict.decodes,
        "error_now": verdict.error_class,
        "reason_now": verdict.reason,
        "alert_id_now": verdict.alert_id,
        "night_now": verdict.night,
        "schema_version": verdict.schema_version,
    }


def hex_dump(raw: bytes, most: int) -> list[str]:
    """Return the first bytes as lines of offset, hexadecimal and text.

    Parameters
    ----------
    raw
        Bytes of the message.
    most
        As many bytes are shown.
    """
    lines = []
    for start in range(0, min(len(raw), most), HEX_WIDTH):
        piece = raw[start : min(start + HEX_WIDTH, most)]
        text = "".join(chr(byte) if FIRST_PRINTABLE <= byte <= LAST_PRINTABLE else "." for byte in piece)
        lines.append(f"{start:08x}  {piece.hex(' '):<{3 * HEX_WIDTH}} {text}")
    return lines
