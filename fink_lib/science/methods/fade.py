"""How fast a source fades: one slope in magnitudes for all bands, each with a level of its own."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]

BANDS = 6
FLOOR_MAG = 0.02  # below which no error of a survey's photometry is believed


@dataclass(frozen=True)
class Points:
    """Points of light curves, none of whose values is missing.

    Attributes
    ----------
    owner
        Alert of each.
    band
        Place among six bands.
    time, mag, mag_err
        Days since the alert, magnitudes.
    """

    owner: Ints
    band: Ints
    time: Floats
    mag: Floats
    mag_err: Floats


@dataclass(frozen=True)
class Slope:
    """A slope for each alert; NaN where fewer than two points of one band tell it.

    Attributes
    ----------
    rate, error
        Magnitudes a day, positive for a source that fades.
    span_days
        The longest that points of one band tell it over: a band with a level of its own tells nothing of the others.
    points
        How many tell it: a point that no other of its band and of another time stands beside does not.
    """

    rate: Floats
    error: Floats
    span_days: Floats
    points: Ints


def slopes(points: Points, count: int) -> Slope:
    """Fit the points of each alert; a band whose points are all of one time has no slope.

    Parameters
    ----------
    points
        Of all alerts.
    count
        Number of alerts.
    """
    owner, band, time, mag = points.owner, points.band, points.time, points.mag
    weight = 1.0 / (points.mag_err**2 + FLOOR_MAG**2)
    group = owner * BANDS + band
    lasted = _spans(group, time, count * BANDS)
    weight = np.where(lasted[group] > 0.0, weight, 0.0)
    total = np.bincount(group, weight, count * BANDS)
    means = [
        np.divide(np.bincount(group, weight * values, count * BANDS), total, where=total > 0, out=np.zeros(len(total)))
        for values in (time, mag)
    ]
    days, step = time - means[0][group], mag - means[1][group]
    spread = np.bincount(owner, weight * days**2, count)
    along = np.bincount(owner, weight * days * step, count)
    longest = lasted.reshape(count, BANDS).max(axis=1)
    told = longest > 0.0
    with np.errstate(all="ignore"):
        rate = np.where(told, along / spread, np.nan)
        error = np.where(told, spread**-0.5, np.nan)
    used = np.bincount(owner, weight > 0.0, count).astype(np.int64)
    return Slope(rate, error, np.where(told, longest, np.nan), used)


def _spans(group: Ints, time: Floats, groups: int) -> Floats:
    """Return the time between the first and the last point of each group, 0 for a group of none."""
    first, last = np.full(groups, np.inf), np.full(groups, -np.inf)
    np.minimum.at(first, group, time)
    np.maximum.at(last, group, time)
    there = np.isfinite(first)
    return np.asarray(np.subtract(last, first, where=there, out=np.zeros(groups)))
