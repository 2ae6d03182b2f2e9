"""What is true of an event after all notices of it: the last word of each instrument, and the best place of these.

Notices may arrive twice, late and in any order; what stands depends on which there are, not on the order.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from fink_lib.multimessenger.event import Action, Event, Purpose, Shape

LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Told:
    """A notice that tells of an event.

    Attributes
    ----------
    notice_id
        Names the notice.
    received_at
        When it arrived first (UTC): orders notices that do not say when they were written.
    event
        What it tells.
    """

    notice_id: str
    received_at: dt.datetime
    event: Event

    @property
    def series(self) -> tuple[str, str]:
        """The event, and the instrument that tells of it: within one, a notice supersedes those before."""
        return self.event.event_id, self.event.instrument

    @property
    def written_at(self) -> dt.datetime:
        """When it was written, or else received."""
        return self.event.notice_time or self.received_at


@dataclass(frozen=True)
class Standing:
    """An event as it stands.

    Attributes
    ----------
    event_id
        Its name.
    last
        The notice that spoke last; it decides.
    where
        The notice whose place is in force, None where no notice gives one. Of a retracted event it is the last place
        that was given: what was said of it is found again.
    trigger_time
        The earliest that any notice gives; None where none does.
    retracted
        True when the last word of any instrument is that there was nothing.
    notices
        How many there are.
    """

    event_id: str
    last: Told
    where: Told | None
    trigger_time: dt.datetime | None
    retracted: bool
    notices: int

    @property
    def purpose(self) -> Purpose:
        """Why the notices were sent."""
        return self.last.event.purpose

    @property
    def basis(self) -> str:
        """Names all that a match depends on: the last word, and the notice that gives the place."""
        return self.last.notice_id if self.where is None else f"{self.last.notice_id} {self.where.notice_id}"


def standing(told: Iterable[Told]) -> list[Standing]:
    """Return every event as it stands, by name.

    Parameters
    ----------
    told
        All notices, in any order; the same one twice counts once.
    """
    once = {one.notice_id: one for one in told}.values()
    ordered = sorted(once, key=lambda one: (*one.series, one.notice_id))
    series = [in_order(list(group)) for _, group in groupby(ordered, key=attrgetter("series"))]
    events = groupby(series, key=lambda notices: notices[0].event.event_id)
    return [_standing(name, list(of_event)) for name, of_event in events]


def in_order(notices: Sequence[Told]) -> list[Told]:
    """Return the notices of one series, the one that supersedes all others last.

    By the sender's revisions where each has one, else by the time of writing; of notices of one time a retraction
    comes last, and an initial one first.
    """
    if all(one.event.revision is not None for one in notices):
        return sorted(notices, key=lambda one: (one.event.revision, one.written_at, _rank(one), one.notice_id))
    return sorted(notices, key=lambda one: (one.written_at, one.event.revision or 0, _rank(one), one.notice_id))


def _rank(one: Told) -> int:
    return list(Action).index(one.event.action)


def _standing(name: str, series: Sequence[Sequence[Told]]) -> Standing:
    ends = [notices[-1] for notices in series]
    retracting = [one for one in ends if one.event.action is Action.RETRACTION]
    decisive = max(retracting or ends, key=lambda one: (one.written_at, one.notice_id))
    placed = [place for notices in series if (place := _placed(notices)) is not None]
    times = [one.event.trigger_time for notices in series for one in notices if one.event.trigger_time is not None]
    return Standing(
        event_id=name,
        last=decisive,
        where=min(placed, key=_vagueness) if placed else None,
        trigger_time=min(times, default=None),
        retracted=bool(retracting),
        notices=sum(len(notices) for notices in series),
    )


def _placed(notices: Sequence[Told]) -> Told | None:
    """Return the last notice of a series that gives a region; an update of something else leaves the place as it is."""
    return next((one for one in reversed(notices) if one.event.where.shape is not Shape.NONE), None)


def _vagueness(one: Told) -> tuple[float, dt.datetime, str]:
    """Order instruments by the size of their regions; a map comes after any circle, which an instrument aims with."""
    size = one.event.where.semi_major_deg
    return (float("inf") if size is None else size, one.written_at, one.notice_id)
