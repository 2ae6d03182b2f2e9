"""How new sources of a night lie on the sky and in time: what chance matches are made of.

Where the telescope looked is known from all alerts of the night, in cells of 1.8 degrees. In these the density of new
sources is that of their surroundings of 7.3 degrees: with n sources on a cells it is (n + 1) / (a + 1/m), the mean of
a Gamma distribution whose prior is one source at the night's mean density m (Gelman et al., Bayesian Data Analysis,
section 2.6). Times are those of the sources themselves.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fink_lib.catalogs.cells import cells_of

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

CELL_ORDER, SURROUNDINGS_ORDER = 5, 3
CELLS = 12 * 4**CELL_ORDER
CELL_SR = 4.0 * np.pi / CELLS
FULL_SKY_DEG2 = 360.0**2 / np.pi


@dataclass(frozen=True)
class Background:
    """New sources of a night.

    Attributes
    ----------
    first_s
        When each was first seen, in seconds since 1970 (UTC), sorted.
    share
        Share of them that each cell of the sky is expected to hold; the sum is 1, or 0 for a night without any.
    seen
        Which cells the telescope looked at.
    """

    first_s: Floats
    share: Floats
    seen: npt.NDArray[np.bool_]

    @property
    def footprint_deg2(self) -> float:
        """Area that the telescope looked at."""
        return float(self.seen.sum() / CELLS * FULL_SKY_DEG2)

    def between(self, begin_s: float, end_s: Floats) -> Ints:
        """Return how many were first seen after a time, and not after each of others.

        Parameters
        ----------
        begin_s
            Seconds since 1970 (UTC); a source of this very time is not counted.
        end_s
            The same, one a count; a source of this very time is counted.

        Returns
        -------
        One number a value of `end_s`.
        """
        first = np.searchsorted(self.first_s, begin_s, side="right")
        return np.asarray(np.searchsorted(self.first_s, end_s, side="right") - first)

    def density_per_sr(self, ra_deg: Floats, dec_deg: Floats) -> Floats:
        """Return the share per solid angle at some positions.

        Parameters
        ----------
        ra_deg, dec_deg
            Positions on the sphere, in degrees.

        Returns
        -------
        One value a position, per steradian; 0 where the telescope did not look.
        """
        return np.asarray(self.share[cells_of(ra_deg, dec_deg, CELL_ORDER)] / CELL_SR)

    def share_of_pixels(self, order: Ints, pixel: Ints) -> Floats:
        """Return the share that pixels of any order hold (NESTED).

        Parameters
        ----------
        order
            HEALPix order of each pixel.
        pixel
            Its number in that order.

        Returns
        -------
        One share a pixel; within a cell, sources are taken as spread evenly.
        """
        finer = 2 * np.maximum(order - CELL_ORDER, 0)
        coarser = 2 * np.maximum(CELL_ORDER - order, 0)
        up_to = np.concatenate([[0.0], np.cumsum(self.share)])
        first = (pixel >> finer) << coarser
        return np.asarray((up_to[first + (np.int64(1) << coarser)] - up_to[first]) / 2.0**finer)


def background_of(seen: tuple[Floats, Floats], new: tuple[Floats, Floats], first_s: Floats) -> Background:
    """Measure the background of a night.

    Parameters
    ----------
    seen
        Right ascensions and declinations, in degrees, of all alerts.
    new
        Those of the new sources.
    first_s
        When each of these was first seen, in seconds since 1970 (UTC).
    """
    looked_at = np.zeros(CELLS, dtype=bool)
    looked_at[cells_of(*seen, CELL_ORDER)] = True
    where = cells_of(*new, CELL_ORDER)
    looked_at[where] = True
    around = np.arange(CELLS) >> (2 * (CELL_ORDER - SURROUNDINGS_ORDER))
    cells = np.bincount(around, weights=looked_at)
    sources = np.bincount(where >> (2 * (CELL_ORDER - SURROUNDINGS_ORDER)), minlength=len(cells))
    mean = max(len(where), 1) / max(looked_at.sum(), 1)
    density = np.where(looked_at, ((sources + 1.0) / (cells + 1.0 / mean))[around], 0.0)
    total = density.sum()
    share = density / total if len(where) and total > 0.0 else np.zeros(CELLS)
    return Background(np.sort(first_s), share, looked_at)
