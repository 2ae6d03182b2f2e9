"""Positions by the cells that the circles around them touch: what meets a part of a catalogue."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fink_lib.catalogs.cells import TABLE_ORDER, covering_cells, match_order

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Nine cells of each position are looked at in one go.
BATCH = 200_000


@dataclass(frozen=True)
class Placed:
    """Pairs of a position and a cell that its circle touches, in the order of the cells.

    A position across a border stands there once for each cell: no source beyond the border is missed, be the border
    that of a cell or that of a part. Plain arrays, so that any part of them can be sent to another process.

    Attributes
    ----------
    radius_arcsec
        Radius of the circles, inclusive.
    row, cell
        Number of the position, and cell (of `match_order`).
    ra, dec
        The position in degrees, for each pair.
    """

    radius_arcsec: float
    row: Ints
    cell: Ints
    ra: Floats
    dec: Floats

    @property
    def shift(self) -> int:
        """Bits by which a cell of `TABLE_ORDER` is shifted to the right to give one of these cells."""
        return 2 * (TABLE_ORDER - match_order(self.radius_arcsec))

    def between(self, first: int, last: int) -> "Placed":
        """Return the pairs in a range of cells, both ends (of `TABLE_ORDER`) included.

        Parameters
        ----------
        first, last
            The two cells at the ends.
        """
        start, stop = self._ends(np.array([first]), np.array([last]))
        return self.piece(slice(int(start[0]), int(stop[0])))

    def touches(self, first: Ints, last: Ints) -> npt.NDArray[np.bool_]:
        """Tell which ranges of cells, both ends (of `TABLE_ORDER`) included, any circle touches.

        Parameters
        ----------
        first, last
            The two cells at the ends of each range.

        Returns
        -------
        One flag a range.
        """
        start, stop = self._ends(first, last)
        return np.asarray(start < stop)

    def piece(self, chosen: slice) -> "Placed":
        """Return some of the pairs that follow each other."""
        return Placed(self.radius_arcsec, self.row[chosen], self.cell[chosen], self.ra[chosen], self.dec[chosen])

    def _ends(self, first: Ints, last: Ints) -> tuple[Ints, Ints]:
        return (
            np.searchsorted(self.cell, first >> self.shift, side="left"),
            np.searchsorted(self.cell, last >> self.shift, side="right"),
        )


def place(ra_deg: Floats, dec_deg: Floats, radius_arcsec: float) -> Placed:
    """Place positions.

    Parameters
    ----------
    ra_deg, dec_deg
        Positions in degrees; one that is not on the sphere has no cell.
    radius_arcsec
        Radius of the circle around each.

    Raises
    ------
    ValueError
        When the circle is larger than 3.6 degrees.
    """
    pairs = list(_covered(ra_deg, dec_deg, radius_arcsec))
    row, cell = (np.concatenate(column) for column in zip(*pairs, strict=True))
    ordered = np.argsort(cell, kind="stable")
    row = row[ordered]
    return Placed(radius_arcsec, row, cell[ordered], ra_deg[row], dec_deg[row])


def _covered(ra_deg: Floats, dec_deg: Floats, radius_arcsec: float) -> Iterator[tuple[Ints, Ints]]:
    order = match_order(radius_arcsec)
    for start in range(0, max(1, len(ra_deg)), BATCH):
        some = slice(start, start + BATCH)
        row, cell = covering_cells(ra_deg[some], dec_deg[some], radius_arcsec, order)
        yield row + start, cell
