"""A part of a micro-batch, from files of silver to topics: the same work in the driver, for a few, as in tasks."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

from fink_lib.distribute import counter
from fink_lib.distribute.handing import Due, Handing
from fink_lib.distribute.match import Match, Raised
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.message import Sent
from fink_lib.kafka.sending import Sender

Name: TypeAlias = tuple[dt.date, int]
"""Night and id of an alert."""


@dataclass(frozen=True)
class Part:
    """Alerts that are judged and sent.

    Attributes
    ----------
    alerts
        Where they stand in silver, and which users' filters select each (see `Selection.judged`).
    before
        What some of them were sent by already: names of filters, the counter.
    uncounted
        Nights that are counted no more.
    """

    alerts: pa.Table
    before: Mapping[Name, frozenset[str]] = field(default_factory=dict)
    uncounted: frozenset[dt.date] = frozenset()


@dataclass(frozen=True)
class Answer:
    """What became of some alerts.

    Attributes
    ----------
    sent
        Messages that Kafka acknowledged.
    error
        Why the others were not offered; None when all were.
    aside
        Alerts that cannot leave by a filter, or by any, and why.
    is_known
        False when messages may stand on topics, or come to, that nobody has a report of: look before sending again.
    raised
        What the broker's own filters could not judge.
    selected
        Alerts that a filter selected.
    seconds
        How long the broker's own filters took.
    """

    sent: list[Sent]
    error: Exception | None = None
    aside: list[Raised] = field(default_factory=list)
    is_known: bool = True
    raised: list[Raised] = field(default_factory=list)
    selected: int = 0
    seconds: float = 0.0


def perform(handing: Handing, part: Part, sender: Sender) -> Answer:
    """Judge and send some alerts, and wait for the reports; what was offered before something failed leaves.

    Parameters
    ----------
    handing
        How alerts are judged, and where they go.
    part
        The alerts.
    sender
        Of this process.

    Returns
    -------
    What became of them; what was raised on the way is in it and is not raised here.
    """
    error: Exception | None = None
    aside: list[Raised] = []
    raised: list[Raised] = []
    selected, seconds, seen = 0, 0.0, set[tuple[Name, str]]()
    try:
        for judged in handing.selection.judged(part.alerts):
            raised += judged.raised
            selected += sum(bool(one.filters) for one in judged.matches)
            seconds += judged.seconds
            aside += handing.offer(due_of(judged.matches, part, seen), sender)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the caller raises it
        error = failure
    try:
        sent = sender.delivered()
    except (BrokerError, ConfigError) as failure:
        return Answer([], failure, is_known=False)
    return Answer(sent, error, aside, raised=raised, selected=selected, seconds=seconds)


def due_of(matches: Iterable[Match], part: Part, seen: set[tuple[Name, str]]) -> list[Due]:
    """Return what has not left yet; where an alert comes twice in a part, the first one leaves.

    Parameters
    ----------
    matches
        Alerts of a part.
    part
        What is known of them.
    seen
        What is due of the part already; what is found is added.
    """
    due: list[Due] = []
    for one in matches:
        alert = one.night, one.alert_id
        counted = () if one.night in part.uncounted else (counter.COUNTER,)
        before = part.before.get(alert, frozenset())
        names = tuple(name for name in (*one.filters, *counted) if name not in before and (alert, name) not in seen)
        seen.update((alert, name) for name in names)
        if names:
            due.append((one, names))
    return due
