"""Known losses: messages that Kafka offered and no table holds, and who accepted that they are gone. Needs no JVM.

A loss is noted when it is found: by ingest, where a topic expired before it was read, and by the closing of a night.
It keeps its night red until a named person accepts it with a reason; then it is a term of the equation.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from fink_lib import __version__
from fink_lib.errors import ConfigError
from fink_lib.lake.places import Places, Range
from fink_lib.lake.small import append_rows, read_rows
from fink_lib.lake.tables import gold_known_losses
from fink_lib.storage import LakePath

PLACE = ("topic", "partition", "first_offset", "last_offset")


class LossEvent(StrEnum):
    """What a row tells of a loss."""

    FOUND = "found"
    ACCEPTED = "accepted"


@dataclass(frozen=True)
class Loss:
    """Messages of one partition, next to each other, that are gone.

    Attributes
    ----------
    place
        Their offsets.
    night
        Of all of them; None where it cannot be told.
    note
        What is known of how they were lost.
    """

    place: Range
    night: dt.date | None = None
    note: str = ""

    @property
    def label(self) -> str:
        """Its name, as people copy it: ``topic:partition:first-last``."""
        return f"{self.place.topic}:{self.place.partition}:{self.place.first}-{self.place.last}"

    def goes_on_with(self, other: "Loss") -> bool:
        """Tell whether another loss begins where this one ends, and is of its kind."""
        mine, its = self.place, other.place
        alike = (mine.key, self.night, self.note) == (its.key, other.night, other.note)
        return alike and mine.last + 1 == its.first

    def part(self, first: int, last: int) -> "Loss":
        """Return a part of it.

        Parameters
        ----------
        first, last
            Offsets, both of them included; they are not checked against those of the loss.
        """
        return replace(self, place=replace(self.place, first=first, last=last))


@dataclass(frozen=True)
class KnownLosses:
    """What a survey has lost.

    Attributes
    ----------
    found
        Every loss that was noted, in order.
    accepted
        Those that somebody accepted.
    """

    found: tuple[Loss, ...] = ()
    accepted: tuple[Loss, ...] = ()

    @property
    def places(self) -> Iterator[Range]:
        """Where each loss that was noted stood."""
        return (one.place for one in self.found)


def divide(gap: Range, losses: Iterable[Loss]) -> tuple[list[Loss], list[Range]]:
    """Return the parts of some offsets that belong to losses, and the other parts, each in order.

    Parameters
    ----------
    gap
        Offsets of one partition.
    losses
        Of any partitions, in any order; those elsewhere play no part. Parts keep night and note of their loss.
    """
    mine = [loss for loss in losses if loss.place.key == gap.key]
    inside: list[Loss] = []
    outside: list[Range] = []
    at = gap.first
    for loss in sorted(mine, key=lambda loss: loss.place.first):
        first, last = max(at, loss.place.first), min(gap.last, loss.place.last)
        if first > last:
            continue
        if first > at:
            outside.append(replace(gap, first=at, last=first - 1))
        inside.append(loss.part(first, last))
        at = last + 1
    if at <= gap.last:
        outside.append(replace(gap, first=at))
    return inside, outside


def open_losses(known: KnownLosses, places: Places) -> list[Loss]:
    """Return the losses that nobody has accepted, without messages that came to be kept after all.

    Parameters
    ----------
    known
        What a survey has lost.
    places
        Which messages its bronze and its quarantine hold.
    """
    left = [one.part(rest.first, rest.last) for one in known.found for rest in divide(one.place, known.accepted)[1]]
    return [one.part(rest.first, rest.last) for one in left for rest in divide(one.place, _kept(one.place, places))[1]]


def _kept(place: Range, places: Places) -> list[Loss]:
    return [Loss(replace(place, first=int(offset), last=int(offset))) for offset in places.offsets(place)]


def read_losses(lake: LakePath, survey: str) -> KnownLosses:
    """Return what a survey has lost; nothing where no loss was ever noted.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    """
    # A row that names no messages is what the suite of the table is for.
    rows = [row for row in read_rows(gold_known_losses(survey), lake) if None not in {row[name] for name in PLACE}]
    rows.sort(key=lambda row: (row["topic"], row["partition"], row["first_offset"], row["event_time"]))
    of_event = {event: tuple(_loss(row) for row in rows if row["event"] == event) for event in LossEvent}
    return KnownLosses(of_event[LossEvent.FOUND], of_event[LossEvent.ACCEPTED])


def note_losses(lake: LakePath, survey: str, losses: Sequence[Loss]) -> list[Loss]:
    """Note losses down; return the parts that were not known.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    losses
        What was found; offsets that were noted before are not noted again.
    """
    known = read_losses(lake, survey).found
    new = [one.part(rest.first, rest.last) for one in losses for rest in divide(one.place, known)[1]]
    append_rows(gold_known_losses(survey), lake, [_row(one, LossEvent.FOUND, "", one.note) for one in new])
    return new


def chosen_losses(there: Sequence[Loss], labels: Sequence[str]) -> list[Loss]:
    """Choose open losses by their names.

    Parameters
    ----------
    there
        The open losses.
    labels
        Names as `Loss.label` writes them; one that is given twice counts once.

    Raises
    ------
    ConfigError
        When a name is not that of an open loss.
    """
    by_label = {one.label: one for one in there}
    unknown = [label for label in labels if label not in by_label]
    if unknown:
        known = ", ".join(by_label) or "there is none"
        raise ConfigError(f"no open loss is called {', '.join(unknown)}; open: {known}")
    return [by_label[label] for label in dict.fromkeys(labels)]


def accept_losses(lake: LakePath, survey: str, losses: Sequence[Loss], who: str, why: str) -> None:
    """Note down that a person accepts losses.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    losses
        Open losses; whether they are open is not asked.
    who, why
        The person, and the reason; both are kept in the table.

    Raises
    ------
    ConfigError
        When who or why is not told.
    """
    if not who.strip() or not why.strip():
        raise ConfigError("a loss is accepted by a person, for a reason: --who NAME --why TEXT")
    append_rows(gold_known_losses(survey), lake, [_row(one, LossEvent.ACCEPTED, who, why) for one in losses])


def _loss(row: dict[str, Any]) -> Loss:
    place = Range(row["topic"], row["partition"], row["first_offset"], row["last_offset"])
    return Loss(place, row["night"], row["why"] or "")


def _row(loss: Loss, event: LossEvent, who: str, why: str) -> dict[str, Any]:
    return {
        "night": loss.night,
        "topic": loss.place.topic,
        "partition": loss.place.partition,
        "first_offset": loss.place.first,
        "last_offset": loss.place.last,
        "event": str(event),
        "who": who or None,
        "why": why or None,
        "event_time": dt.datetime.now(dt.UTC),
        "code_version": __version__,
    }
