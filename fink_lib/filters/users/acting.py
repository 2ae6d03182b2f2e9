"""What is done with users' filters, from the command line and from the portal: added, activated, paused."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace

from fink_lib.errors import ConfigError
from fink_lib.filters.users.predicate import parse_predicate
from fink_lib.filters.users.store import Action, Event, active, check_name, history, record
from fink_lib.filters.users.trial import Trial
from fink_lib.science.framework.silver import silver_spec
from fink_lib.storage import LakePath
from fink_lib.surveys import get_survey

MATCH_RATE_LIMIT = 0.05  # of a night's alerts: more is a survey's stream, not a filter


@dataclass(frozen=True)
class Written:
    """A filter as somebody wrote it."""

    survey: str
    name: str
    predicate: str
    owner: str
    description: str


def silver_columns(survey: str) -> frozenset[str]:
    """Return every column of silver as a dotted path."""
    return silver_spec(get_survey(survey)).paths


def add(lake: LakePath, written: Written, by: str, columns: Collection[str] = (), *, after: int | None = None) -> Event:
    """Keep a filter, or a new version of it; nothing is sent before it is activated.

    Parameters
    ----------
    lake, written
        Where, and what.
    by
        Who does it.
    columns
        What a predicate may read; those of silver when not given.
    after
        Number of the events of the filter that were looked at before; all that there are when not given.

    Raises
    ------
    ConfigError
        Naming what is wrong, or when somebody else did something with the filter meanwhile.
    """
    check_name(written.survey, written.name, written.owner, written.description)
    parse_predicate(written.predicate, columns or silver_columns(written.survey))
    mine = history(lake, written.survey, written.name)
    version = 1 + sum(event.action is Action.ADD for event in mine)
    number = 1 + (len(mine) if after is None else after)
    event = Event(
        survey=written.survey, name=written.name, event=number, action=Action.ADD, version=version,
        owner=written.owner, description=written.description, predicate=written.predicate, by=by,
        at=dt.datetime.now(dt.UTC),
    )  # fmt: skip
    record(lake, event)
    return event


def refuse_too_much(name: str, found: Trial) -> None:
    """Refuse a filter that selects too much of a night, or of which a night tells nothing.

    Parameters
    ----------
    name
        Name of the filter, for the sentence.
    found
        What the filter does on a night.

    Raises
    ------
    ConfigError
        Saying which, and what can be done.
    """
    if found.match_rate is None:
        raise ConfigError(
            f"silver holds no public alert of {found.night}: how much '{name}' selects cannot be told; "
            "give another --night, or activate it with --force"
        )
    if found.match_rate > MATCH_RATE_LIMIT:
        raise ConfigError(
            f"filter '{name}' selects {found.match_rate:.1%} of {found.night}, more than {MATCH_RATE_LIMIT:.0%}: "
            "make it narrower, or activate it with --force"
        )


def running(events: Collection[Event], name: str) -> Event:
    """Return the version of a filter that runs.

    Parameters
    ----------
    events
        What was done with the filters of one survey.
    name
        Name of the filter.

    Raises
    ------
    ConfigError
        When none does.
    """
    found = [event for event in active(list(events)) if event.name == name]
    if not found:
        raise ConfigError(f"filter '{name}' is not active: `fink filters history {name}` tells what was done with it")
    return found[0]


def keep(lake: LakePath, event: Event, number: int, action: Action, by: str, *, reason: str = "",
         rate: float | None = None) -> None:  # fmt: skip
    """Record what was done with one version of a filter, as the event after so many.

    Parameters
    ----------
    lake
        Root folder of the tables.
    event
        An event of that version, which tells all that is not given here.
    number
        Number of events of the filter that were looked at.
    action
        What was done.
    by
        Who did it.
    reason
        Why; empty for nothing to say.
    rate
        Share of a night's public alerts that it selected; None where it was not tried.

    Raises
    ------
    ConfigError
        When somebody else did something with the filter meanwhile.
    """
    now = dt.datetime.now(dt.UTC)
    record(lake, replace(event, event=number + 1, action=action, by=by, at=now, reason=reason, match_rate=rate))
