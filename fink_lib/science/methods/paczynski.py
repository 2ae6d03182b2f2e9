"""Fits of a short two-band light curve: a single-lens microlensing event, and what else it could be.

All models are fitted to difference fluxes with a level of its own in each band, so that neither the flux of the
reference image nor light blended with the source has to be known. Each is linear but for a few shared
parameters; for these the linear ones are eliminated in closed form.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Model = Callable[[Floats, Floats], Floats]

EVENT_PARAMETERS = 3  # time of the peak, Einstein time, impact parameter
FLARE_PARAMETERS = 6  # of a band: time of the peak, two time scales, impact parameter, flux and level
EINSTEIN_DAYS = np.geomspace(2.0, 200.0, 16)
IMPACTS = np.array([0.01, 0.05, 0.15, 0.3, 0.5, 0.75, 1.0])
END = 1.05  # nearer to an end of the time scales than by this factor is at the end
IMPACT_MAX = 0.85  # a weaker event has the shape of many a flare
PEAK_STEPS = 57
FLARE_DAYS = (0.3, 300.0)  # time scales of rise and decay
FLARE_RATIOS = (4.0, 0.25)  # of decay and rise, from which a flare is fitted
PEAK_BEFORE, PEAK_AFTER = 0.3, 0.1  # how far outside the points a peak is looked for, in units of their span
POLYNOMIAL_DEGREE = 3
CYCLES_MIN = 1.5  # fewer cycles within the points make a bump, not a period
PERIOD_MIN_DAYS = 0.1
PERIOD_STEPS, FINE_STEPS = 1500, 30  # the second divides the first
RIDGE = 1e-9
# Steps from the best point of the grid: at most so many, until one lowers chi2 by less than this.
FIT_STEPS, FIT_GAIN = 40, 1e-3
DAMPINGS, DAMPING, DAMPING_FACTOR = 12, 1e-2, 4.0  # tried for one step; the first; from one to the next
DIFFERENCE = 1e-6  # of a parameter, for derivatives


@dataclass(frozen=True)
class Band:
    """Points of one band.

    Attributes
    ----------
    time
        Days since the first point of any band.
    flux, weight
        Difference flux in any unit, and 1 / variance.
    source_max
        The largest flux that the source may have when it is not magnified: what stands behind it in the reference.
    on_source
        The reference shows a source at the place.
    """

    time: Floats
    flux: Floats
    weight: Floats
    source_max: float = float("inf")
    on_source: bool = True

    @cached_property
    def pull(self) -> Floats:
        """Weight times the flux above its mean; a shape along it is what lowers chi2."""
        mean = (self.weight * self.flux).sum() / self.weight.sum()
        return np.asarray(self.weight * (self.flux - mean))

    @cached_property
    def scatter(self) -> float:
        """Chi2 of a constant flux."""
        return float((self.pull * self.pull / self.weight).sum())


@dataclass(frozen=True)
class Event:
    """The best single-lens event.

    Attributes
    ----------
    peak_days, einstein_days, impact
        Time of the peak (days since the first point), Einstein time, impact parameter in Einstein radii.
    chi2
        Sum over all bands.
    """

    peak_days: float
    einstein_days: float
    impact: float
    chi2: float


def magnification(time: Floats, peak: Floats, einstein: Floats, impact: Floats) -> Floats:
    """Return the magnification of a point source by a point lens: Paczynski 1986, ApJ 304, 1.

    Parameters
    ----------
    time, peak, einstein
        When, the time of the peak and the Einstein time, in one unit.
    impact
        Impact parameter in Einstein radii; arrays of shapes that go together.
    """
    return 1.0 + excess(impact**2 + ((time - peak) / einstein) ** 2)


def excess(u2: Floats) -> Floats:
    """Return the magnification less one, at squared distances in Einstein radii; exact also where it is tiny."""
    root = np.sqrt(u2 * (u2 + 4.0))
    return np.asarray(4.0 / (root * (u2 + 2.0 + root)))


def fit_constant(bands: tuple[Band, ...]) -> float:
    """Return chi2 of a constant flux in each band."""
    return float(sum(band.scatter for band in bands))


def fit_polynomial(bands: tuple[Band, ...], span_days: float) -> float:
    """Return chi2 of a cubic in each band: smooth variability with as many parameters as an event.

    Parameters
    ----------
    bands
        Points of each band.
    span_days
        From the first point of any band to the last.
    """
    total = 0.0
    for band in bands:
        powers = np.vander(band.time / span_days - 0.5, POLYNOMIAL_DEGREE + 1)
        scale = np.sqrt(band.weight)
        weighted, target = powers * scale[:, None], band.flux * scale
        size = np.sqrt((weighted**2).sum(axis=0))
        weighted = weighted / np.where(size > 0.0, size, 1.0)
        normal = weighted.T @ weighted + RIDGE * np.eye(powers.shape[1])
        residual = target - weighted @ np.linalg.solve(normal, weighted.T @ target)
        total += float(residual @ residual)
    return total


def fit_sinusoid(bands: tuple[Band, ...], span_days: float) -> float:
    """Return chi2 of the best period that fits `CYCLES_MIN` times or more into the points.

    Parameters
    ----------
    bands
        Points of each band.
    span_days
        From the first point to the last; where it is too short for `CYCLES_MIN` cycles of the shortest period, chi2 is
        that of a constant.
    """
    longest = span_days / CYCLES_MIN
    if longest <= PERIOD_MIN_DAYS:
        return fit_constant(bands)
    # Even steps in frequency: a step turns the phase of the last point by a fraction of a cycle.
    first, last = 1.0 / longest, 1.0 / PERIOD_MIN_DAYS
    step = (last - first) / (PERIOD_STEPS - 1)
    total = np.zeros(PERIOD_STEPS)
    for band in bands:
        wave = _waves(band.time, first, step)
        total += band.scatter - _two_gain(wave.imag.copy(), wave.real.copy(), band)
    return float(total.min())


def _waves(time: Floats, first: float, step: float) -> npt.NDArray[np.complex128]:
    """Return ``exp(2πi f t)`` at every frequency, shape (frequencies, points): a coarse turn times a fine one."""
    turn, fine_steps = 2.0j * np.pi * time, np.arange(FINE_STEPS)[:, None]
    fine = np.exp(turn * (step * fine_steps))
    coarse_steps = np.arange(PERIOD_STEPS // FINE_STEPS)[:, None]
    coarse = np.exp(turn * (first + step * FINE_STEPS * coarse_steps))
    return np.asarray((coarse[:, None, :] * fine).reshape(PERIOD_STEPS, len(time)))


def _two_gain(sine: Floats, cosine: Floats, band: Band) -> Floats:
    """Return by how much two shapes beside a level lower chi2: the normal equations of two unknowns, in closed form."""
    total = band.weight.sum()
    sine -= (sine @ band.weight / total)[:, None]
    cosine -= (cosine @ band.weight / total)[:, None]
    one, two = (sine * sine) @ band.weight, (cosine * cosine) @ band.weight
    both = (sine * cosine) @ band.weight
    along, across = sine @ band.pull, cosine @ band.pull
    # Two shapes that are alike at the points have no more to give than one: RIDGE of the products keeps it finite.
    determinant = np.maximum(one * two - both**2, RIDGE * (one * two + RIDGE))
    return np.asarray(np.maximum(along**2 * two - 2.0 * along * across * both + across**2 * one, 0.0) / determinant)


@dataclass(frozen=True)
class _Points:
    """The points of all bands, one after the other, with what sums over a band need.

    Attributes
    ----------
    time, flux, root
        Days; flux above the band's mean; square root of the weight.
    band
        Number of each point's band.
    weight, pull, share
        Weight, weight times flux, and share of the band's weight, shape (points, bands), zero in other bands: a matrix
        product sums band by band.
    scatter, source_max
        Chi2 of a constant in each band, and the largest flux of the source.
    """

    time: Floats
    flux: Floats
    root: Floats
    band: npt.NDArray[np.int64]
    weight: Floats
    pull: Floats
    share: Floats
    scatter: Floats
    source_max: Floats

    @classmethod
    def of(cls, bands: tuple[Band, ...]) -> "_Points":
        number = np.repeat(np.arange(len(bands)), [len(band.time) for band in bands])
        inside = (number[:, None] == np.arange(len(bands))).astype(float)
        weight = np.concatenate([band.weight for band in bands])
        pull = np.concatenate([band.pull for band in bands])
        by_band = inside * weight[:, None]
        return cls(
            time=np.concatenate([band.time for band in bands]),
            flux=pull / weight,
            root=np.sqrt(weight),
            band=number,
            weight=by_band,
            pull=inside * pull[:, None],
            share=by_band / by_band.sum(axis=0),
            scatter=np.array([band.scatter for band in bands]),
            source_max=np.array([band.source_max for band in bands]),
        )


def fit_event(bands: tuple[Band, ...], span_days: float) -> Event:
    """Return the best event that brightens the source in every band: a grid, then damped steps from its best point.

    Parameters
    ----------
    bands
        Points of each band.
    span_days
        From the first point to the last: the peak is sought some way beyond both.
    """
    points = _Points.of(bands)
    peaks = np.linspace(-PEAK_BEFORE * span_days, (1.0 + PEAK_AFTER) * span_days, PEAK_STEPS)
    chi2 = _grid_chi2(peaks, points)
    place = np.unravel_index(int(np.argmin(chi2)), chi2.shape)
    start = np.array([peaks[place[1]], np.log(EINSTEIN_DAYS[place[2]]), np.log(IMPACTS[place[0]])])
    if not np.isfinite(chi2[place]):
        return Event(float(start[0]), float(np.exp(start[1])), float(np.exp(start[2])), fit_constant(bands))
    low, high = _bounds(peaks)
    found, best = _improved(start, (low, high), points, _symmetric)
    return Event(float(found[0]), float(np.exp(found[1])), float(np.exp(found[2])), best)


def at_an_end(event: Event) -> bool:
    """Tell whether an event's time scale stands at an end of what is tried, or its impact parameter is a weak one's."""
    first, last = EINSTEIN_DAYS[[0, -1]]
    return not first * END < event.einstein_days < last / END or event.impact > IMPACT_MAX


def fit_flare(bands: tuple[Band, ...], span_days: float, event: Event) -> float:
    """Return chi2 of a flare whose rise and decay have time scales of their own, in every band, from an event on.

    The shape is that of an event on either side of the peak; the flux of the source is not bounded.

    Parameters
    ----------
    bands
        Points of each band.
    span_days
        From the first point to the last: the peak is sought some way beyond both.
    event
        Where the search begins.
    """
    total = 0.0
    for band in bands:
        points = _Points.of((replace(band, source_max=float("inf")),))
        low, high = _bounds(np.array([-PEAK_BEFORE * span_days, (1.0 + PEAK_AFTER) * span_days]))
        low, high = np.insert(low, 2, np.log(FLARE_DAYS[0])), np.insert(high, 2, np.log(FLARE_DAYS[1]))
        low[1], high[1] = low[2], high[2]
        best = np.inf
        for ratio in FLARE_RATIOS:
            scale = np.log(event.einstein_days) + np.array([0.5, -0.5]) * np.log(ratio)
            start = np.clip(np.array([event.peak_days, *scale, np.log(max(event.impact, 0.1))]), low, high)
            best = min(best, _improved(start, (low, high), points, _lopsided)[1])
        total += best
    return total


def _bounds(peaks: Floats) -> tuple[Floats, Floats]:
    """Return the least and the largest time of the peak, and logarithms of Einstein time and impact parameter."""
    scales = [np.log([axis[0], axis[-1]]) for axis in (EINSTEIN_DAYS, IMPACTS)]
    low, high = np.array([[peaks[0], peaks[-1]], *scales]).T
    return low, high


def _symmetric(at: Floats, time: Floats) -> Floats:
    """Return the magnification less one; rows of `at` hold peak, logarithms of Einstein time and impact parameter."""
    return excess(np.exp(2.0 * at[:, 2:]) + ((time - at[:, :1]) / np.exp(at[:, 1:2])) ** 2)


def _lopsided(at: Floats, time: Floats) -> Floats:
    """Return the same with an Einstein time of its own before and after the peak."""
    since = time - at[:, :1]
    scale = np.exp(np.where(since < 0.0, at[:, 1:2], at[:, 2:3]))
    return excess(np.exp(2.0 * at[:, 3:]) + (since / scale) ** 2)


def _grid_chi2(peaks: Floats, points: _Points) -> Floats:
    """Return chi2 of every event of the grid, shape (impacts, peaks, Einstein times), with the best flux and level."""
    since = (points.time - peaks[:, None])[:, None, :] / EINSTEIN_DAYS[:, None]
    squared = (since * since).reshape(-1, len(points.time))
    total = np.empty((len(IMPACTS), len(squared)))
    for number, impact in enumerate(IMPACTS.tolist()):
        shape = excess(squared + impact**2)
        mean, pull = shape @ points.share, shape @ points.pull
        np.multiply(shape, shape, out=shape)
        norm = np.maximum(shape @ points.weight - mean**2 * points.weight.sum(axis=0), RIDGE)
        source = np.minimum(pull / norm, points.source_max)
        chi2 = np.where(pull > 0.0, points.scatter - source * (2.0 * pull - source * norm), np.inf)
        total[number] = chi2.sum(axis=1)
    return total.reshape(len(IMPACTS), len(peaks), len(EINSTEIN_DAYS))


def _improved(at: Floats, bounds: tuple[Floats, Floats], points: _Points, model: Model) -> tuple[Floats, float]:
    """Return the nearest minimum and its chi2: Levenberg 1944 and Marquardt 1963, within bounds."""
    low, high = bounds
    misses, slopes = _linear(at, _steps(at, high), points, model)
    cost, damping = float(misses @ misses), DAMPING
    for _ in range(FIT_STEPS):
        gradient = slopes @ misses
        # A parameter at a bound that would cross it stays there, so that the others move on their own.
        free = ~((at <= low) & (gradient > 0.0)) & ~((at >= high) & (gradient < 0.0))
        if not np.isfinite(gradient).all() or not free.any():
            break
        before, normal = cost, slopes[free] @ slopes[free].T
        for _ in range(DAMPINGS):
            ahead = at.copy()
            ahead[free] -= np.linalg.solve(normal + np.diag(damping * np.diag(normal) + RIDGE), gradient[free])
            ahead = np.clip(ahead, low, high)
            fresh = _linear(ahead, _steps(ahead, high), points, model)
            if (lower := float(fresh[0] @ fresh[0])) < cost:
                at, cost, damping, (misses, slopes) = ahead, lower, damping / DAMPING_FACTOR, fresh
                break
            damping *= DAMPING_FACTOR
        if before - cost < FIT_GAIN:
            break
    return at, cost


def _steps(at: Floats, high: Floats) -> Floats:
    return np.where(at + DIFFERENCE > high, -DIFFERENCE, DIFFERENCE)


def _linear(at: Floats, steps: Floats, points: _Points, model: Model) -> tuple[Floats, Floats]:
    """Return the misses of a model in units of the errors, and their derivatives, shape (parameters, points).

    Parameters
    ----------
    at, steps
        Parameters; steps of the differences.
    points
        Light curve; infinite misses where a band would need a source of negative flux.
    model
        From rows of parameters and times to the magnification less one.
    """
    shape = model(at + np.vstack([np.zeros(len(at)), np.diag(steps)]), points.time)
    shape -= (shape @ points.share)[:, points.band]
    pull, norm = shape @ points.pull, (shape * shape) @ points.weight
    if not (pull > 0.0).all():
        misses = np.full(len(points.time), np.inf)
        return misses, np.full((len(at), len(misses)), np.inf)
    source = np.minimum(pull / np.maximum(norm, RIDGE), points.source_max)
    misses = (points.flux - source[:, points.band] * shape) * points.root
    return misses[0], (misses[1:] - misses[0]) / steps[:, None]
