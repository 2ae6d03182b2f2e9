"""Match the night's alerts with events of other messengers; and past nights, of whose events more is known now."""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import pyarrow.compute as pc

from fink_lib.errors import FinkError
from fink_lib.files import JsonObject
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.rows import Rows
from fink_lib.lake.small import read_rows, replace_rows
from fink_lib.lake.tables import gold_event_matches, gold_event_searches
from fink_lib.lake.versions import Table
from fink_lib.multimessenger.listening import collect
from fink_lib.multimessenger.matching import WINDOW_S
from fink_lib.multimessenger.night_match import NightMatch, is_current, match_night
from fink_lib.multimessenger.sources import lacking, new_sources
from fink_lib.multimessenger.standing import Standing, standing
from fink_lib.multimessenger.store import read_told, skymap_of
from fink_lib.nightly.announcer import Announcer
from fink_lib.nightly.balanced import newest
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import night_specs

logger = logging.getLogger(__name__)

LOOK_BACK_DAYS = 30  # late notices, updates and retractions come within weeks
MOST_SHOWN = 20
Announce: TypeAlias = Callable[[Rows, NightMatch], bool]


def run(context: NightContext) -> Outcome:
    """Collect the notices that wait, match the night, and match again past nights whose events changed.

    What is known already is matched also where no notices can be read; the step fails then, after that.
    """
    lake, survey = context.settings.lake, context.survey
    counted, failure = _collected(context)
    events = standing(read_told(lake))
    pinned = newest(context)
    announcer = Announcer(context.settings, survey, events)
    found = write_night(lake, survey, pinned, context.night, events, announcer)
    again = look_back(lake, survey, context.night, events, announcer)
    facts = {"survey": survey.name, "night": context.night.isoformat(), "notices": dict(counted)}
    facts |= {"messages": dict(announcer.sent)} | summary(found, again) | {"tables": dict(pinned.versions)}
    return Outcome(facts, failure or announcer.refused)


def _collected(context: NightContext) -> tuple[Counter[str], FinkError | None]:
    try:
        return collect(context.settings), None
    except FinkError as error:
        return Counter(), error


def write_night(  # noqa: PLR0917 - what a night is matched with
    lake: LakePath, survey: Survey, pinned: Pinned, night: dt.date, events: list[Standing], announce: Announce
) -> NightMatch:
    """Match a night with the events, and replace what the tables say of it.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey, night
        Which night.
    pinned
        The tables of the survey.
    events
        As they stand.
    announce
        Sends the matches; False where it could not, so that the night counts as not searched yet.
    """
    silver = pinned.of_night(Table.SILVER, night)
    if not tells_of_new_sources(survey, silver):
        return NightMatch([], [])
    version = pinned.versions[str(Table.SILVER)]
    found = match_night(night, new_sources(survey, silver), events, partial(skymap_of, lake), version)
    where = {"night": night.isoformat()}
    if found.searches or _rows_of(lake, survey, night):
        replace_rows(gold_event_matches(survey.name), lake, found.matches, where)
        if announce(silver, found):
            replace_rows(gold_event_searches(survey.name), lake, found.searches, where)  # last: says that all is done
    logger.info("night=%s events=%d matches=%d", night, len(found.searches), len(found.matches))
    return found


def tells_of_new_sources(survey: Survey, silver: Rows) -> bool:
    """Tell whether the rows of a survey say which sources are new; a night of others is searched for no event.

    Parameters
    ----------
    survey
        Whose rows.
    silver
        Rows of its silver.
    """
    return survey.new_sources is not None and not lacking(survey, silver)


def look_back(
    lake: LakePath, survey: Survey, night: dt.date, events: list[Standing], announce: Announce
) -> list[JsonObject]:
    """Match past nights again whose events are not those that they were searched for; return what changed.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Whose nights.
    night
        The night that is closed; the `LOOK_BACK_DAYS` days before it are looked at.
    events
        All that are known, as they stand now.
    announce
        Called for each night that is written, with its rows of silver and what was found.

    Returns
    -------
    Night (YYYY-MM-DD), and what `difference` tells, of each night that was written again.
    """
    changed = []
    pinned = Pinned.now(night_specs(survey), lake)
    first = night - dt.timedelta(days=LOOK_BACK_DAYS)
    for past in past_nights(pinned, first, night):
        before = _rows_of(lake, survey, past)
        searched = tells_of_new_sources(survey, pinned.of_night(Table.SILVER, past))
        if searched and not is_current(before, events, past):
            found = write_night(lake, survey, pinned, past, events, announce)
            changed.append({"night": past.isoformat(), **difference(before, found.searches)})
    return changed


def past_nights(pinned: Pinned, first: dt.date, end: dt.date) -> list[dt.date]:
    """Return the nights of silver from one up to another, which is not among them.

    Parameters
    ----------
    pinned
        Tables of the survey.
    first, end
        The first night that counts, and the first one after.
    """
    if pinned.versions[str(Table.SILVER)] is None:
        return []
    there = {dt.date.fromisoformat(part["night"]) for part in pinned.table(Table.SILVER).partitions()}
    return sorted(night for night in there if first <= night < end)


def _rows_of(lake: LakePath, survey: Survey, night: dt.date) -> list[dict[str, Any]]:
    return read_rows(gold_event_searches(survey.name), lake, pc.field("night") == night)


def difference(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> JsonObject:
    """Return which events came, which changed, and which were retracted, by their searches.

    Parameters
    ----------
    before, after
        Rows of ``gold_<survey>__event_searches``, one an event.

    Returns
    -------
    Ids of events under ``came``, ``changed`` and ``retracted``; what was retracted is not among those that changed.
    """
    old, new = ({row["event_id"]: row for row in rows} for rows in (before, after))
    both = set(old) & set(new)
    gone = {name for name in both if new[name]["retracted"] and not old[name]["retracted"]}
    changed = {name for name in both if old[name]["basis"] != new[name]["basis"]}
    return {"came": sorted(set(new) - set(old)), "changed": sorted(changed - gone), "retracted": sorted(gone)}


def summary(found: NightMatch, again: list[JsonObject]) -> JsonObject:
    """Return what the report shows.

    Parameters
    ----------
    found
        Matches and searches of this night.
    again
        What `look_back` returned.
    """
    stands = [row for row in found.matches if not row["retracted"]]
    best = sorted(stands, key=lambda row: (row["chance_night"], row["event_id"], row["alert_id"]))[:MOST_SHOWN]
    shown = ("event_id", "messenger", "alert_id", "object_id", "ra", "dec", "rank", "chance", "chance_night", "nearer")
    searched = [row for row in found.searches if not row["not_searched"]]
    return {
        "events": [_plain(row, ("event_id", "messenger", "retracted", "not_searched", "area_deg2", "sources_after",
                                "expected", "matches", "least_chance", "trigger_time")) for row in found.searches],
        "searched": len(searched),
        "trials": sum(not row["retracted"] for row in searched),
        "matches": len(stands),
        "best": [_plain(row, (*shown, "trigger_time", "first_seen")) for row in best],
        "looked_back": again,
        "window_days": WINDOW_S / 86_400.0,
    }  # fmt: skip


def _plain(row: dict[str, Any], names: tuple[str, ...]) -> JsonObject:
    values = {name: row.get(name) for name in names}
    return {name: one.isoformat() if isinstance(one, dt.datetime) else one for name, one in values.items()}
