"""The period of a light curve in several bands: the Lomb-Scargle periodograms of the bands, summed.

Each band has its own mean, amplitude and phase; their chi squared add up (VanderPlas & Ivezic 2015, ApJ 812, 18, with
no terms shared). Power is the share of the chi squared about the means that the sinusoids take away. Where the
numbers are noise, it follows a beta distribution, which gives the probability of a false alarm at one frequency; there
are as many independent ones as the highest frequency has cycles in the whole span (Zechmeister & Kuerster 2009).

A period is told with its rivals: observing by night makes frequencies a whole number of days apart look alike.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from astropy.timeseries import LombScargle

Floats = npt.NDArray[np.float64]

LEAST_POINTS, LEAST_OF_BAND, LEAST_SPAN_DAYS = 20, 5, 5.0
HIGHEST_PER_DAY = 10.0
SAMPLES_OF_PEAK = 5
# Beyond as many points the transform by FFT takes less time than the direct one; below, more.
DIRECT_POINTS = 200
PARAMETERS_OF_BAND = 3
PEAK_WIDTH = 1.5  # of a peak, in units of 1 / span: what lies nearer belongs to it
RIVAL_SHARE = 0.9
DAYS = (1.0, 0.99726957)  # solar and sidereal
MOST_MULTIPLE = 4
FEW_POINTS, SHORT_SPAN, NO_SCATTER = "too few points", "too short a span", "no scatter"


@dataclass(frozen=True)
class Period:
    """The best period of a light curve.

    Attributes
    ----------
    period_days, power
        Where the periodogram is highest, and how high: 0 to 1.
    false_alarm_probability
        That noise alone would be as high somewhere.
    rival_period_days, rival_power
        The highest peak but that one.
    is_ambiguous
        The rival is at least 0.9 times as high.
    is_day_alias
        The frequency is that of a whole number of solar or sidereal days, or halves, within the width of a peak, or
        lower than two cycles in the span: what observing by night, or a trend, makes by itself.
    points, bands, span_days
        What was used: of bands with at least 5 points.
    """

    period_days: float
    power: float
    false_alarm_probability: float
    rival_period_days: float
    rival_power: float
    is_ambiguous: bool
    is_day_alias: bool
    points: int
    bands: int
    span_days: float


def period_of(time: Floats, band: npt.NDArray[np.str_], flux: Floats, flux_err: Floats) -> Period | str:
    """Return the best period, or why none was looked for.

    Parameters
    ----------
    time
        Days, of any epoch; shape (n,), in any order, finite as all others.
    band, flux, flux_err
        Band, brightness in any unit linear or logarithmic, and its error, above 0.
    """
    order = np.lexsort((flux_err, flux, band, time))  # the same points in any order give the same bits
    time, band, flux, flux_err = time[order], band[order], flux[order], flux_err[order]
    names, counts = np.unique(band, return_counts=True)
    rows = [np.flatnonzero(band == name) for name in names[counts >= LEAST_OF_BAND]]
    points = sum(map(len, rows))
    if points < LEAST_POINTS:
        return FEW_POINTS
    used = np.concatenate(rows)
    start, span = float(time[used].min()), float(np.ptp(time[used]))
    if span < LEAST_SPAN_DAYS:
        return SHORT_SPAN
    parts = [(time[row] - start, flux[row], flux_err[row]) for row in rows]
    flat = sum(_scatter(y, dy) for _, y, dy in parts)
    if not flat > 0.0:
        return NO_SCATTER
    frequency = frequencies(span)
    power = np.clip(sum(_gain(frequency, *part) for part in parts) / flat, 0.0, 1.0)
    best = int(np.argmax(power))
    rival = _rival(frequency, power, best, span)
    return Period(
        period_days=float(1.0 / frequency[best]),
        power=float(power[best]),
        false_alarm_probability=false_alarm(float(power[best]), points, len(parts), span),
        rival_period_days=float(1.0 / frequency[rival]),
        rival_power=float(power[rival]),
        is_ambiguous=bool(power[rival] >= RIVAL_SHARE * power[best]),
        is_day_alias=of_observing(float(frequency[best]), span),
        points=points,
        bands=len(parts),
        span_days=span,
    )


def frequencies(span_days: float) -> Floats:
    """Return the frequencies (cycles a day) that are looked at: one cycle in the span to 10 a day."""
    step = 1.0 / (SAMPLES_OF_PEAK * span_days)
    return np.arange(1.0 / span_days, HIGHEST_PER_DAY + step, step)


def false_alarm(power: float, points: int, bands: int, span_days: float) -> float:
    """Return the probability that noise alone reaches a power somewhere.

    Parameters
    ----------
    power
        0 to 1.
    points, bands
        How many.
    span_days
        From the first to the last.
    """
    from scipy.special import betainc  # noqa: PLC0415 - taken late: half a second

    free = points - PARAMETERS_OF_BAND * bands
    single = float(betainc(free / 2.0, bands, 1.0 - power)) if free > 0 else 1.0
    return float(-np.expm1(HIGHEST_PER_DAY * span_days * np.log1p(-min(single, 1.0 - 1e-16))))


def of_observing(frequency: float, span_days: float) -> bool:
    """Tell whether a frequency is one that observing by night, or a trend over the span, makes by itself.

    Parameters
    ----------
    frequency
        Cycles a day.
    span_days
        From the first point to the last: it decides how wide a peak is.
    """
    width = PEAK_WIDTH / span_days
    halves = np.arange(1, 2 * MOST_MULTIPLE + 1) / 2.0
    return frequency < 2.0 / span_days or any(np.abs(frequency - halves / day).min() < width for day in DAYS)


def _scatter(y: Floats, dy: Floats) -> float:
    """Return chi squared about the mean."""
    weight = dy**-2.0
    mean = np.sum(weight * y) / np.sum(weight)
    return float(np.sum(weight * (y - mean) ** 2))


def _gain(frequency: Floats, time: Floats, y: Floats, dy: Floats) -> Floats:
    """Return by how much a sinusoid of each frequency lowers chi squared."""
    method = "cython" if len(time) <= DIRECT_POINTS else "fast"
    power = LombScargle(time, y, dy).power(frequency, method=method, assume_regular_frequency=True, normalization="psd")
    return np.asarray(2.0 * np.nan_to_num(power), dtype=np.float64)


def _rival(frequency: Floats, power: Floats, best: int, span_days: float) -> int:
    apart = np.abs(frequency - frequency[best]) > PEAK_WIDTH / span_days
    return int(np.argmax(np.where(apart, power, -1.0)))
