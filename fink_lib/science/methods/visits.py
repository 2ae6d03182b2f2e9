"""A light curve in two bands as a sequence of visits: points taken within eight hours are one step of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]

SAME_VISIT_DAYS = 0.33


@dataclass(frozen=True)
class Visits:
    """Visits of many light curves, one after the other.

    Attributes
    ----------
    offsets
        Light curve i owns visits ``offsets[i]`` to ``offsets[i + 1]``.
    step_days
        Time since the visit before; 0 for the first.
    flux, flux_err
        One column a band, 0 where the visit has no point in it; shape (visits, bands).
    seen
        Whether the visit has a point in the band; shape (visits, bands).
    """

    offsets: Ints
    step_days: Floats
    flux: Floats
    flux_err: Floats
    seen: npt.NDArray[np.bool_]


def visits(
    time: Floats, band: npt.NDArray[Any], flux: Floats, flux_err: Floats, offsets: Ints, *, bands: tuple[int, ...]
) -> Visits:
    """Group points into visits as SuperNNova does (Möller & de Boissière 2020, section 2.2).

    Of several points of one band in a visit, the most precise is kept. A point in another band than those asked
    for still makes a visit, with nothing in it.

    Parameters
    ----------
    time, band, flux, flux_err
        Points of all light curves, in time order; time in days.
    offsets
        Where each light curve begins; shape (n + 1,).
    bands
        Codes of the bands that become columns.
    """
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    began = visit_times(time, offsets)
    order = np.lexsort((flux_err, band, began, owner))
    starts_visit = _changes(owner[order], began[order])
    kept = starts_visit | _changes(band[order])
    visit = np.cumsum(starts_visit) - 1
    column = np.full(len(BANDS) + 1, -1)  # the last place is that of an unknown band, code -1
    column[list(bands)] = np.arange(len(bands))
    into = column[band[order]]
    kept &= into >= 0
    table = np.zeros((3, int(starts_visit.sum()), len(bands)))
    best = order[kept]
    table[:, visit[kept], into[kept]] = np.stack([flux[best], flux_err[best], np.ones(len(best))])
    first = order[starts_visit]
    step = np.diff(began[first], prepend=0.0)
    step[_changes(owner[first])] = 0.0
    counts = np.bincount(owner[first], minlength=len(offsets) - 1)
    return Visits(
        offsets=np.r_[0, np.cumsum(counts)].astype(np.int64),
        step_days=step,
        flux=table[0],
        flux_err=table[1],
        seen=table[2] > 0.0,
    )


def visit_times(time: Floats, offsets: Ints) -> Floats:
    """Return, for each point, when its visit began.

    A visit ends with the first point more than eight hours after its beginning. A point at the very time of the one
    before begins a visit anew, as it does where the classifiers were trained.

    Parameters
    ----------
    time
        Points of all light curves, one after the other, each in time order; days.
    offsets
        Where each light curve begins; shape (curves + 1,).
    """
    lengths, first = np.diff(offsets), offsets[:-1]
    began = np.empty_like(time)
    current = np.full(len(lengths), -np.inf)
    for place in range(int(lengths.max(initial=0))):
        rows = np.flatnonzero(lengths > place)
        at = first[rows] + place
        now = time[at]
        again = now == time[at - 1] if place else np.ones(len(rows), dtype=bool)
        current[rows] = np.where(again | (now - current[rows] > SAME_VISIT_DAYS), now, current[rows])
        began[at] = current[rows]
    return began


def _changes(*keys: Any) -> npt.NDArray[np.bool_]:
    """Return where any of some parallel lists differs from the place before; the first place does."""
    changed = np.zeros(len(keys[0]), dtype=bool)
    changed[:1] = True
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    return changed
