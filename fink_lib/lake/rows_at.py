"""Rows of a table at some places in Kafka, read from its files: without a JVM, and no more of them than is asked for.

The statistics of the commits tell which files may hold a place; of those the columns that make up a place are read,
and of the others only the row groups in which something was found.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.parquet import parquet_file
from fink_lib.lake.place_files import OFFSET, PARTITION, TOPIC, Offsets, PlaceFiles
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.storage import LakePath

Place: TypeAlias = tuple[str, int, int]


class RowsAt:
    """Reads rows of one table that is partitioned by night; it follows the table as it grows.

    Parameters
    ----------
    path
        Folder of the table.
    columns
        What is read of a row, beside its place.
    """

    def __init__(self, path: LakePath, columns: Sequence[str]) -> None:
        self._path, self._columns = path, [*KAFKA_KEY, *columns]
        self._files = PlaceFiles(path)

    def read(self, wanted: Iterable[tuple[dt.date, Place]]) -> Iterator[pa.Table]:
        """Yield the rows at some places, each with its night, as tables in no order; what is not there is left out."""
        by_night: dict[str, list[Place]] = {}
        for night, place in wanted:
            by_night.setdefault(night.isoformat(), []).append(place)
        if by_night:
            self._files.follow()
        for label, places in by_night.items():
            offsets = offsets_of(places)
            for file in self._files.of(label, offsets):
                yield from self._rows(self._path / file, offsets)

    def _rows(self, file: LakePath, wanted: Offsets) -> Iterator[pa.Table]:
        """Yield what a file holds of some places, a row group at a time."""
        with parquet_file(file) as parquet:
            found = np.flatnonzero(_is_wanted(parquet.read(columns=list(KAFKA_KEY)), wanted))
            first = 0
            for group in range(parquet.num_row_groups):
                rows = parquet.metadata.row_group(group).num_rows
                mine = found[(found >= first) & (found < first + rows)] - first
                if len(mine):
                    yield parquet.read_row_group(group, columns=self._columns).take(mine)
                first += rows


def offsets_of(places: Iterable[Place]) -> dict[tuple[str, int], npt.NDArray[np.int64]]:
    """Return the offsets of some places by topic and partition, sorted."""
    found: dict[tuple[str, int], list[int]] = {}
    for topic, partition, offset in places:
        found.setdefault((topic, partition), []).append(offset)
    return {key: np.unique(np.array(offsets, dtype=np.int64)) for key, offsets in found.items()}


def _is_wanted(places: pa.Table, wanted: Offsets) -> npt.NDArray[np.bool_]:
    """Return which rows stand at one of some places."""
    topics = pc.dictionary_encode(places[TOPIC].combine_chunks())
    codes, names = topics.indices.to_numpy(), topics.dictionary.to_pylist()
    partitions, offsets = places[PARTITION].to_numpy(), places[OFFSET].to_numpy()
    found = np.zeros(places.num_rows, dtype=bool)
    for (topic, partition), chosen in wanted.items():
        if topic in names:
            mine = np.flatnonzero((codes == names.index(topic)) & (partitions == partition))
            found[mine] = np.isin(offsets[mine], chosen)
    return found
