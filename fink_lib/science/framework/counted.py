"""Which points of a history count: each measurement once, and none that is later than the alert."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def counted_points(time: Array, same: Sequence[Array], offsets: Ints) -> tuple[Ints, Ints | None]:
    """Return where each history begins once only the points that count are left, and which these are, in time order.

    Parameters
    ----------
    time
        Time of each point of all histories, one after the other; shape (points,). The last point of a history is the
        alert itself: it always counts and stays the last.
    same
        What two points of one measurement share besides the time; each of shape (points,). NaN equals NaN.
    offsets
        Alert i owns points ``offsets[i]`` to ``offsets[i + 1]``, at least one; shape (n + 1,).

    Returns
    -------
    offsets : numpy.ndarray
        The same of what is left.
    rows : numpy.ndarray or None
        Places of the points that count; None when all do, as they stand.
    """
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    now = offsets[1:] - 1
    counts = np.isfinite(time) & (time <= time[now][owners])
    counts[now] = True
    step = np.where(owners[1:] == owners[:-1], np.diff(time), np.inf)
    if counts.all() and (step > 0).all():
        return offsets, None
    rows = np.flatnonzero(counts)
    rows = rows[np.lexsort((time[rows], owners[rows]))]
    rows = rows[~_repeated(rows, (owners, time, *same))]
    lengths = np.bincount(owners[rows], minlength=len(now))
    return np.r_[0, np.cumsum(lengths)].astype(np.int64), rows


def _repeated(rows: Ints, keys: Sequence[Array]) -> Flags:
    """Return which of some points are there again further on, so that of equal points the last one stays."""
    order = np.lexsort((np.arange(len(rows)), *(key[rows] for key in reversed(keys))))
    equal = np.ones(max(len(rows) - 1, 0), dtype=bool)
    for key in keys:
        values = key[rows][order]
        equal &= (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[order[:-1][equal]] = True
    return repeated
