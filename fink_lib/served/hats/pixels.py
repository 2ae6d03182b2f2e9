"""How rows are divided over HEALPix pixels: none with too many, none finer than needed. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fink_lib.lake.tables import HPX_ORDER

FINEST_ORDER = 10
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, order=True)
class Pixel:
    """A HEALPix pixel (NESTED).

    Attributes
    ----------
    order, number
        Which.
    """

    order: int
    number: int

    @property
    def ends(self) -> tuple[int, int]:
        """First and last cell of order 29 in it."""
        shift = 2 * (HPX_ORDER - self.order)
        return self.number << shift, ((self.number + 1) << shift) - 1

    @property
    def path(self) -> str:
        """Where its file is in a catalogue."""
        return f"Norder={self.order}/Dir={self.number // 10_000 * 10_000}/Npix={self.number}.parquet"


def divided(cells: Counts, counts: Counts, most: int) -> Iterator[Pixel]:
    """Yield pixels that hold all rows, each at most some, unless it is of `FINEST_ORDER`.

    Parameters
    ----------
    cells, counts
        Pixels of `FINEST_ORDER`, ascending, and how many rows each has; shape (n,).
    most
        How many rows a pixel may have.
    """
    for base in range(12):
        yield from _split(Pixel(0, base), cells, counts, most)


def _split(pixel: Pixel, cells: Counts, counts: Counts, most: int) -> Iterator[Pixel]:
    shift = 2 * (FINEST_ORDER - pixel.order)
    low, high = np.searchsorted(cells, [pixel.number << shift, (pixel.number + 1) << shift])
    rows = int(counts[low:high].sum())
    if not rows:
        return
    if rows <= most or pixel.order == FINEST_ORDER:
        yield pixel
        return
    for child in range(4):
        yield from _split(Pixel(pixel.order + 1, pixel.number * 4 + child), cells[low:high], counts[low:high], most)
