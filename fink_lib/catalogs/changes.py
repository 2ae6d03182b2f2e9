"""Where two versions of a catalogue differ, told by cells of the sky of which each is a digest of its sources."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.catalogs.cells import CHANGE_ORDER, TABLE_ORDER
from fink_lib.lake.delta import delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.storage import LakePath

COMPARED = ("source_id", "ra", "dec", "label")
CELLS = 12 * 4**CHANGE_ORDER
Words = npt.NDArray[np.uint64]
# Stands for a text that is missing; no file holds it.
MISSING = "\0"
# Finalizer of Steele, Lea & Flood 2014, OOPSLA, 453: every bit of the input moves about half of the output's.
STEPS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
LAST_SHIFT = 31


def changed_cells(table: LakePath, before: int, after: int) -> list[int]:
    """Return the cells (order 5, 12,288 at the most) whose sources are not the same in two versions of a table.

    Parameters
    ----------
    table
        Folder of the catalogue's table.
    before, after
        Versions of the Delta table.
    """
    old, new = (_digests(_batches(table, version)) for version in (before, after))
    return [int(cell) for cell in np.flatnonzero((old != new).any(axis=0))]


def _batches(table: LakePath, version: int) -> Iterable[pa.RecordBatch]:
    rows = dataset_of(delta_table(table, version=version))
    # One batch after the other: read ahead, those of a large catalogue would all be in memory.
    found: Iterable[pa.RecordBatch] = rows.to_batches(
        columns=["cell", *COMPARED], batch_readahead=1, fragment_readahead=1
    )
    return found


def _digests(batches: Iterable[pa.RecordBatch]) -> Words:
    """Return, for each cell, how many sources it has and the sum of their digests."""
    total = np.zeros((2, CELLS), dtype=np.uint64)
    for batch in batches:
        at = batch["cell"].to_numpy() >> 2 * (TABLE_ORDER - CHANGE_ORDER)
        total[0] += np.bincount(at, minlength=CELLS).astype(np.uint64)
        # Added, not xor-ed: a source that is there twice must not cancel itself.
        np.add.at(total[1], at, digests_of(batch))
    return total


def digests_of(rows: pa.RecordBatch) -> Words:
    """Return a digest of each source; the columns are mixed one by one, so that none can stand for another."""
    found = np.zeros(rows.num_rows, dtype=np.uint64)
    for name in COMPARED:
        found = _mixed(found ^ _words(rows[name]))
    return found


def _words(column: pa.Array) -> Words:
    if not pa.types.is_string(column.type):
        # Minus nought is nought.
        return np.asarray(column.to_numpy(zero_copy_only=False) + 0.0, dtype=np.float64).view(np.uint64)
    texts = pc.fill_null(column, MISSING).dictionary_encode()
    hashed = pd.util.hash_array(texts.dictionary.to_numpy(zero_copy_only=False), categorize=False)
    return np.asarray(hashed[texts.indices.to_numpy()], dtype=np.uint64)


def _mixed(words: Words) -> Words:
    words = words + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in STEPS:
        words = (words ^ (words >> np.uint64(shift))) * np.uint64(factor)
    return words ^ (words >> np.uint64(LAST_SHIFT))
