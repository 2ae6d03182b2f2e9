"""A catalogue file of any size in the order of its cells, never all of it in memory: buckets of the sky, one by one."""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from fink_lib.catalogs.cells import TABLE_ORDER

# Sorted in memory at a time: some 300 MB. More for a catalogue that would need more files than a process may open.
# A little less than two files of the table: buckets are of about as many rows, and no file is to be a small rest.
BUCKET_ROWS = 950_000
MOST_BUCKETS = 256
# Order of the cells that rows are counted in before they are sorted: 786,432 counts.
COUNT_ORDER = 8
SHIFT = 2 * (TABLE_ORDER - COUNT_ORDER)
READ_ROWS = 250_000
Ints = npt.NDArray[np.int64]


def in_order(path: Path, scratch: Path, rows_per_table: int) -> Iterator[pa.Table]:
    """Yield the rows of a Parquet file sorted by cell, those of one cell as they stand in the file.

    Parameters
    ----------
    path
        The file; its column ``cell`` is of `TABLE_ORDER`.
    scratch
        Folder for what is sorted later; as large as the file, unpacked.
    rows_per_table
        Rows of each table, at the most.
    """
    with pq.ParquetFile(path) as file:
        cuts = _cuts(file)
        buckets = _scattered(file, cuts, scratch) if len(cuts) else None
    for rows in _unsorted(path, buckets):
        if not rows.num_rows and buckets is not None:
            continue  # one cell holds more than the share of the bucket before
        ordered = np.argsort(rows["cell"].to_numpy(), kind="stable")
        for some in np.array_split(ordered, max(1, math.ceil(len(ordered) / rows_per_table))):
            yield rows.take(pa.array(some)).combine_chunks()


def _unsorted(path: Path, buckets: Sequence[Path] | None) -> Iterator[pa.Table]:
    if buckets is None:
        yield pq.read_table(path)
        return
    for bucket in buckets:
        with pa.memory_map(str(bucket)) as file:
            yield pa.ipc.open_file(file).read_all()
        bucket.unlink()


def _cuts(file: pq.ParquetFile) -> Ints:
    """Return the first cell of each bucket but the first one: buckets of about as many rows each."""
    counts = np.zeros(12 * 4**COUNT_ORDER, dtype=np.int64)
    for batch in file.iter_batches(READ_ROWS, columns=["cell"]):
        counts += np.bincount(batch["cell"].to_numpy() >> SHIFT, minlength=len(counts))
    before = np.cumsum(counts)
    buckets = min(MOST_BUCKETS, math.ceil(before[-1] / BUCKET_ROWS))
    wanted = before[-1] * np.arange(1, buckets) // max(1, buckets)
    return np.unique(np.searchsorted(before, wanted, side="right") << SHIFT)


def _scattered(file: pq.ParquetFile, cuts: Ints, scratch: Path) -> list[Path]:
    """Write each row to the file of its bucket; return the files."""
    paths = [scratch / f"bucket-{number}.arrow" for number in range(len(cuts) + 1)]
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with ExitStack() as stack:
        writers = [stack.enter_context(pa.ipc.new_file(path, file.schema_arrow, options=options)) for path in paths]
        for batch in file.iter_batches(READ_ROWS):
            bucket = np.searchsorted(cuts, batch["cell"].to_numpy(), side="right")
            ordered = np.argsort(bucket, kind="stable")
            rows, ends = batch.take(pa.array(ordered)), np.cumsum(np.bincount(bucket, minlength=len(paths)))
            for writer, start, end in zip(writers, [0, *ends[:-1]], ends, strict=True):
                if end > start:
                    writer.write_batch(rows.slice(start, end - start))
    return paths
