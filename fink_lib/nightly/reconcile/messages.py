"""Messages in the order of Kafka: how many offsets a partition has, which are missing, which are there twice.

Pure: rows of Arrow in, numbers out. A partition and an offset make one number of 64 bits, so that one sort of whole
numbers orders some ten million messages in about two seconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.places import Partition, Range
from fink_lib.nightly.reconcile.equation import NAMED_AT_MOST, Message

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

OFFSET_BITS = 44  # a partition of 17 million million messages; what is left tells four million partitions apart
NAMES = {"kafka_topic": "topic", "kafka_partition": "partition", "kafka_offset": "offset"}
COLUMNS = (*NAMES, "alert_id", "night")


def messages(rows: pa.Table) -> pa.Table:
    """Return rows of a table under the names used here; those without a place are for the suite of the table."""
    named_here = rows.rename_columns([NAMES.get(name, name) for name in rows.column_names])
    if not any(named_here[name].null_count for name in NAMES.values()):
        return named_here
    return named_here.filter(reduce(pc.and_, (pc.is_valid(named_here[name]) for name in NAMES.values())))


@dataclass(frozen=True)
class Ordered:
    """Messages, with the order that Kafka has them in.

    Attributes
    ----------
    rows
        With ``topic``, ``partition``, ``offset``, ``alert_id`` and ``night``, as they came.
    partitions
        Topic and partition of each group, sorted.
    order
        Rows by group and offset.
    keys
        Group and offset of each row, in that order.
    """

    rows: pa.Table
    partitions: list[Partition]
    order: Ints
    keys: Ints

    @classmethod
    def of(cls, rows: pa.Table) -> "Ordered":
        """Order some messages."""
        names, topic = _ranked(rows["topic"])
        numbers, partition = _ranked(rows["partition"])
        pairs, group = _ranked(pa.array(topic * len(numbers) + partition))
        keys = (group << OFFSET_BITS) | rows["offset"].to_numpy().astype(np.int64)
        order = np.argsort(keys, kind="stable")
        partitions = [(names[pair // len(numbers)], int(numbers[pair % len(numbers)])) for pair in pairs]
        return cls(rows, partitions, order, keys[order])

    @cached_property
    def starts(self) -> Ints:
        """Where each different message begins in the order."""
        return np.flatnonzero(np.concatenate([[True], np.diff(self.keys) != 0])) if len(self.keys) else self.order

    def offsets(self) -> Iterator[tuple[Partition, Ints]]:
        """Yield the offsets of each partition, in order, repeats included."""
        edges = np.searchsorted(self.keys, np.arange(len(self.partitions) + 1) << OFFSET_BITS)
        for number, partition in enumerate(self.partitions):
            yield partition, self.keys[edges[number] : edges[number + 1]] & ((1 << OFFSET_BITS) - 1)

    def repeats(self) -> Ints:
        """Return the rows whose message stands before them already."""
        again = np.ones(len(self.keys), dtype=bool)
        again[self.starts] = False
        return self.order[again]

    def once(self) -> pa.Table:
        """Return each different message once."""
        return self.rows if len(self.starts) == len(self.order) else self.rows.take(pa.array(self.order[self.starts]))

    def counted(self, chosen: Flags) -> Ints:
        """Return how often each different message stands among some rows."""
        counts: Ints = (
            np.add.reduceat(chosen[self.order].astype(np.int64), self.starts) if len(self.keys) else self.keys
        )
        return counts

    def rows_of(self, message: int) -> Ints:
        """Return the rows of the n-th different message."""
        end = self.starts[message + 1] if message + 1 < len(self.starts) else len(self.order)
        return self.order[self.starts[message] : end]


def _ranked(values: pa.ChunkedArray | pa.Array) -> tuple[list[Any], Ints]:
    """Return the different values, sorted, and the rank of each; few values by hashing, which a sort of all is not."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    coded = pc.dictionary_encode(whole)
    found = coded.dictionary.to_pylist()
    ordered = sorted(found)
    place = {value: rank for rank, value in enumerate(ordered)}
    ranks = np.array([place[value] for value in found], dtype=np.int64)
    return ordered, ranks[coded.indices.to_numpy()]


def gaps_of(partition: Partition, offsets: Ints, at_most: int) -> list[Range]:
    """Return the first gaps between offsets of a partition, which are in order.

    Parameters
    ----------
    partition
        Topic and number.
    offsets
        Sorted, each once.
    at_most
        As many gaps are returned at most.
    """
    breaks = np.flatnonzero(np.diff(offsets) > 1)[:at_most]
    return [Range(*partition, int(offsets[at]) + 1, int(offsets[at + 1]) - 1) for at in breaks]


def named(rows: pa.Table, chosen: Sequence[int] | Ints, note: str = "") -> list[Message]:
    """Name the first of some rows.

    Parameters
    ----------
    rows
        With the columns of `Ordered.rows`.
    chosen
        Numbers of rows; those after the first `NAMED_AT_MOST` are left out.
    note
        Put on each of them; empty says nothing.
    """
    first = rows.take(pa.array(np.asarray(chosen)[:NAMED_AT_MOST], pa.int64()))
    return [named_row(row, note) for row in first.to_pylist()]


def named_row(row: dict[str, object], note: str = "") -> Message:
    """Name a row.

    Parameters
    ----------
    row
        Column → value, with the columns of `Ordered.rows`.
    note
        What else is known; empty says nothing.
    """
    night, alert_id = row["night"], row["alert_id"]
    return Message(
        str(row["topic"]),
        int(str(row["partition"])),
        int(str(row["offset"])),
        None if alert_id is None else int(str(alert_id)),
        str(night) if night else None,
        note,
    )
