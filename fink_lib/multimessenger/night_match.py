"""A night beside all events that could have a counterpart in it: rows of the two tables, made anew as a whole.

Which events these are goes by the date of the night alone, so that anybody can tell whether a night was searched for an
event as it stands now: late notices, updates and retractions make the night's rows again.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fink_lib import __version__
from fink_lib.errors import NoticeError
from fink_lib.multimessenger.event import Purpose, Shape
from fink_lib.multimessenger.matching import METHOD, WINDOW_S, Matches, Search, match
from fink_lib.multimessenger.region import Region, region_of
from fink_lib.multimessenger.sources import NightSources
from fink_lib.multimessenger.standing import Standing

ONE_DAY = dt.timedelta(days=1)
WINDOW = dt.timedelta(seconds=WINDOW_S)
MapOf = Callable[[str], bytes | None]


@dataclass(frozen=True)
class NightMatch:
    """What a night says of the events.

    Attributes
    ----------
    searches, matches
        Rows of the tables of these names.
    """

    searches: list[dict[str, Any]]
    matches: list[dict[str, Any]]


def concerned(events: Iterable[Standing], night: dt.date) -> list[Standing]:
    """Return the events whose counterparts the alerts of a night could be: observations, by their trigger times.

    A night lies within a day before and two days after the midnight (UTC) that its date begins with, for any survey.

    Parameters
    ----------
    events
        Events as they stand; tests, mocks and those without a trigger time are left out.
    night
        Its date.

    Returns
    -------
    The events in the given order, retracted ones included.
    """
    midnight = dt.datetime.combine(night, dt.time(), dt.UTC)
    begin, end = midnight - ONE_DAY - WINDOW, midnight + 2 * ONE_DAY
    return [
        one
        for one in events
        if one.purpose is Purpose.OBSERVATION and one.trigger_time is not None and begin <= one.trigger_time < end
    ]


def is_current(rows: Iterable[Mapping[str, Any]], events: Iterable[Standing], night: dt.date) -> bool:
    """Tell whether the searches of a night, by their rows, are those of the events as they stand now.

    Parameters
    ----------
    rows
        All rows of the night in the table of searches.
    events
        All events as they stand.
    night
        Its date.
    """
    done = {(row["event_id"], row["basis"], row["method"]) for row in rows}
    return done == {(one.event_id, one.basis, METHOD) for one in concerned(events, night)}


def match_night(
    night: dt.date, found: NightSources, events: Iterable[Standing], map_of: MapOf, silver_version: int | None
) -> NightMatch:
    """Match the new sources of a night with the events.

    Parameters
    ----------
    night
        Its date.
    found
        Its new sources.
    events
        All events as they stand; which of them concern the night is looked at here.
    map_of
        Returns the map within a notice, by the name of the notice.
    silver_version
        Of the table that the sources were read from; kept on each row.
    """
    chosen = sorted(concerned(events, night), key=lambda one: one.event_id)
    regions = {one.event_id: _region(one, map_of) for one in chosen}
    searches = [_search(one, region) for one in chosen if not isinstance(region := regions[one.event_id], str)]
    done = {one.search.event_id: one for one in match(found.sources, found.background, searches)}
    head = {one.event_id: _head(one, night, silver_version) for one in chosen}
    return NightMatch(
        [head[name] | _searched(done.get(name), region) for name, region in regions.items()],
        [head[name] | row for name, one in done.items() for row in _matched(one, found)],
    )


def _region(one: Standing, map_of: MapOf) -> Region | str:
    """Return the region of an event, or why it is not searched for."""
    event = one.last.event if one.where is None else one.where.event
    if event.known_source:
        return f"a flare of a source that was known before: {event.known_source}"
    try:
        skymap = map_of(one.where.notice_id) if one.where and event.where.shape is Shape.SKYMAP else None
        return region_of(event, skymap)
    except NoticeError as error:
        return str(error)


def _search(one: Standing, region: Region) -> Search:
    trigger_s = one.trigger_time.timestamp() if one.trigger_time else np.inf
    return Search(one.event_id, trigger_s, region, counted=not one.retracted)


def _head(one: Standing, night: dt.date, silver_version: int | None) -> dict[str, Any]:
    return {
        "night": night,
        "event_id": one.event_id,
        "basis": one.basis,
        "retracted": one.retracted,
        "trigger_time": one.trigger_time,
        "messenger": str(one.last.event.messenger),
        "method": METHOD,
        "silver_version": silver_version,
        "code_version": __version__,
    }


def _searched(one: Matches | None, region: Region | str) -> dict[str, Any]:
    if one is None:
        return {"not_searched": str(region)}
    return {
        "not_searched": "",
        "area_deg2": one.search.region.area_deg2,
        "sources_after": one.sources_after,
        "expected": one.expected,
        "matches": len(one.rows),
        "least_chance": float(one.chance[0]) if len(one.rows) else None,
    }


def _matched(one: Matches, found: NightSources) -> list[dict[str, Any]]:
    sources = found.sources
    return [
        {
            "alert_id": int(found.alert_ids[row]),
            "object_id": found.object_ids[row],
            "ra": float(sources.ra_deg[row]),
            "dec": float(sources.dec_deg[row]),
            "first_seen": dt.datetime.fromtimestamp(float(sources.first_s[row]), dt.UTC),
            "rank": float(one.rank[at]),
            "as_good": float(one.as_good[at]),
            "chance": float(one.chance[at]),
            "chance_night": float(one.chance_night[at]),
            "host_mpc": _or_none(sources.host_mpc[row]),
            "nearer": _or_none(one.nearer[at]),
        }
        for at, row in enumerate(one.rows)
    ]


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
