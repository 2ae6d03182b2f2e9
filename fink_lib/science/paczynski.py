"""Fits of a short two-band light curve: a single-lens microlensing event, and what else it could be.

All models are fitted to difference fluxes with a level of its own in each band, so that neither the flux of the
reference image nor light blended with the source has to be known. Each is linear but for a few shared
parameters; for these the linear ones are eliminated in closed form.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]

EVENT_PARAMETERS = 3  # time of the peak, Einstein time, impact parameter
EINSTEIN_DAYS = np.geomspace(2.0, 100.0, 14)
IMPACTS = np.array([0.05, 0.15, 0.3, 0.5, 0.75, 1.0])
PEAK_STEPS = 57
PEAK_BEFORE, PEAK_AFTER = 0.3, 0.1  # how far outside the points a peak is looked for, in units of their span
POLYNOMIAL_DEGREE = 3
CYCLES_MIN = 1.5  # fewer cycles within the points make a bump, not a period
PERIOD_MIN_DAYS = 0.1
PERIOD_STEPS = 1500
RIDGE = 1e-9


@dataclass(frozen=True)
class Band:
    """Points of one band.

    Attributes
    ----------
    time
        Days since the first point of any band.
    flux, weight
        Difference flux in any unit, and 1 / variance.
    """

    time: Floats
    flux: Floats
    weight: Floats


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
    """Return the magnification of a point source by a point lens: Paczynski 1986, ApJ 304, 1."""
    u2 = impact**2 + ((time - peak) / einstein) ** 2
    return np.asarray((u2 + 2.0) / np.sqrt(u2 * (u2 + 4.0)))


def fit_constant(bands: tuple[Band, ...]) -> float:
    """Return chi2 of a constant flux in each band."""
    return float(sum(_scatter(band) for band in bands))


def fit_polynomial(bands: tuple[Band, ...], span_days: float) -> float:
    """Return chi2 of a cubic in each band: smooth variability with as many parameters as an event."""
    total = 0.0
    for band in bands:
        powers = np.vander(band.time / span_days - 0.5, POLYNOMIAL_DEGREE + 1)
        total += float(_linear_chi2(powers[None], band)[0])
    return total


def fit_sinusoid(bands: tuple[Band, ...], span_days: float) -> float:
    """Return chi2 of the best period that fits `CYCLES_MIN` times or more into the points."""
    longest = span_days / CYCLES_MIN
    if longest <= PERIOD_MIN_DAYS:
        return fit_constant(bands)
    # Even steps in frequency: a step turns the phase of the last point by a fraction of a cycle.
    frequency = np.linspace(1.0 / longest, 1.0 / PERIOD_MIN_DAYS, PERIOD_STEPS)
    total = np.zeros(PERIOD_STEPS)
    for band in bands:
        phase = 2.0 * np.pi * frequency[:, None] * band.time
        total += _linear_chi2(np.stack([np.ones_like(phase), np.sin(phase), np.cos(phase)], axis=-1), band)
    return float(total.min())


def fit_event(bands: tuple[Band, ...], span_days: float) -> Event:
    """Return the best event that brightens the source in every band: a grid, then a simplex from its best point."""
    peaks = np.linspace(-PEAK_BEFORE * span_days, (1.0 + PEAK_AFTER) * span_days, PEAK_STEPS)
    grid = np.stack([axis.ravel() for axis in np.meshgrid(peaks, EINSTEIN_DAYS, IMPACTS, indexing="ij")])
    chi2 = event_chi2(grid, bands)
    best = int(np.argmin(chi2))
    low = np.array([peaks[0], np.log(EINSTEIN_DAYS[0]), np.log(IMPACTS[0])])
    high = np.array([peaks[-1], np.log(EINSTEIN_DAYS[-1]), np.log(IMPACTS[-1])])
    start = np.array([grid[0, best], np.log(grid[1, best]), np.log(grid[2, best])])
    if not np.isfinite(chi2[best]):
        return Event(float(grid[0, best]), float(grid[1, best]), float(grid[2, best]), fit_constant(bands))
    found = minimize(
        lambda point: float(event_chi2(_unlog(np.clip(point, low, high))[:, None], bands)[0]),
        start,
        method="Nelder-Mead",
        options={"maxiter": 300, "xatol": 1e-3, "fatol": 1e-3},
    )
    peak, einstein, impact = _unlog(np.clip(found.x, low, high))
    return Event(float(peak), float(einstein), float(impact), min(float(found.fun), float(chi2[best])))


def event_chi2(parameters: Floats, bands: tuple[Band, ...]) -> Floats:
    """Return chi2 of events, shape (3, k) → (k,), with the best source flux and level of each band.

    Infinite where a band would need a source of negative flux.
    """
    peak, einstein, impact = parameters[:, :, None]
    total = np.zeros(parameters.shape[1])
    for band in bands:
        shape = magnification(band.time, peak, einstein, impact)
        weight = band.weight / band.weight.sum()
        shape = shape - (shape * weight).sum(axis=1, keepdims=True)
        flux = band.flux - (band.flux * weight).sum()
        norm = (band.weight * shape * shape).sum(axis=1)
        source = (band.weight * shape * flux).sum(axis=1) / np.maximum(norm, RIDGE)
        total += np.where(source > 0.0, _scatter(band) - source**2 * norm, np.inf)
    return total


def _unlog(point: Floats) -> Floats:
    return np.array([point[0], np.exp(point[1]), np.exp(point[2])])


def _scatter(band: Band) -> float:
    mean = (band.weight * band.flux).sum() / band.weight.sum()
    return float((band.weight * (band.flux - mean) ** 2).sum())


def _linear_chi2(design: Floats, band: Band) -> Floats:
    """Return chi2 of linear models, design of shape (k, n, m) → (k,)."""
    scale = np.sqrt(band.weight)
    weighted, target = design * scale[:, None], band.flux * scale
    size = np.sqrt((weighted**2).sum(axis=1, keepdims=True))
    weighted = weighted / np.where(size > 0.0, size, 1.0)
    normal = weighted.transpose(0, 2, 1) @ weighted + RIDGE * np.eye(design.shape[2])
    solution = np.linalg.solve(normal, weighted.transpose(0, 2, 1) @ target[:, None])
    residual = target - (weighted @ solution)[:, :, 0]
    return np.asarray((residual**2).sum(axis=1))
