"""Links: alerts of different exposures of one night that lie along the path of one moving object.

A pure function for the nightly step; the stream cannot know what comes later in the night. Pairs of exposures give
a velocity; an object that is too slow is a star, one that is too fast is chance. A pair alone is chance more often
than not: it becomes a link where a third exposure finds an alert at the place that the velocity predicts.
"""

import numpy as np
import numpy.typing as npt

from fink_lib.science.methods.night_alerts import NightAlerts, exposures, in_time_order, named
from fink_lib.sky import unit_vectors

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PREFIX = "LINK"
MEMBERS_MIN = 3
RATE_MIN_DEG_PER_DAY, RATE_MAX_DEG_PER_DAY = 0.02, 2.0  # from distant objects to fast near-Earth asteroids
GAP_MAX_HOURS = 2.0
MAG_DIFFERENCE_MAX = {True: 0.6, False: 1.2}  # same band, different bands
PREDICTION_ARCSEC = 2.0
ARCSEC_PER_DEG = 3600.0


def find_links(night: NightAlerts) -> npt.NDArray[np.object_]:
    """Return the link of each alert, ``LINK_<date>_<time of its first alert>_<number>``, or an empty text.

    Each alert belongs to one link at most: the longest, and of equal ones the one with the smaller residual.
    """
    order = in_time_order(night)
    names = np.full(len(night.time), "", dtype=object)
    chosen = _choose(_grow(night.take(order)))
    for name, members in named(PREFIX, night.time[order], chosen):
        names[order[list(members)]] = name
    return names


def _grow(night: NightAlerts) -> list[tuple[float, tuple[int, ...]]]:
    """Return candidates as (largest residual in arcsec, alerts in time order)."""
    exposure = exposures(night.time)
    near = _later_neighbours(night, exposure)
    found = []
    for first, others in enumerate(near):
        for second in others[_moves(night, first, others)]:
            members, residual = [first, int(second)], 0.0
            while (step := _next(night, exposure, members, near[members[-1]])) is not None:
                members.append(step[0])
                residual = max(residual, step[1])
            if len(members) >= MEMBERS_MIN:
                found.append((residual, tuple(members)))
    return found


def _next(night: NightAlerts, exposure: Ints, members: list[int], others: Ints) -> tuple[int, float] | None:
    """Return the alert of the first later exposure that lies on the path, and how far off it is; None for none."""
    if not len(others):
        return None
    error = _prediction_error(night, members[0], members[-1], others)
    fits = (error <= PREDICTION_ARCSEC) & _same_brightness(night, np.full(len(others), members[-1]), others)
    if not fits.any():
        return None
    others, error = others[fits], error[fits]
    best = np.lexsort((others, error, exposure[others]))[0]
    return int(others[best]), float(error[best])


def _later_neighbours(night: NightAlerts, exposure: Ints) -> list[Ints]:
    """Return, for each alert, those of later exposures that a moving object can have reached, in a fixed order."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - a third of a second, which a night without alerts does not pay

    reach = 2.0 * np.sin(np.radians(RATE_MAX_DEG_PER_DAY * GAP_MAX_HOURS / 24.0) / 2.0)
    if not len(night.time):
        return []
    pairs = cKDTree(unit_vectors(night.ra, night.dec)).query_pairs(reach, output_type="ndarray")
    one, other = pairs.min(axis=1), pairs.max(axis=1)  # in time order, as the alerts are
    good = (exposure[other] > exposure[one]) & ((night.time[other] - night.time[one]) * 24.0 <= GAP_MAX_HOURS)
    one, other = one[good], other[good]
    order = np.lexsort((other, one))
    starts = np.searchsorted(one[order], np.arange(1, len(night.time)))
    return [part.astype(np.int64) for part in np.split(other[order], starts)]


def _moves(night: NightAlerts, one: int, others: Ints) -> npt.NDArray[np.bool_]:
    """Return which alerts have the velocity, and the brightness, of one object that moves."""
    x, y = _offset(night, one, others)
    rate = np.hypot(x, y) / ARCSEC_PER_DEG / (night.time[others] - night.time[one])
    good = (rate >= RATE_MIN_DEG_PER_DAY) & (rate <= RATE_MAX_DEG_PER_DAY)
    return np.asarray(good & _same_brightness(night, np.full(len(others), one), others))


def _offset(night: NightAlerts, origin: int, rows: Ints) -> tuple[Floats, Floats]:
    """Return where alerts lie from one of them, on the tangent plane, in arcsec; infinity beyond the horizon."""
    ra, dec = np.radians(night.ra[rows] - night.ra[origin]), np.radians(night.dec[rows])
    at = np.radians(night.dec[origin])
    depth = np.sin(at) * np.sin(dec) + np.cos(at) * np.cos(dec) * np.cos(ra)
    safe = np.where(depth > 0.0, depth, np.nan)
    x = np.cos(dec) * np.sin(ra) / safe
    y = (np.cos(at) * np.sin(dec) - np.sin(at) * np.cos(dec) * np.cos(ra)) / safe
    scale = np.degrees(1.0) * ARCSEC_PER_DEG
    return np.nan_to_num(x * scale, nan=np.inf), np.nan_to_num(y * scale, nan=np.inf)


def _prediction_error(night: NightAlerts, start: int, last: int, rows: Ints) -> Floats:
    """Return how far alerts lie from the straight path through two others, in arcsec."""
    x, y = _offset(night, start, np.append(rows, last))
    share = (night.time[rows] - night.time[start]) / (night.time[last] - night.time[start])
    error = np.hypot(x[:-1] - share * x[-1], y[:-1] - share * y[-1])
    return np.asarray(np.nan_to_num(error, nan=np.inf))


def _same_brightness(night: NightAlerts, one: Ints, other: Ints) -> npt.NDArray[np.bool_]:
    limit = np.where(night.band[one] == night.band[other], MAG_DIFFERENCE_MAX[True], MAG_DIFFERENCE_MAX[False])
    return np.asarray(np.abs(night.mag[one] - night.mag[other]) <= limit)


def _choose(candidates: list[tuple[float, tuple[int, ...]]]) -> list[tuple[int, ...]]:
    """Give each alert to the best of its candidates, the best ones first."""
    taken: set[int] = set()
    chosen = []
    for _, members in sorted(candidates, key=lambda each: (-len(each[1]), each[0], each[1])):
        if taken.isdisjoint(members):
            taken.update(members)
            chosen.append(members)
    return sorted(chosen)
