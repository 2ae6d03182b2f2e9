"""Users' filters that take more than their share of a batch's time: which are switched off, and how."""

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from fink_lib.errors import ConfigError
from fink_lib.filters.users.store import Action, Event, active, history, record
from fink_lib.storage import LakePath

BROKER = "broker"  # who paused a filter that was switched off
USERS_SHARE = 0.5  # of a batch's time is for all users' filters together; the rest is Spark's and the broker's own
TRIES = 3


@dataclass(frozen=True)
class Slow:
    """A filter that took more than its share.

    Attributes
    ----------
    name
        Which one.
    took_s
        Time that it takes for a batch.
    alerts
        Alerts of that batch.
    allowed_s
        Time that it might have taken.
    """

    name: str
    took_s: float
    alerts: int
    allowed_s: float

    @property
    def reason(self) -> str:
        """Measured and allowed time, in one sentence."""
        each_ms = 1000 * self.took_s / self.alerts
        return (
            f"slow: {self.took_s:.1f} s for a batch of {self.alerts} alerts, {each_ms:.3g} ms an alert; "
            f"its share is {self.allowed_s:.1f} s"
        )


def slow_ones(seconds: Mapping[str, float], alerts: int, budget_s: float) -> list[Slow]:
    """Return the filters that must go so that the others leave in time: the slowest, as many as it takes.

    One that takes no more than an equal share of what all together may take is never among them.

    Parameters
    ----------
    seconds
        Users' filter → seconds of computing that it takes for an alert.
    alerts
        Alerts of the batch.
    budget_s
        Seconds that judging a batch may take (`FINK_FILTERS_BATCH_S`).
    """
    allowed_s, left = USERS_SHARE * budget_s, {name: each * alerts for name, each in seconds.items()}
    share_s = allowed_s / max(1, len(left))
    found = []
    while sum(left.values()) > allowed_s:
        name = max(left, key=lambda one: left[one])
        found.append(Slow(name, left.pop(name), alerts, share_s))
    return found


def switch_off(lake: LakePath, event: Event, reason: str) -> bool:
    """Pause a filter in the broker's name; return False where its owner paused it, or changed it, meanwhile.

    Parameters
    ----------
    lake
        Root folder of the tables.
    event
        The event by which it became active.
    reason
        Kept in the history.

    Returns
    -------
    Whether it was done here.
    """
    for _ in range(TRIES):
        events = history(lake, event.survey, event.name)
        if event.event not in {one.event for one in active(events)}:
            return False
        number, now = len(events) + 1, dt.datetime.now(dt.UTC)
        off = replace(
            event, event=number, action=Action.PAUSE, by=BROKER, at=now, reason=reason, match_rate=None
        )  # fmt: skip
        with suppress(ConfigError):  # somebody else did something with it at the same moment
            record(lake, off)
            return True
    return False


def standing(events: Sequence[Event], name: str) -> str:
    """Return how a user's filter stands; of one that the broker switched off, also why.

    Parameters
    ----------
    events
        Events of a survey's filters.
    name
        Which filter.
    """
    mine = [one for one in events if one.name == name]
    added = max(one.version for one in mine if one.action is Action.ADD)
    running = [one.version for one in active(mine)]
    if running:
        return "active" if running[0] == added else f"version {running[0]} is active"
    last = max((one for one in mine if one.action is not Action.ADD), key=lambda one: one.event, default=None)
    if last is not None and last.by == BROKER:
        return f"switched off by the broker: {last.reason}"
    return "not active"
