"""Offsets of a partition as ranges: those of some rows, and runs of them without a gap."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.tables import KAFKA_KEY

Partition: TypeAlias = tuple[str, int]
Run: TypeAlias = tuple[int, int]
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


def runs_in(offsets: npt.NDArray[np.int64]) -> Iterator[Run]:
    """Yield the runs of different offsets in order."""
    edges = np.flatnonzero(np.diff(offsets) > 1)
    firsts, lasts = np.r_[0, edges + 1], np.r_[edges, len(offsets) - 1]
    yield from zip(offsets[firsts].tolist(), offsets[lasts].tolist(), strict=True)


def union(runs: Iterable[Run]) -> list[Run]:
    """Return runs of which none touches another one."""
    found: list[Run] = []
    for first, last in sorted(runs):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def gaps_between(runs: Sequence[Run]) -> Iterator[Run]:
    """Yield what lies between runs."""
    for (_, last), (first, _) in pairwise(runs):
        yield last + 1, first - 1
