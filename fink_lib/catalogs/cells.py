"""HEALPix cells: where a position lies, and every cell that a circle around it can touch.

Cells are numbered in the NESTED scheme of Gorski et al. 2005, ApJ 622, 759: the cell of a coarser order is the
number shifted right by two bits an order.
"""

import functools

import numpy as np
import numpy.typing as npt

from fink_lib.sky import ARCSEC_PER_RAD, on_sphere

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Cells of 1.7 arcmin: what catalogue tables are sorted by.
TABLE_ORDER = 11
# Cells of 1.8 degrees: what a new version of a catalogue is compared by.
CHANGE_ORDER = 5
# A circle larger than half a cell of the coarsest order, 3.6 degrees, is no match but a search.
COARSEST_ORDER, FINEST_ORDER = 3, 29
# A circle around any point of a cell stays within the cell and its neighbours up to 0.678 of the cell's size
# (square root of its area), the least distance found over all orders; this leaves a quarter of it as margin.
SAFE_WIDTH = 0.5


def cells_of(ra_deg: Floats, dec_deg: Floats, order: int) -> Ints:
    """Return the cell of each position, in degrees; -1 for a position that is not on the sphere.

    Parameters
    ----------
    ra_deg, dec_deg
        Positions; NaN is not on the sphere.
    order
        Of the cells (nested numbering).
    """
    found = np.full(len(ra_deg), -1, dtype=np.int64)
    good = on_sphere(ra_deg, dec_deg)
    found[good] = _cells(ra_deg[good], dec_deg[good], order)
    return found


def match_order(radius_arcsec: float) -> int:
    """Return the order that a match within a radius is made in: that of the tables, or a coarser one.

    Raises
    ------
    ValueError
        When the circle is larger than 3.6 degrees.
    """
    return min(TABLE_ORDER, _probe_order(radius_arcsec))


def covering_cells(ra_deg: Floats, dec_deg: Floats, radius_arcsec: float, order: int) -> tuple[Ints, Ints]:
    """Return the cells that hold every point within a radius of each position.

    A cell just larger than the circle, with its neighbours, holds the circle; their ancestors at `order` hold
    it too. So no source across a border is missed, be it at a pole, across RA 0, or where three cells meet.

    Parameters
    ----------
    ra_deg, dec_deg
        Positions in degrees; one that is not on the sphere has no cells.
    radius_arcsec
        Radius of the circle.
    order
        Order of the cells returned; not finer than `match_order` of the radius.

    Returns
    -------
    owner, cell
        Pairs, sorted by owner (a row of the input), each once.
    """
    probe = _probe_order(radius_arcsec)
    if probe < order:
        raise ValueError(f"a circle of {radius_arcsec} arcsec does not fit into cells of order {order}")
    usable = np.flatnonzero(on_sphere(ra_deg, dec_deg))
    fine = _cells(ra_deg[usable], dec_deg[usable], probe)
    around = neighbours(fine, probe)
    shift = 2 * (probe - order)
    own, coarse = fine >> shift, np.where(around < 0, fine, around) >> shift
    border = np.flatnonzero((coarse != own).any(axis=0))
    owners = np.concatenate([np.arange(len(usable)), np.tile(border, len(coarse))])
    pairs = np.concatenate([own, coarse[:, border].ravel()])
    order_of = np.lexsort((pairs, owners))
    owners, pairs = owners[order_of], pairs[order_of]
    first = np.ones(len(owners), dtype=bool)
    first[1:] = (owners[1:] != owners[:-1]) | (pairs[1:] != pairs[:-1])
    return usable[owners[first]], pairs[first]


@functools.cache
def _probe_order(radius_arcsec: float) -> int:
    """Return the finest order whose cells are larger than the circle by a safe margin."""
    for order in range(FINEST_ORDER, COARSEST_ORDER - 1, -1):
        size_arcsec = np.sqrt(np.pi / 3.0) / 2**order * ARCSEC_PER_RAD
        if radius_arcsec <= SAFE_WIDTH * size_arcsec:
            return order
    raise ValueError(f"a circle of {radius_arcsec} arcsec is too large for a match by cells")


def _cells(ra_deg: Floats, dec_deg: Floats, order: int) -> Ints:
    from astropy import units as u  # noqa: PLC0415 - slow to import, and most that import this file need it not
    from astropy_healpix.core import lonlat_to_healpix  # noqa: PLC0415

    lon, lat = np.radians(ra_deg) * u.rad, np.radians(dec_deg) * u.rad
    return np.asarray(lonlat_to_healpix(lon, lat, 2**order, order="nested"), dtype=np.int64)


def neighbours(cells: Ints, order: int) -> Ints:
    """Return the eight neighbours of each cell, shape (8, n); -1 where only seven meet.

    Parameters
    ----------
    cells
        Nested numbers.
    order
        Of the cells.
    """
    from astropy_healpix import core  # noqa: PLC0415

    if not len(cells):
        return np.empty((8, 0), dtype=np.int64)
    with np.errstate(invalid="ignore"):
        return np.asarray(core.neighbours(cells, 2**order, order="nested"), dtype=np.int64)
