"""Notices into the lake: as they came, and what they tell. The same notice twice is one row; nothing is left out."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from fink_lib import __version__
from fink_lib.lake.once import append_new
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables.multimessenger import bronze_event_notices, gold_events
from fink_lib.multimessenger.event import Action, Event, Localization, Messenger, Purpose, Shape
from fink_lib.multimessenger.parsing import Outcome, Parsed, parse
from fink_lib.multimessenger.standing import Told
from fink_lib.storage import LakePath

# Columns that bear the names of fields of an event, and of its place
PLAIN = (
    *("mission", "instrument", "trigger_id", "kind", "trigger_time", "notice_time", "revision", "name"),
    *("known_source", "far_hz", "significant"),
)
OF_PLACE = (
    *("semi_major_deg", "semi_minor_deg", "position_angle_deg", "containment", "systematic_included", "skymap_url"),
)


@dataclass(frozen=True)
class Notice:
    """A notice as it came.

    Attributes
    ----------
    content
        Its bytes.
    received_at
        When it arrived (UTC).
    topic, partition, offset
        Where it stood in Kafka; None for a notice out of a file.
    """

    content: bytes
    received_at: dt.datetime
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None

    @property
    def notice_id(self) -> str:
        """Name of the notice: the digest of its bytes."""
        return hashlib.sha256(self.content).hexdigest()


def keep(lake: LakePath, notices: Sequence[Notice]) -> Counter[str]:
    """Keep notices and what they tell; return how many were new, by outcome, and how many were held already.

    The bytes are committed first. Who died before the second commit left events out: the next call adds them.

    Parameters
    ----------
    lake
        Root folder of the tables.
    notices
        In any order; ones that are held already change nothing.
    """
    parsed = {one.notice_id: (one, parse(one.content)) for one in reversed(notices)}
    held = {row["notice_id"] for row in _of(bronze_event_notices(), lake, list(parsed), ["notice_id"])}
    rows = [_bronze_row(one, found) for one, found in reversed(parsed.values())]
    append_new(bronze_event_notices(), lake, rows)
    told = [_event_row(one, found.event) for one, found in reversed(parsed.values()) if found.event is not None]
    append_new(gold_events(), lake, told)
    counted = Counter(str(found.outcome) for name, (_, found) in parsed.items() if name not in held)
    counted["held"] = len(notices) - counted.total()
    return counted


def complete(lake: LakePath) -> int:
    """Add the events of notices that are kept and whose events are not; return how many."""
    is_event = pc.field("outcome") == str(Outcome.EVENT)
    kept = {row["notice_id"] for row in read_rows(bronze_event_notices(), lake, is_event, ["notice_id"])}
    missing = kept - {row["notice_id"] for row in read_rows(gold_events(), lake, columns=["notice_id"])}
    rows = _of(bronze_event_notices(), lake, sorted(missing), ["notice_id", "received_at", "content"])
    read = [(Notice(row["content"], row["received_at"]), parse(row["content"]).event) for row in rows]
    return append_new(gold_events(), lake, [_event_row(one, event) for one, event in read if event is not None])


def _of(spec: Any, lake: LakePath, names: Sequence[str], columns: Sequence[str]) -> list[dict[str, Any]]:
    return read_rows(spec, lake, pc.field("notice_id").isin(names), columns) if names else []


def _bronze_row(one: Notice, parsed: Parsed) -> dict[str, Any]:
    return {
        "day": one.received_at.date(),
        "notice_id": one.notice_id,
        "received_at": one.received_at,
        "outcome": str(parsed.outcome),
        "reason": parsed.reason,
        "event_id": parsed.event.event_id if parsed.event else None,
        "kafka_topic": one.topic,
        "kafka_partition": one.partition,
        "kafka_offset": one.offset,
        "kafka_time": None if one.topic is None else one.received_at,
        "code_version": __version__,
        "content": one.content,
    }


def _event_row(one: Notice, event: Event) -> dict[str, Any]:
    where = event.where
    return {
        "event_id": event.event_id,
        "notice_id": one.notice_id,
        "received_at": one.received_at,
        "messenger": str(event.messenger),
        "action": str(event.action),
        "purpose": str(event.purpose),
        "shape": str(where.shape),
        "ra": where.ra_deg,
        "dec": where.dec_deg,
        "corners_deg": list(where.corners_deg),
        "classes": list(event.classes.items()),
        "follows": list(event.follows),
        "code_version": __version__,
        **{name: getattr(event, name) for name in PLAIN},
        **{name: getattr(where, name) for name in OF_PLACE},
    }


def told_of(row: dict[str, Any]) -> Told:
    """Return what a row of the table of events tells; its map stays in the notice."""
    where = Localization(
        Shape(row["shape"]),
        row["ra"],
        row["dec"],
        corners_deg=tuple(row["corners_deg"]),
        **{name: row[name] for name in OF_PLACE},
    )
    event = Event(
        messenger=Messenger(row["messenger"]),
        action=Action(row["action"]),
        purpose=Purpose(row["purpose"]),
        where=where,
        classes=dict(row["classes"]),
        follows=tuple(row["follows"]),
        **{name: row[name] for name in PLAIN},
    )
    return Told(row["notice_id"], row["received_at"], event)


def read_told(lake: LakePath, keep_rows: pc.Expression | None = None) -> list[Told]:
    """Return what the notices in a lake tell, or some of them.

    Parameters
    ----------
    lake
        Root folder of the tables.
    keep_rows
        Condition on rows of the table of events; None for all.

    Returns
    -------
    One a notice that tells of an event, in any order; no maps are read.
    """
    return [told_of(row) for row in read_rows(gold_events(), lake, keep_rows)]


def skymap_of(lake: LakePath, notice_id: str) -> bytes | None:
    """Return the map within a notice that is kept; None where it has none.

    Parameters
    ----------
    lake
        Root folder of the tables.
    notice_id
        Name of the notice; of one that is not kept, there is no map either.

    Returns
    -------
    A FITS file as it came, gzipped or not.
    """
    rows = read_rows(bronze_event_notices(), lake, pc.field("notice_id") == notice_id, ["content"])
    event = parse(rows[0]["content"]).event if rows else None
    return None if event is None else event.where.skymap
