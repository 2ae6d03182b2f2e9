"""Points of one exposure: nearer in time than a survey can take two pictures."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]

# Shutter open for the shortest picture of a visit: Rubin's 15 s snaps, ZTF's are 30 s. Two points of one band that are
# nearer in time belong to one picture, and between them nothing can be said to have changed.
EXPOSURE_DAYS = 15.0 / 86_400.0


def exposure_times(time: Floats, lengths: Ints) -> Floats:
    """Return the time of each point's exposure: that of its first point.

    Parameters
    ----------
    time
        Points of light curves in one band, one after the other, each in time order; days, shape (points,).
    lengths
        Points of each light curve; shape (n,).
    """
    begins = np.ones(len(time), dtype=bool)
    begins[1:] = np.diff(time) >= EXPOSURE_DAYS
    first = np.cumsum(lengths) - lengths
    begins[first[lengths > 0]] = True
    return np.asarray(time[np.flatnonzero(begins)[np.cumsum(begins) - 1]])
