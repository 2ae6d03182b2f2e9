"""Users' filters in the lake: `gold__user_filters` keeps every event; what runs now is read off them."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import pyarrow.compute as pc

from fink_lib import __version__
from fink_lib.errors import ConfigError
from fink_lib.filters.base import REACTION_PREFIX, topic_of
from fink_lib.filters.counterparts import counterpart_topics
from fink_lib.filters.registry import filters_of
from fink_lib.lake.events import append_event
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import gold_user_filters
from fink_lib.storage import LakePath

_NAME = re.compile(r"[a-z][a-z0-9_]{2,63}")
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@ -]{1,63}")
LONGEST_TEXT = 500


class Action(StrEnum):
    """What can be done with a user's filter."""

    ADD = "add"
    ACTIVATE = "activate"
    PAUSE = "pause"


@dataclass(frozen=True)
class Event:
    """Something that was done with a user's filter.

    Attributes
    ----------
    survey, name
        Which filter.
    event
        Number of the event in the life of the filter, from 1.
    action
        What was done.
    version
        Number of the predicate: each `add` makes the next one.
    owner, description, predicate
        Of that version.
    by, at, reason
        Who, when (UTC), why.
    match_rate
        Share of a night's public alerts that it selected when it was activated; else None.
    """

    survey: str
    name: str
    event: int
    action: Action
    version: int
    owner: str
    description: str
    predicate: str
    by: str
    at: dt.datetime
    reason: str = ""
    match_rate: float | None = None

    @property
    def topic(self) -> str:
        """Topic that its alerts leave by."""
        return topic_of(self.name, self.survey)


def check_name(survey: str, name: str, owner: str, description: str) -> None:
    """Refuse a filter that could not be told from others, or that nobody answers for.

    Parameters
    ----------
    survey
        Its name.
    name
        Name of the filter, 3 to 64 characters.
    owner
        Who answers for it, 2 to 64 characters.
    description
        One sentence, at most `LONGEST_TEXT` characters.

    Raises
    ------
    ConfigError
        Naming what is wrong and what is right.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"filter name {name[:80]!r} is not usable: 3-64 of a-z, 0-9, _ and a letter first")
    if name.startswith(REACTION_PREFIX):
        raise ConfigError(f"filter name '{name[:80]}' is like those that fire on statements: not {REACTION_PREFIX}…")
    if name in {one.name for one in filters_of(survey)}:
        raise ConfigError(f"filter name '{name}' is taken by a filter of the broker: choose another")
    if topic_of(name, survey) in counterpart_topics():
        raise ConfigError(f"filter name '{name}' is that of a topic of counterparts: choose another")
    if not _OWNER.fullmatch(owner):
        raise ConfigError(f"owner {owner[:80]!r} is not usable: 2-64 letters, digits, blanks or . _ @ -")
    if not description.strip() or len(description) > LONGEST_TEXT or not description.isprintable():
        raise ConfigError(f"the description must be one sentence of at most {LONGEST_TEXT} characters")


def history(lake: LakePath, survey: str, name: str | None = None) -> list[Event]:
    """Return the events of a survey's filters, or of one, oldest first.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Its name.
    name
        Name of a filter; all of the survey when None.
    """
    rows = read_rows(gold_user_filters(), lake, pc.field("survey") == survey)
    events = [_event(row) for row in rows if name in (None, row["name"])]
    return sorted(events, key=lambda one: (one.at, one.name, one.event))


def _event(row: dict[str, Any]) -> Event:
    facts = {name: value for name, value in row.items() if name != "code_version"}
    return Event(**{**facts, "action": Action(row["action"])})


def newest(events: Sequence[Event], name: str) -> Event:
    """Return the newest version of a filter, as it was added.

    Parameters
    ----------
    events
        What was done with the filters of one survey, in any order.
    name
        Name of the filter.

    Raises
    ------
    ConfigError
        When there is no such filter.
    """
    added = [one for one in events if one.name == name and one.action is Action.ADD]
    if not added:
        known = ", ".join(sorted({one.name for one in events})) or "none yet: `fink filters add` makes one"
        raise ConfigError(f"unknown user filter '{name[:80]}': there are {known}")
    return max(added, key=lambda one: one.version)


def active(events: Sequence[Event]) -> list[Event]:
    """Return the version of each filter that runs now, sorted by name."""
    last: dict[str, Event] = {}
    for one in sorted(events, key=lambda one: one.event):
        if one.action is not Action.ADD:
            last[one.name] = one
    return sorted((one for one in last.values() if one.action is Action.ACTIVATE), key=lambda one: one.name)


def record(lake: LakePath, event: Event) -> None:
    """Keep an event.

    Parameters
    ----------
    lake
        Root folder of the tables.
    event
        Its number is to be the next one of the filter.

    Raises
    ------
    ConfigError
        When somebody else did something with this filter at the same moment.
    """
    row = {**asdict(event), "code_version": __version__}
    if not append_event(gold_user_filters(), lake, row, f"user_filter.{event.survey}.{event.name}", event.event):
        raise ConfigError(f"somebody else changed filter '{event.name}' at this moment: look at its history, try again")
