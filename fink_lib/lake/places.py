"""What stands in the tables already, by its place in Kafka: the one proof that nothing is written twice, or left out.

A stream asks it before it writes. What lies beyond the last place of a partition, as the tables held it when this
process first looked or as it has written since, is new, and is written without another look. Whatever lies before it
is looked up: a batch that is
done again after a crash, a checkpoint that was lost, restored from an older copy or begun anew, a message let out of
the quarantine. What stands, stands; what does not is decided now, by the code and the cuts of today.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from fink_lib.lake.tables import KAFKA_KEY

Flags: TypeAlias = npt.NDArray[np.bool_]
Partition: TypeAlias = tuple[str, int]
NOTHING = -1
TOPIC, PARTITION, OFFSET = KAFKA_KEY


@dataclass(frozen=True)
class Range:
    """Offsets of one partition, both ends among them."""

    topic: str
    partition: int
    first: int
    last: int

    @property
    def key(self) -> Partition:
        """The partition."""
        return self.topic, self.partition

    @property
    def size(self) -> int:
        """How many offsets."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Held:
    """A table that holds places.

    Attributes
    ----------
    path
        Folder of the table.
    stage
        Only rows of this value of ``stage``; None for all.
    """

    path: Path
    stage: str | None = None

    def columns(self) -> list[str]:
        """Columns to read."""
        return [*KAFKA_KEY, *(["stage"] if self.stage else [])]

    def chosen(self, rows: pa.Table) -> pa.Table:
        """Leave out rows of other stages."""
        return rows.filter(pc.equal(rows["stage"], self.stage)) if self.stage else rows


class Places:
    """Which places some tables hold.

    Parameters
    ----------
    tables
        Each message that a stream is done with stands in one of them.
    """

    def __init__(self, tables: Sequence[Held]) -> None:
        self._tables = tables
        self._marks: dict[str, dict[int, int]] = {}

    def reset(self) -> None:
        """Forget what was seen: after a batch that failed the tables may hold a part of it."""
        self._marks.clear()

    def mark(self, topic: str, partition: int) -> int:
        """Return the last offset of a partition that the tables may hold; -1 for none."""
        if topic not in self._marks:
            self._marks[topic] = self._last_offsets(topic)
        return self._marks[topic].get(partition, NOTHING)

    def advance(self, ranges: Iterable[Range]) -> None:
        """Note what was written."""
        for one in ranges:
            last = max(one.last, self.mark(*one.key))
            self._marks[one.topic][one.partition] = last

    def may_hold(self, ranges: Sequence[Range]) -> bool:
        """Tell whether the tables may hold anything of some ranges."""
        return any(one.first <= self.mark(*one.key) for one in ranges)

    def held(self, rows: pa.Table) -> Flags:
        """Return which rows stand in the tables, by their place.

        Parameters
        ----------
        rows
            With the columns of `KAFKA_KEY`.
        """
        found = np.zeros(rows.num_rows, dtype=bool)
        offsets = rows[OFFSET].to_numpy()
        for one, mine in ranges_of(rows):
            if one.first <= self.mark(*one.key):
                found[mine] = np.isin(offsets[mine], self.offsets(one))
        return found

    def offsets(self, wanted: Range) -> npt.NDArray[np.int64]:
        """Return the offsets of a range that stand in the tables, sorted."""
        parts = [
            rows[OFFSET].to_numpy()
            for table in self._tables
            for rows in _rows(table, wanted.topic, wanted.first, wanted.last)
            for rows in [rows.filter(pc.equal(rows[PARTITION], wanted.partition))]
        ]
        everything = np.concatenate([np.empty(0, np.int64), *parts])
        return np.unique(everything[(everything >= wanted.first) & (everything <= wanted.last)])

    def _last_offsets(self, topic: str) -> dict[int, int]:
        """Return the last offset of each partition of a topic; files that can add nothing are not opened."""
        marks: dict[int, int] = {}
        for table in self._tables:
            for file in sorted(_files(table, topic), key=lambda file: -file.last):
                if file.partitions and all(file.last <= marks.get(one, NOTHING) for one in file.partitions):
                    continue
                rows = table.chosen(file.read(table))
                rows = rows.filter(pc.equal(rows[TOPIC], topic))
                last = rows.group_by(PARTITION).aggregate([(OFFSET, "max")]).to_pylist()
                for row in last:
                    marks[row[PARTITION]] = max(marks.get(row[PARTITION], NOTHING), row[f"{OFFSET}_max"])
        return marks


def ranges_of(rows: pa.Table) -> Iterator[tuple[Range, npt.NDArray[np.int64]]]:
    """Yield the range of each partition of some rows, and the rows of it."""
    topics = pc.dictionary_encode(rows[TOPIC].combine_chunks())
    codes, partitions = topics.indices.to_numpy(), rows[PARTITION].to_numpy()
    offsets = rows[OFFSET].to_numpy()
    pairs = np.stack([codes, partitions], axis=1) if rows.num_rows else np.empty((0, 2), np.int64)
    for code, partition in np.unique(pairs, axis=0):
        mine = np.flatnonzero((codes == code) & (partitions == partition))
        first, last = int(offsets[mine].min()), int(offsets[mine].max())
        yield Range(str(topics.dictionary[int(code)]), int(partition), first, last), mine


@dataclass(frozen=True)
class _File:
    """A file of a table, by the statistics of its commit."""

    name: str
    first: int
    last: int
    partitions: frozenset[int]

    def read(self, table: Held) -> pa.Table:
        with pq.ParquetFile(self.name) as file:
            return file.read(columns=table.columns())


def _rows(table: Held, topic: str, first: int, last: int) -> Iterator[pa.Table]:
    """Yield the rows of a topic in the files that may hold some offsets."""
    for file in _files(table, topic):
        if file.first <= last and file.last >= first:
            rows = table.chosen(file.read(table))
            yield rows.filter(pc.equal(rows[TOPIC], topic))


def _files(table: Held, topic: str) -> Iterator[_File]:
    """Yield the files that may hold messages of a topic."""
    if not DeltaTable.is_deltatable(str(table.path)):
        return
    actions = pa.table(DeltaTable(str(table.path)).get_add_actions(flatten=True))
    asked = {"path", *(f"{end}.{name}" for end in ("min", "max") for name in KAFKA_KEY)}  # of a hundred columns
    for action in actions.select([name for name in actions.column_names if name in asked]).to_pylist():
        low, high = action.get(f"min.{TOPIC}"), action.get(f"max.{TOPIC}")
        if low is not None and high is not None and not low <= topic <= high:
            continue
        first, last = action.get(f"min.{OFFSET}"), action.get(f"max.{OFFSET}")
        parts = action.get(f"min.{PARTITION}"), action.get(f"max.{PARTITION}")
        known = None not in {first, last, *parts}
        yield _File(
            str(table.path / unquote(action["path"])),
            first if known else 0,
            last if known else np.iinfo(np.int64).max,
            frozenset(range(int(parts[0]), int(parts[1]) + 1)) if known else frozenset(),
        )
