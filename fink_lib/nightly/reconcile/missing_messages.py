"""Read missing offsets back from Kafka: which held a message, which alert it was, of which night."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias

from fink_lib.kafka.reading import RawMessage, TopicReader
from fink_lib.lake.losses import Loss, divide
from fink_lib.lake.places import Range
from fink_lib.nightly.reconcile.equation import NAMED_AT_MOST, Message
from fink_lib.nightly.reconcile.offsets import PartitionAccount

READ_AT_MOST = 5000
NOT_KEPT = "not kept, though Kafka still has it"
NEAR = 64  # offsets between two gaps that are read through rather than sought past

Identify: TypeAlias = Callable[[RawMessage], tuple[int | None, str | None]]


@dataclass
class Missing:
    """What the missing offsets of some partitions turned out to be.

    Attributes
    ----------
    empty
        Offsets that hold no message (control records, compaction), by topic: they were never offered.
    by_night
        Messages by topic and night; those that could not be read count for the night None.
    named
        The first of them.
    losses
        All of them, those next to each other as one.
    accepted
        Messages that are lost and were accepted as lost, by topic and night; they are in none of the above.
    """

    empty: Counter[str] = field(default_factory=Counter)
    by_night: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    named: list[Message] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    accepted: Counter[tuple[str, str | None]] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many messages."""
        return self.by_night.total()

    def add(self, message: Message) -> None:
        """Count a message and name it while there is room."""
        self.by_night[message.topic, message.night] += 1
        if len(self.named) < NAMED_AT_MOST:
            self.named.append(message)
        self._note(Range(message.topic, message.partition, message.offset, message.offset), message)

    def add_unread(self, gap: Range) -> None:
        """Count messages that nobody has looked at, as of no known night."""
        self.by_night[gap.topic, None] += gap.size
        self.losses.append(Loss(gap, None, "not read: too many are missing"))

    def accept(self, loss: Loss) -> None:
        """Count what was accepted."""
        self.accepted[loss.place.topic, loss.night.isoformat() if loss.night else None] += loss.place.size

    def _note(self, place: Range, message: Message) -> None:
        """Note a loss; one that goes on from the last one is one with it."""
        night = date.fromisoformat(message.night) if message.night else None
        new = Loss(place, night, message.note or NOT_KEPT)
        if self.losses and self.losses[-1].goes_on_with(new):
            new = new.part(self.losses.pop().place.first, place.last)
        self.losses.append(new)


def read_back(
    reader: TopicReader, accounts: Iterable[PartitionAccount], identify: Identify, accepted: Sequence[Loss] = ()
) -> Missing:
    """Read the missing offsets of each partition; at most `READ_AT_MOST` messages, the others only count.

    Offsets that hold no message cost nothing of that: a topic that is written in transactions has as many of them as
    it has transactions.

    Parameters
    ----------
    reader
        Of the Kafka that they were offered by.
    accounts
        What is missing of each partition.
    identify
        Message → its alert and its night.
    accepted
        Losses that somebody accepted: those are counted and not looked at again.
    """
    missing = Missing()
    budget = READ_AT_MOST
    for account in accounts:
        gaps, told = _not_accepted(missing, account, accepted)
        for gap in gaps:
            told += _expired_part(missing, account, gap)
        live = [part for gap in gaps if (part := _live(account, gap)).size > 0]
        for window in windows(live):
            told += sum(gap.size for gap in window)
            budget -= _read_window(missing, reader, window, budget, identify)
        unread = account.missing - told
        if unread > 0:
            missing.by_night[account.topic, None] += unread
    return missing


def _not_accepted(missing: Missing, account: PartitionAccount, accepted: Sequence[Loss]) -> tuple[list[Range], int]:
    """Count what is missing and was accepted; return the other gaps, and how many offsets were accepted."""
    gaps: list[Range] = []
    told = 0
    for gap in account.gaps:
        taken, rest = divide(gap, accepted)
        gaps += rest
        for loss in taken:
            missing.accept(loss)
            told += loss.place.size
    return gaps, told


def _low(account: PartitionAccount, gap: Range) -> int:
    return account.marks.low if account.marks else gap.last + 1


def _live(account: PartitionAccount, gap: Range) -> Range:
    """Return the part of a gap that Kafka still holds."""
    return Range(gap.topic, gap.partition, max(gap.first, _low(account, gap)), gap.last)


def _expired_part(missing: Missing, account: PartitionAccount, gap: Range) -> int:
    """Count offsets that Kafka no longer holds: what they held cannot be told, so they count as messages."""
    expired = range(gap.first, min(gap.last + 1, _low(account, gap)))
    for offset in expired:
        missing.add(Message(gap.topic, gap.partition, offset, note="expired in Kafka before it was kept"))
    return len(expired)


def windows(gaps: Sequence[Range]) -> Iterator[list[Range]]:
    """Yield gaps of one partition, in order, that are so near each other that one reading serves them all."""
    window: list[Range] = []
    for gap in gaps:
        if window and gap.first - window[-1].last > NEAR:
            yield window
            window = []
        window.append(gap)
    if window:
        yield window


def _read_window(
    missing: Missing, reader: TopicReader, window: Sequence[Range], budget: int, identify: Identify
) -> int:
    """Read the messages of some gaps up to the budget; return how many.

    Offsets behind the last message that the budget allows count as messages of no known night.
    """
    topic, partition, first, last = window[0].topic, window[0].partition, window[0].first, window[-1].last
    seen, read_to = 0, last if budget > 0 else first - 1
    with closing(_lost_ones(reader, window)) as found:
        for raw in found if budget > 0 else ():
            missing.add(Message(topic, partition, raw.offset, *identify(raw)))
            seen += 1
            if seen == budget:
                read_to = raw.offset
                break
    rest = [replace(gap, first=max(gap.first, read_to + 1)) for gap in window if gap.last > read_to]
    for gap in rest:
        missing.add_unread(gap)
    unread = sum(gap.size for gap in rest)
    missing.empty[topic] += sum(gap.size for gap in window) - seen - unread
    return seen


def _lost_ones(reader: TopicReader, window: Sequence[Range]) -> Generator[RawMessage, None, None]:
    """Yield the messages in some gaps; those between them the lake has."""
    firsts = [gap.first for gap in window]
    for raw in reader.messages(window[0].topic, window[0].partition, window[0].first, window[-1].last):
        if raw.offset <= window[bisect_right(firsts, raw.offset) - 1].last:
            yield raw
