"""Points of a light curve that packets tell beside alerts, where brightness is a flux: earlier detections and limits.

Of an exposure that saw nothing such a survey has forced photometry alone: below `LIMIT_SIGMA` errors it is a limit.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from fink_lib.api.lake import Snapshot
from fink_lib.api.queries.alerts import KEY, NIGHT_KEY, of_silver
from fink_lib.api.sql import quoted
from fink_lib.objects.light_curve import LIMIT_SIGMA
from fink_lib.portal.curves import Point, magnitude
from fink_lib.surveys import Survey

SAME_TIME_DIGITS = 6  # of a day: 0.1 s
Row = Mapping[str, Any]


def points_beside(snapshot: Snapshot, rows: Sequence[Row]) -> list[Point]:
    """Return what the packets of an object's newest and first alert tell, without what its alerts tell themselves.

    Parameters
    ----------
    snapshot
        What is asked.
    rows
        Alerts of the object, the newest first, each with its ``point``; not empty.
    """
    inputs = snapshot.survey.inputs
    histories = [name for name in (inputs.history, inputs.forced) if name]
    ends = [rows[0], rows[-1]][: len(rows)]
    asked = pa.RecordBatch.from_pylist([{KEY: row[KEY], NIGHT_KEY: row[NIGHT_KEY]} for row in ends])
    packets = of_silver(snapshot, asked, {name: quoted(name) for name in histories}).to_pylist()
    packets.sort(key=lambda one: [row[KEY] for row in ends].index(one[KEY]))  # the newest tells first
    known = {_same(row["point"]) for row in rows}
    found: dict[tuple[float, str], Point] = {}
    for name in histories:  # what was detected is not a limit too
        for record in (record for packet in packets for record in packet[name] or ()):
            for point in _point(snapshot.survey, record, is_forced=name == inputs.forced):
                if _same(point) not in known:
                    found.setdefault(_same(point), point)
    return list(found.values())


def _point(survey: Survey, record: Row, *, is_forced: bool) -> Iterator[Point]:
    fields = survey.inputs.forced_points if is_forced else survey.inputs.points
    band = record.get(fields["band"][0])
    time, flux, error = (_finite(record.get(fields[name][0])) for name in ("time", "flux", "flux_err"))
    if time is None or flux is None:
        return
    at = Point(time, survey.bands.get(str(band), str(band)), None)
    if is_forced and (not error or flux < LIMIT_SIGMA * error):
        limit = magnitude(LIMIT_SIGMA * error, None)[0] if error else None
        if limit is not None:
            yield replace(at, limit=limit)
        return
    whole = [record.get(name) for name in survey.served.total_flux] or [None, None]
    yield replace(at, difference=magnitude(flux, error), total=magnitude(*whole), is_fainter=flux < 0.0)


def _finite(value: Any) -> float | None:
    """Return a number, None for what is none: null, NaN and infinity."""
    return float(value) if value is not None and math.isfinite(value) else None


def _same(point: Point) -> tuple[float, str]:
    return round(point.time, SAME_TIME_DIGITS), point.band
