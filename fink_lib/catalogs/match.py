"""The nearest source of each position, among the sources of a part of a catalogue.

Both sides know their cells already, so that a search is two look-ups in sorted numbers and no index has to be built.
Measured on 50,000 positions and half a million sources, processor time against a k-d tree of the same unit vectors
(scipy's, over the touched cells alone) and the zone index of `index.py`: 0.01, 0.03 and 0.07 s for a catalogue of ten
million sources over the sky; 0.09, 0.14 and 0.14 s at the density of Gaia; 0.18, 0.14 and 0.11 s at ten times that.
A tree would need a second search for sources at the very same separation; here they are all seen.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.catalogs.index import SLACK_DEG, expanded, separation_arcsec
from fink_lib.catalogs.placed import Placed
from fink_lib.sky import unit_vectors

SOURCE_COLUMNS = {
    "source_id": pa.string(),
    "source_ra": pa.float64(),
    "source_dec": pa.float64(),
    "label": pa.string(),
}
SEPARATION, ROW = "separation_arcsec", "row"
FOUND = pa.schema([(ROW, pa.int64()), *SOURCE_COLUMNS.items(), (SEPARATION, pa.float64())])
# Of sources at the very same separation, the first by these is taken.
TIES = ("source_ra", "source_dec", "source_id", "label")
# Pairs of a position and a source in one of its cells that are looked at in one go: some 100 MB.
MOST_PAIRS = 2_000_000
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def nearest_sources(placed: Placed, sources: pa.Table) -> pa.Table:
    """Match positions: the nearest source of each within the radius; those without one are left out.

    The order in which sources come never matters.

    Parameters
    ----------
    placed
        The positions.
    sources
        ``cell`` (of `TABLE_ORDER`), ``ra`` and ``dec`` in degrees, ``source_id``, ``label``.

    Returns
    -------
    pa.Table
        `FOUND`: number of the position, its source, and their separation in arcsec.
    """
    cell, ra, dec = (sources[name].to_numpy() for name in ("cell", "ra", "dec"))
    ordered = np.argsort(cell, kind="stable")
    ra, dec = ra[ordered], dec[ordered]
    found = list(pairs_near(placed, cell[ordered] >> placed.shift, ra, dec))
    row, at, separation = (np.concatenate(column) for column in zip(*found, strict=True))
    best = nearest_of_each(row, separation)
    row, at, separation = row[best], at[best], separation[best]
    named = sources.select(["source_id", "label"]).take(pa.array(ordered[at]))
    columns = [row, named["source_id"], ra[at], dec[at], named["label"], separation]
    return first_of_each(pa.table(dict(zip(FOUND.names, columns, strict=True)), schema=FOUND))


def first_of_each(found: pa.Table) -> pa.Table:
    """Return the nearest of what each position found, in the order of the positions: one row each.

    Parameters
    ----------
    found
        `FOUND`, of one part or of several.
    """
    found = found.take(pa.array(nearest_of_each(found[ROW].to_numpy(), found[SEPARATION].to_numpy())))
    row = found[ROW].to_numpy()
    if not (row[1:] == row[:-1]).any():
        return found
    found = found.sort_by([(name, "ascending") for name in (ROW, *TIES)])
    return found.filter(pa.array(is_first(found[ROW].to_numpy())))


def nearest_of_each(row: Ints, separation: Floats) -> Ints:
    """Return where the least separation of each row stands, every place of it, in the order of the rows.

    Parameters
    ----------
    row
        Number of the position of each pair, in any order.
    separation
        Of each pair.

    Returns
    -------
    Places in the two arrays; several of a row where pairs are equally near.
    """
    ordered = np.lexsort((separation, row))
    first = is_first(row[ordered])
    least = separation[ordered][first][np.cumsum(first) - 1]
    return np.asarray(ordered[separation[ordered] == least])


def is_first(ordered: Ints) -> npt.NDArray[np.bool_]:
    """Tell which numbers differ from the one before them."""
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return first


def pairs_near(placed: Placed, cell: Ints, ra: Floats, dec: Floats) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Yield position, source and separation of what is within the radius, a bounded number of pairs at a time.

    Parameters
    ----------
    placed
        The positions.
    cell
        Cell of each source, of the order that the positions are placed in, ascending.
    ra, dec
        The sources, in degrees.

    Yields
    ------
    row, source, separation
        Number of the position, place of the source, arcsec.
    """
    start, stop = (np.searchsorted(cell, placed.cell, side=side) for side in ("left", "right"))
    count = stop - start
    pieces = np.cumsum(count) // MOST_PAIRS
    cuts = [*np.flatnonzero(is_first(pieces)), len(pieces)] if len(pieces) else [0, 0]
    for first, last in itertools.pairwise(cuts):
        some = slice(int(first), int(last))
        yield _measured(placed.piece(some), start[some], count[some], ra, dec)


def _measured(placed: Placed, start: Ints, count: Ints, ra: Floats, dec: Floats) -> tuple[Ints, Ints, Floats]:
    source, pair = expanded(start, count), np.repeat(np.arange(len(count)), count)
    # A difference of declinations is never more than the angle: most pairs need no sine and cosine.
    close = np.abs(dec[source] - placed.dec[pair]) <= placed.radius_arcsec / 3600.0 + SLACK_DEG
    source, pair = source[close], pair[close]
    here, there = (
        unit_vectors(placed.ra, placed.dec)[pair],
        unit_vectors(ra[source] % 360.0, dec[source]),
    )
    separation = separation_arcsec(here, there)
    within = separation <= placed.radius_arcsec
    return placed.row[pair[within]], source[within], separation[within]
