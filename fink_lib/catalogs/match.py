"""The crossmatch of one patch of sky, in Arrow: places for positions, and the nearest source of each."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.catalogs.cells import covering_cells, match_order
from fink_lib.catalogs.index import build_index

# Cells of 3.7 degrees: positions and sources of one such patch meet in one call.
PATCH_ORDER = 4
SOURCE_COLUMNS = {
    "source_id": pa.string(),
    "source_ra": pa.float64(),
    "source_dec": pa.float64(),
    "label": pa.string(),
}
SEPARATION = "separation_arcsec"
Ints = npt.NDArray[np.int64]
Batches = Iterable[pa.RecordBatch]


def placing(radius_arcsec: float) -> Callable[[Batches], Batches]:
    """Return the function for `mapInArrow` that places positions.

    It adds to each position the patch that it is to be matched in and its cells there (of `match_order`); a
    position whose circle crosses the border of a patch is there once for each patch.
    """
    order = match_order(radius_arcsec)

    def place(batches: Batches) -> Batches:
        for batch in batches:
            ra, dec = batch.column("ra").to_numpy(zero_copy_only=False), batch.column("dec").to_numpy(False)
            yield _placed(batch, *covering_cells(ra, dec, radius_arcsec, order), order)

    return place


def _placed(batch: pa.RecordBatch, owner: Ints, cell: Ints, order: int) -> pa.RecordBatch:
    patch = cell >> 2 * (order - patch_order(order))
    first = np.ones(len(owner), dtype=bool)
    first[1:] = (owner[1:] != owner[:-1]) | (patch[1:] != patch[:-1])
    starts = np.flatnonzero(first)
    offsets = np.append(starts, len(owner)).astype(np.int32)
    cells = pa.ListArray.from_arrays(pa.array(offsets), pa.array(cell.astype(np.int32)))
    rows = batch.take(pa.array(owner[starts]))
    columns = [*rows.columns, pa.array(patch[starts].astype(np.int32)), cells]
    return pa.RecordBatch.from_arrays(columns, [*rows.schema.names, "patch", "cells"])


def patch_order(order: int) -> int:
    """Return the order of the patches of a match; matches within very large circles have larger ones."""
    return min(PATCH_ORDER, order)


def nearest_sources(positions: pa.Table, sources: pa.Table, keys: Iterable[str], radius_arcsec: float) -> pa.Table:
    """Match the positions of a patch: the nearest source of each within the radius; those without one are left out.

    Of sources at the very same separation, the first by right ascension, declination, id and label is taken: the
    order in which rows arrive never matters.

    Parameters
    ----------
    positions
        Key columns, ``ra`` and ``dec``.
    sources
        ``ra``, ``dec``, ``source_id``, ``label``.
    keys
        Columns of the positions to return.
    radius_arcsec
        Radius, inclusive.
    """
    names = ("ra", "dec", "source_id", "label")
    ordered = sources.select(names).sort_by([(name, "ascending") for name in names]).combine_chunks()
    index = build_index(ordered["ra"].to_numpy(), ordered["dec"].to_numpy())
    rows, separation = index.nearest(positions["ra"].to_numpy(), positions["dec"].to_numpy(), radius_arcsec)
    found = np.flatnonzero(rows >= 0)
    matched, near = ordered.take(pa.array(rows[found])), positions.take(pa.array(found))
    columns = {name: near[name] for name in keys}
    columns |= {"source_id": matched["source_id"], "source_ra": matched["ra"], "source_dec": matched["dec"]}
    return pa.table({**columns, "label": matched["label"], SEPARATION: pa.array(separation[found])})
