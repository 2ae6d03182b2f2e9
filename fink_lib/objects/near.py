"""Who is near whom: all pairs of two lists of positions within a radius, and how many are around a place."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fink_lib.catalogs.cells import TABLE_ORDER, cells_of
from fink_lib.catalogs.match import is_first, pairs_near
from fink_lib.catalogs.placed import place

WORK_ORDER = 5  # cells of 1.8 degrees that pairs are made anew in
DENSITY_ARCSEC = 300.0  # radius of the disc whose objects are counted
REACH_ARCSEC = 330.0  # an object farther away than this, from either of a pair, changes nothing of it
MOST_RADIUS_ARCSEC = REACH_ARCSEC - DENSITY_ARCSEC
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Places = tuple[Floats, Floats]
Found = tuple[Ints, Ints, Floats]


def pairs_within(a: Places, b: Places, radius_arcsec: float) -> Found:
    """Return all pairs within a radius.

    Parameters
    ----------
    a, b
        Positions in degrees: right ascensions, declinations.
    radius_arcsec
        Radius, inclusive.

    Returns
    -------
    a, b, separation_arcsec
        Places in the two lists, by a then b, and the angle between them.
    """
    found = zip(*_found(a, b, radius_arcsec), strict=True)
    one, other, separation = (np.concatenate(part) for part in found)
    order = np.lexsort((other, one))
    return one[order], other[order], separation[order]


def counted_around(a: Places, b: Places, inner_arcsec: float, outer_arcsec: float) -> Ints:
    """Return how many of the second positions lie in a ring around each of the first.

    Parameters
    ----------
    a, b
        Positions in degrees: right ascensions, declinations.
    inner_arcsec, outer_arcsec
        Radii of the ring; what lies on the inner one is not counted.
    """
    total = np.zeros(len(a[0]), dtype=np.int64)
    for one, _, separation in _found(a, b, outer_arcsec):
        total += np.bincount(one[separation > inner_arcsec], minlength=len(total))
    return total


def ranked(owner: Ints, separation: Floats, tie: Ints) -> tuple[Ints, Ints]:
    """Return how many candidates the owner of each pair has, and the place of this one among them, from 1.

    Parameters
    ----------
    owner
        Whose candidate each is.
    separation
        Orders them.
    tie
        Orders those at the same separation.
    """
    order = np.lexsort((tie, separation, owner))
    starts = is_first(owner[order])
    begin = np.flatnonzero(starts)[np.cumsum(starts) - 1] if len(owner) else owner
    rank = np.empty(len(owner), dtype=np.int64)
    rank[order] = np.arange(len(owner)) - begin + 1
    count = np.bincount(owner)[owner] if len(owner) else owner
    return count, rank


def _found(a: Places, b: Places, radius_arcsec: float) -> Iterator[Found]:
    placed = place(*a, radius_arcsec)
    cell = cells_of(*b, TABLE_ORDER)
    order = np.argsort(cell, kind="stable")
    ra, dec = (axis[order] for axis in b)
    for row, source, separation in pairs_near(placed, cell[order] >> placed.shift, ra, dec):
        yield row, order[source], separation
