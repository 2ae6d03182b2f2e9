"""Events and notices of a lake, as people look at them."""

import datetime as dt
from typing import Any

from fink_lib.lake.small import read_rows
from fink_lib.lake.tables.multimessenger import bronze_event_notices
from fink_lib.multimessenger.event import Localization, Shape
from fink_lib.multimessenger.standing import LONG_AGO, Standing, Told, standing
from fink_lib.multimessenger.store import read_told
from fink_lib.storage import LakePath

SHOWN = ("notice_id", "received_at", "outcome", "reason", "event_id", "kafka_topic", "kafka_partition", "kafka_offset")
RETRACTED, STANDS = "retracted", "stands"


def standing_rows(lake: LakePath) -> list[dict[str, Any]]:
    """Return the events of a lake as they stand, newest first."""
    found = [standing_row(one) for one in standing(read_told(lake))]
    return sorted(found, key=lambda row: (row["trigger_time"] or LONG_AGO, row["event_id"]), reverse=True)


def standing_row(one: Standing) -> dict[str, Any]:
    """Return how an event stands, in plain values."""
    event, where = one.last.event, one.where.event.where if one.where else Localization()
    return {
        "event_id": one.event_id,
        "trigger_time": one.trigger_time,
        "messenger": str(event.messenger),
        "stands": RETRACTED if one.retracted else STANDS,
        "purpose": str(one.purpose),
        "place": place_of(where),
        "notices": one.notices,
        "name": event.name,
        "kind": event.kind,
        "ra": where.ra_deg,
        "dec": where.dec_deg,
        "radius_deg": where.semi_major_deg,
        "notice_id": one.last.notice_id,
        "far_hz": event.far_hz,
    }


def place_of(where: Localization) -> str:
    """Say where an event is, in a few words."""
    at = "" if where.ra_deg is None or where.dec_deg is None else f"{where.ra_deg:.4f} {where.dec_deg:+.4f}"
    if where.shape in (Shape.CIRCLE, Shape.ELLIPSE):
        return f"{at} ± {where.semi_major_deg:g}°"
    return {Shape.SKYMAP: "sky map", Shape.POLYGON: f"{at} polygon"}.get(where.shape, at or "unknown")


def event_facts(lake: LakePath, event_id: str) -> dict[str, Any] | None:
    """Return how an event stands, and all that was told of it, oldest first; None where there is no such event.

    Parameters
    ----------
    lake
        Root folder of the tables.
    event_id
        Name of the event.

    Returns
    -------
    The values of `standing_row`, and under ``told`` one dictionary a notice.
    """
    told = [one for one in read_told(lake) if one.event.event_id == event_id]
    if not told:
        return None
    (stands,) = standing(told)
    ordered = sorted(told, key=lambda one: (one.written_at, one.notice_id))
    return {**standing_row(stands), "told": [_told_row(one) for one in ordered]}


def _told_row(one: Told) -> dict[str, Any]:
    event = one.event
    return {
        "notice_id": one.notice_id,
        "received_at": one.received_at,
        "mission": event.mission,
        "instrument": event.instrument,
        "kind": event.kind,
        "action": str(event.action),
        "notice_time": event.notice_time,
        "trigger_time": event.trigger_time,
        "revision": event.revision,
        "place": place_of(event.where),
        "far_hz": event.far_hz,
        "classes": dict(event.classes),
    }


def notice_rows(lake: LakePath) -> list[dict[str, Any]]:
    """Return the notices of a lake without their bytes, newest first."""
    rows = read_rows(bronze_event_notices(), lake, columns=SHOWN)
    received: dict[str, dt.datetime] = {row["notice_id"]: row["received_at"] for row in rows}
    return sorted(rows, key=lambda row: (received[row["notice_id"]], row["notice_id"]), reverse=True)
