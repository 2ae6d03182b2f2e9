"""The rise of a transient in one band: nightly means, the test that it rises, and a sigmoid through it.

Method: Ishida et al. 2019 (arXiv:1804.03765) and Leoni et al. 2022, A&A 663, A13 (arXiv:2111.11438), section 3.
The forest was trained on what exactly this procedure gives, fits that do not converge included, so the start values
and the rounding are part of the method.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fink_lib.science.methods.trust_region import least_squares

Floats = npt.NDArray[Any]

NIGHTS_MIN = 4
SMOOTHING = 0.25  # weight of the newest point in the running mean: a centre of mass of three points
DECIMALS = 4
INSTEAD_OF_ZERO = 1e-5


class Rise(NamedTuple):
    """Features of the rise in one band, in the order of the forest.

    Attributes
    ----------
    steepness, middle, height
        Sigmoid ``height / (1 + exp(-steepness · (t - middle)))``, t in days since the first night.
    signal_to_noise
        Mean of flux over error.
    misfit
        Mean square difference of the two curves, each divided by its sum.
    nights
        Number of nights.
    """

    steepness: float
    middle: float
    height: float
    signal_to_noise: float
    misfit: float
    nights: int


class Nights(NamedTuple):
    """A light curve in one band, night by night.

    Attributes
    ----------
    day
        Rounded time; days.
    flux, flux_err
        Means of the night.
    """

    day: Floats
    flux: Floats
    flux_err: Floats


def nightly(time: Floats, flux: Floats, flux_err: Floats) -> Nights:
    """Return the mean flux and error of each day; days change where the rounded time does.

    Parameters
    ----------
    time, flux, flux_err
        Points of one light curve in one band, in time order; time in days.
    """
    day, night = np.unique(np.rint(time), return_inverse=True)
    count = np.bincount(night)
    return Nights(day, np.bincount(night, flux) / count, np.bincount(night, flux_err) / count)


def is_rising(nights: Nights) -> bool:
    """Tell whether there are four nights and their running mean never falls."""
    if len(nights.day) < NIGHTS_MIN:
        return False
    values = nights.flux.tolist()
    mean, weight = values[0], 1.0
    for value in values[1:]:
        weight *= 1.0 - SMOOTHING
        before, mean = mean, (weight * mean + value) / (weight + 1.0)
        weight += 1.0
        if mean - before < 0.0:
            return False
    return True


def rise_of(nights: Nights) -> Rise:
    """Return the features of a light curve that rises."""
    day, mean, error = nights
    since = day - day[0]
    steepness, middle, height = fit_sigmoid(since, mean)
    predicted = np.round(sigmoid(since, steepness, middle, height), DECIMALS)
    predicted[predicted == 0.0] = INSTEAD_OF_ZERO
    misfit = np.mean((mean / mean.sum() - predicted / predicted.sum()) ** 2)
    return Rise(steepness, middle, height, float(np.mean(mean / error)), float(misfit), len(day))


def sigmoid(since: Floats, steepness: float, middle: float, height: float) -> Floats:
    """Return the sigmoid at times given in days since the first night.

    Parameters
    ----------
    since
        Days since the first night.
    steepness
        Of the rise, 1 / days.
    middle
        When half the height is reached, days since the first night.
    height
        Value long after the rise, in the unit of what is returned.
    """
    return np.asarray(height / (1.0 + np.exp(-steepness * (since - middle))))


def fit_sigmoid(since: Floats, flux: Floats) -> tuple[float, float, float]:
    """Return steepness, middle and height of the sigmoid that fits a light curve best, all points weighing the same.

    Parameters
    ----------
    since, flux
        Days since the first night, and flux; at least four points.
    """

    def misses(parameters: Floats) -> Floats:
        return np.asarray(np.abs(flux - sigmoid(since, *parameters)))

    steepness, middle, height = least_squares(misses, _start(since, flux)).tolist()
    return steepness, middle, height


def _start(since: Floats, flux: Floats) -> Floats:
    """Return where the fit begins; the first slope counts points, not flux, as it did in training."""
    top, bottom = int(flux.argmax()), int(flux.argmin())
    slope = (top - bottom) / (since[top] - since[bottom]) if top > 0 else 1.0
    height, first = flux[top], max(flux[0], 0.0)
    middle = np.log(height / first - 1.0) / slope if first > 0.0 and height > first else 1.0
    return np.array([slope, middle, height])
