"""Circles on the sky as ranges of cells, and the separation of two places as SQL."""

import math

import numpy as np
import numpy.typing as npt
from astropy import units as u
from astropy_healpix import HEALPix

from fink_lib.catalogs.cells import covering_cells, match_order
from fink_lib.lake.tables import HPX_ORDER

ARCSEC_PER_DEG = 3600.0
LARGEST_BY_CELLS_ARCSEC = 3.0 * ARCSEC_PER_DEG
COARSE_ORDER = 5
MOST_RANGES = 24
Ranges = list[tuple[int, int]]


def cone_ranges(ra_deg: float, dec_deg: float, radius_deg: float) -> Ranges:
    """Return ranges of cells of order 29, both ends included, that hold every point of a circle.

    Parameters
    ----------
    ra_deg, dec_deg, radius_deg
        The circle, ICRS.
    """
    radius_arcsec = radius_deg * ARCSEC_PER_DEG
    if radius_arcsec <= LARGEST_BY_CELLS_ARCSEC:
        order = match_order(max(radius_arcsec, 0.001))
        _, cells = covering_cells(np.array([ra_deg]), np.array([dec_deg]), max(radius_arcsec, 0.001), order)
    else:
        order = COARSE_ORDER
        grid = HEALPix(2**order, order="nested")
        cells = grid.cone_search_lonlat(ra_deg * u.deg, dec_deg * u.deg, radius_deg * u.deg)
    return merged(np.asarray(cells, dtype=np.int64), order)


def merged(cells: npt.NDArray[np.int64], order: int) -> Ranges:
    """Return cells as ranges of order 29; where they would be many, gaps between them are taken in.

    Parameters
    ----------
    cells
        HEALPix cells (nested), in any order; at least one.
    order
        Order that they are of.

    Returns
    -------
    list of (int, int)
        First and last cell of each range, both included, ascending; at most `MOST_RANGES`.
    """
    starts = np.unique(cells)
    while True:
        breaks = np.flatnonzero(np.diff(starts) > 1)
        if len(breaks) < MOST_RANGES:
            break
        starts, order = np.unique(starts >> 2), order - 1
    shift = 2 * (HPX_ORDER - order)
    firsts = starts[np.concatenate([[0], breaks + 1])]
    lasts = starts[np.concatenate([breaks, [len(starts) - 1]])]
    return [(int(first) << shift, ((int(last) + 1) << shift) - 1) for first, last in zip(firsts, lasts, strict=True)]


def separation_deg(ra_deg: str, dec_deg: str, ra0_deg: str, dec0_deg: str) -> str:
    """Return the great-circle distance of two places in degrees, as SQL: the haversine formula, exact for small ones.

    R. W. Sinnott (1984), Sky and Telescope 68, 159.

    Parameters
    ----------
    ra_deg, dec_deg
        SQL of one place.
    ra0_deg, dec0_deg
        SQL of the other.
    """
    half = f"pow(sin(radians({dec_deg} - {dec0_deg}) / 2), 2)"
    across = f"cos(radians({dec_deg})) * cos(radians({dec0_deg})) * pow(sin(radians({ra_deg} - {ra0_deg}) / 2), 2)"
    chord = f"sqrt({half} + {across})"
    return f"degrees(2 * asin({chord} / greatest(1, {chord})))"  # at most 1; null stays null, which `least` would drop


def normal_ra(ra_deg: float) -> float:
    """Return a right ascension in [0, 360)."""
    return math.fmod(math.fmod(ra_deg, 360.0) + 360.0, 360.0)
