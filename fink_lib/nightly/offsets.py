"""Offsets in the lake against offsets in Kafka: which are missing, found twice, or were never given out.

The rows of a partition are looked at in the order of their offsets, once, by Spark; only gaps and repeats,
a few and capped, come to the driver.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyspark.sql.functions as F
from pyspark.sql import DataFrame, Window

from fink_lib.nightly.equation import NAMED_AT_MOST, Message
from fink_lib.nightly.results import JsonObject
from fink_lib.nightly.watermarks import TopicReader, Watermarks

GAPS_AT_MOST = 20_000


@dataclass(frozen=True)
class Gap:
    """Offsets, both ends included, that the lake does not hold."""

    topic: str
    partition: int
    first: int
    last: int

    @property
    def size(self) -> int:
        """How many offsets."""
        return self.last - self.first + 1


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
    """

    topic: str
    partition: int
    marks: Watermarks | None
    held: Held | None
    inner_gaps: tuple[Gap, ...] = field(default=())

    @property
    def start(self) -> int:
        """First offset that counts: expired messages count when the lake has them or later ones."""
        ends = [self.marks.low] if self.marks else []
        return min(ends + ([self.held.first] if self.held else []), default=0)

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
    def gaps(self) -> tuple[Gap, ...]:
        """Offsets that the lake does not hold, in order."""
        if self.held is None:
            return (Gap(self.topic, self.partition, self.start, self.end - 1),) if self.end > self.start else ()
        head = Gap(self.topic, self.partition, self.start, self.held.first - 1)
        tail = Gap(self.topic, self.partition, self.held.last + 1, self.end - 1)
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
    """Return the ends of every partition of those topics that exist."""
    known = reader.topics()
    return {
        (topic, partition): reader.watermarks(topic, partition)
        for topic in sorted(topics)
        for partition in known.get(topic, ())
    }


def partition_accounts(rows: DataFrame, marks: Mapping[tuple[str, int], Watermarks]) -> list[PartitionAccount]:
    """Set the lake's rows (``topic``, ``partition``, ``offset``) against the ends of the partitions in Kafka."""
    held = held_offsets(rows)
    gaps: dict[tuple[str, int], list[Gap]] = {}
    if any(part.distinct < part.last - part.first + 1 for part in held.values()):
        for gap in inner_gaps(rows):
            gaps.setdefault((gap.topic, gap.partition), []).append(gap)
    return [
        PartitionAccount(*key, marks.get(key), held.get(key), tuple(gaps.get(key, ())))
        for key in sorted({*marks, *held})
    ]


def held_offsets(rows: DataFrame) -> dict[tuple[str, int], Held]:
    """Count the offsets of each partition in the lake."""
    counted = rows.groupBy("topic", "partition").agg(
        F.count("*").alias("rows"),
        F.countDistinct("offset").alias("distinct"),
        F.min("offset").alias("first"),
        F.max("offset").alias("last"),
    )
    return {
        (row["topic"], row["partition"]): Held(row["rows"], row["distinct"], row["first"], row["last"])
        for row in counted.collect()
    }


def inner_gaps(rows: DataFrame) -> list[Gap]:
    """Find the gaps between the offsets of each partition, in order."""
    broken = _with_previous(rows).where(F.col("offset") - F.col("previous") > 1).orderBy("topic", "partition", "offset")
    found = broken.select("topic", "partition", "previous", "offset").limit(GAPS_AT_MOST).collect()
    return [Gap(row["topic"], row["partition"], row["previous"] + 1, row["offset"] - 1) for row in found]


def repeated_messages(rows: DataFrame) -> tuple[int, list[Message]]:
    """Find offsets that stand in the lake more than once: how many rows too many, and the first of them."""
    repeats = _with_previous(rows).where(F.col("offset") == F.col("previous"))
    named = [as_message(row.asDict()) for row in first_rows(repeats).collect()]
    return (repeats.count() if len(named) == NAMED_AT_MOST else len(named)), named


def rows_beyond(rows: DataFrame, accounts: Iterable[PartitionAccount], reader: TopicReader) -> list[Message]:
    """Name rows at offsets that Kafka has not given out, even now (their topic was deleted and made anew)."""
    named: list[Message] = []
    for account in accounts:
        if account.marks is None or account.held is None or account.held.last < account.marks.high:
            continue
        high = reader.watermarks(account.topic, account.partition).high
        here = (F.col("topic") == account.topic) & (F.col("partition") == account.partition)
        beyond = first_rows(rows.where(here & (F.col("offset") >= high)))
        named += [as_message(row.asDict(), f"the partition ends at {high}") for row in beyond.collect()]
    return named


def first_rows(rows: DataFrame) -> DataFrame:
    """Keep the first rows in Kafka's order, as many as are ever named."""
    return rows.orderBy("topic", "partition", "offset").limit(NAMED_AT_MOST)


def as_message(row: JsonObject, note: str = "") -> Message:
    """Name a row."""
    night = row.get("night")
    return Message(
        row["topic"], row["partition"], row["offset"], row.get("alert_id"), str(night) if night else None, note
    )


def _with_previous(rows: DataFrame) -> DataFrame:
    order = Window.partitionBy("topic", "partition").orderBy("offset")
    return rows.withColumn("previous", F.lag("offset").over(order))
