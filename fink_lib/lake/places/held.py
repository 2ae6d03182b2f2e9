"""Which places in Kafka some tables hold, by the statistics of their files.

What lies beyond the last place of a partition, as the tables held it when this process first looked or as it has
written since, is new, and is written without another look. Whatever lies before it is looked up: a batch that is done
again after a crash, a checkpoint that was lost, restored from an older copy or begun anew, a message let out of the
quarantine.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.parquet import parquet_file
from fink_lib.lake.places.ranges import OFFSET, PARTITION, TOPIC, Range, ranges_of
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.storage import LakePath

Flags: TypeAlias = npt.NDArray[np.bool_]
NOTHING = -1
PLACES = pa.schema([(TOPIC, pa.string()), (PARTITION, pa.int32()), (OFFSET, pa.int64())])


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

    path: LakePath
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
        """Return the last offset of a partition that the tables may hold; -1 for none.

        Parameters
        ----------
        topic
            As its messages are kept under.
        partition
            Its number.
        """
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
        mine = [(one, at) for one, at in ranges_of(rows) if one.first <= self.mark(*one.key)]
        there = self._offsets([one for one, _ in mine])
        for one, at in mine:
            found[at] = np.isin(offsets[at], there[one])
        return found

    def offsets(self, wanted: Range) -> npt.NDArray[np.int64]:
        """Return the offsets of a range that stand in the tables, sorted."""
        return self._offsets([wanted])[wanted]

    def taken(self, ranges: Sequence[Range]) -> pa.Table:
        """Return the places of some ranges that stand in the tables, in the columns of `KAFKA_KEY`.

        The tables are asked whatever was noted of them: this very batch may have been written in part.
        """
        found = self._offsets(ranges)
        parts = [
            pa.table([[one.topic] * len(there), [one.partition] * len(there), there], schema=PLACES)
            for one, there in found.items()
        ]
        return pa.concat_tables([PLACES.empty_table(), *parts])

    def _offsets(self, wanted: Sequence[Range]) -> dict[Range, npt.NDArray[np.int64]]:
        """Return the offsets of each range that stand in the tables; each file is opened once."""
        found: dict[Range, list[npt.NDArray[np.int64]]] = {one: [] for one in wanted}
        for topic in {one.topic for one in wanted}:
            mine = [one for one in wanted if one.topic == topic]
            for table in self._tables:
                for rows in _rows(table, topic, mine):
                    partitions, offsets = rows[PARTITION].to_numpy(), rows[OFFSET].to_numpy()
                    for one in mine:
                        inside = (partitions == one.partition) & (offsets >= one.first) & (offsets <= one.last)
                        found[one].append(offsets[inside])
        return {one: np.unique(np.concatenate([np.empty(0, np.int64), *parts])) for one, parts in found.items()}

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


@dataclass(frozen=True)
class _File:
    """A file of a table, by the statistics of its commit."""

    place: LakePath
    first: int
    last: int
    partitions: frozenset[int]

    def read(self, table: Held) -> pa.Table:
        with parquet_file(self.place) as file:
            return file.read(columns=table.columns())

    def may_hold(self, wanted: Range) -> bool:
        mine = not self.partitions or wanted.partition in self.partitions
        return mine and self.first <= wanted.last and self.last >= wanted.first


def _rows(table: Held, topic: str, wanted: Sequence[Range]) -> Iterator[pa.Table]:
    """Yield the rows of a topic in the files that may hold some of its offsets."""
    for file in _files(table, topic):
        if any(map(file.may_hold, wanted)):
            rows = table.chosen(file.read(table))
            yield rows.filter(pc.equal(rows[TOPIC], topic))


def _files(table: Held, topic: str) -> Iterator[_File]:
    """Yield the files that may hold messages of a topic."""
    if not is_delta_table(table.path):
        return
    actions = pa.table(delta_table(table.path).get_add_actions(flatten=True))
    asked = {"path", *(f"{end}.{name}" for end in ("min", "max") for name in KAFKA_KEY)}  # of a hundred columns
    for action in actions.select([name for name in actions.column_names if name in asked]).to_pylist():
        low, high = action.get(f"min.{TOPIC}"), action.get(f"max.{TOPIC}")
        if low is not None and high is not None and not low <= topic <= high:
            continue
        first, last = action.get(f"min.{OFFSET}"), action.get(f"max.{OFFSET}")
        parts = action.get(f"min.{PARTITION}"), action.get(f"max.{PARTITION}")
        known = None not in {first, last, *parts}
        yield _File(
            table.path / unquote(action["path"]),
            first if known else 0,
            last if known else np.iinfo(np.int64).max,
            frozenset(range(int(parts[0]), int(parts[1]) + 1)) if known else frozenset(),
        )
