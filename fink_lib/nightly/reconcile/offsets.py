"""Offsets in the lake against offsets in Kafka: which are missing, found twice, or were never given out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc

from fink_lib.files import JsonObject
from fink_lib.kafka.reading import TopicReader, Watermarks
from fink_lib.lake.places import Range
from fink_lib.nightly.reconcile.equation import Message
from fink_lib.nightly.reconcile.messages import Ints, Ordered, gaps_of, named

GAPS_AT_MOST = 20_000


@dataclass(frozen=True)
class Held:
    """Offsets of one partition in the lake: how many rows, how many different offsets, from where to where."""

    rows: int
    distinct: int
    first: int
    last: int


@dataclass(frozen=True)
class PartitionAccount:
    """One partition in Kafka and in the lake.

    Attributes
    ----------
    topic, partition
        Which one.
    marks
        Ends in Kafka before the lake was read; None where the topic is gone.
    held
        Offsets in the lake; None where there are none.
    inner_gaps
        Gaps between the first and the last offset in the lake.
    known_first
        First offset that was once noted as lost; None where none was. It counts although Kafka no longer has it.
    """

    topic: str
    partition: int
    marks: Watermarks | None
    held: Held | None
    inner_gaps: tuple[Range, ...] = field(default=())
    known_first: int | None = None

    @property
    def start(self) -> int:
        """First offset that counts: expired messages count when the lake has them or later ones."""
        known = [] if self.known_first is None else [self.known_first]
        ends = [self.marks.low] if self.marks else []
        return min(known + ends + ([self.held.first] if self.held else []), default=0)

    @property
    def end(self) -> int:
        """Offset after the last that counts; rows newer than the watermark arrived while the lake was read."""
        ends = [self.marks.high] if self.marks else []
        return max(ends + ([self.held.last + 1] if self.held else []), default=0)

    @property
    def missing(self) -> int:
        """How many offsets the lake does not hold."""
        return self.end - self.start - (self.held.distinct if self.held else 0)

    @property
    def gaps(self) -> tuple[Range, ...]:
        """Offsets that the lake does not hold, in order."""
        if self.held is None:
            return (Range(self.topic, self.partition, self.start, self.end - 1),) if self.end > self.start else ()
        head = Range(self.topic, self.partition, self.start, self.held.first - 1)
        tail = Range(self.topic, self.partition, self.held.last + 1, self.end - 1)
        return tuple(gap for gap in (head, *self.inner_gaps, tail) if gap.size > 0)

    def is_expired(self, offset: int) -> bool:
        """Tell whether Kafka no longer holds an offset."""
        return self.marks is None or offset < self.marks.low

    def as_json(self) -> JsonObject:
        """Facts for the result file."""
        return {
            "partition": self.partition,
            "low": self.marks.low if self.marks else None,
            "high": self.marks.high if self.marks else None,
            "start": self.start,
            "end": self.end,
            "rows": self.held.rows if self.held else 0,
            "offsets": self.held.distinct if self.held else 0,
        }


def read_marks(reader: TopicReader, topics: Iterable[str]) -> dict[tuple[str, int], Watermarks]:
    """Return the ends of every partition of those topics that exist.

    Parameters
    ----------
    reader
        Connected to Kafka.
    topics
        Names; one that does not exist is left out.

    Returns
    -------
    (topic, partition) → first offset that Kafka has, and the next one that it will give.
    """
    known = reader.topics()
    return {
        (topic, partition): reader.watermarks(topic, partition)
        for topic in sorted(topics)
        for partition in known.get(topic, ())
    }


def partition_accounts(
    rows: Ordered, marks: Mapping[tuple[str, int], Watermarks], known_losses: Iterable[Range] = ()
) -> list[PartitionAccount]:
    """Set the lake's rows against the ends of the partitions in Kafka.

    Parameters
    ----------
    rows
        Messages that the lake holds.
    marks
        Ends of the partitions.
    known_losses
        What was noted as lost: of a partition whose first messages expired unread, nothing else tells of them.
    """
    offsets, first_lost = dict(rows.offsets()), first_offsets(known_losses)
    return [
        PartitionAccount(
            *key, marks.get(key), _held(offsets.get(key)), _gaps(key, offsets.get(key)), first_lost.get(key)
        )
        for key in sorted({*marks, *offsets})
    ]


def _held(offsets: Ints | None) -> Held | None:
    if offsets is None:
        return None
    return Held(len(offsets), 1 + int(np.count_nonzero(np.diff(offsets))), int(offsets[0]), int(offsets[-1]))


def _gaps(key: tuple[str, int], offsets: Ints | None) -> tuple[Range, ...]:
    """Return the inner gaps of a partition; those beyond the first many only count."""
    return () if offsets is None else tuple(gaps_of(key, offsets, GAPS_AT_MOST))


def first_offsets(ranges: Iterable[Range]) -> dict[tuple[str, int], int]:
    """Return the first offset of each partition in some ranges."""
    found: dict[tuple[str, int], int] = {}
    for one in ranges:
        found[one.key] = min(one.first, found.get(one.key, one.first))
    return found


def repeated_messages(rows: Ordered) -> tuple[int, list[Message]]:
    """Find offsets that stand in the lake more than once: how many rows too many, and the first of them."""
    again = rows.repeats()
    return len(again), named(rows.rows, again)


def rows_beyond(rows: Ordered, accounts: Iterable[PartitionAccount], reader: TopicReader) -> list[Message]:
    """Name rows at offsets that Kafka has not given out, even now (their topic was deleted and made anew).

    Parameters
    ----------
    rows
        Messages in the lake.
    accounts
        Partitions; those with nothing at or beyond the end that was read first are not asked for again.
    reader
        Connected to Kafka.
    """
    found: list[Message] = []
    for account in accounts:
        if account.marks is None or account.held is None or account.held.last < account.marks.high:
            continue
        high = reader.watermarks(account.topic, account.partition).high
        here = pc.and_(pc.equal(rows.rows["topic"], account.topic), pc.equal(rows.rows["partition"], account.partition))
        beyond = rows.rows.filter(pc.and_(here, pc.greater_equal(rows.rows["offset"], high))).sort_by("offset")
        found += named(beyond, range(beyond.num_rows), f"the partition ends at {high}")
    return found
