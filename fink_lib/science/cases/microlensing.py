"""Microlensing: light curves that a single-lens event explains better than anything else does.

The event is fitted to both bands at once: one peak, time scale and impact parameter, and in each band a source no
brighter than what the reference image shows there. It must describe the points within their errors, better than a
constant, and about as well as a smooth variation, a periodic one, and a flare whose rise and decay have time scales of
their own in each band, all of more parameters. An event whose time scale or impact parameter stands at the end of
its range is none, and one whose peak is not observed from both sides is not judged. The source is no galaxy, and the
place not far from the disc of the Galaxy, where the lenses are.

Errors are enlarged by 2 % of the total flux: the survey's are too small for bright sources.
A packet shows 30 days: events of more than some 40 days are judged where more history is given.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, ModuleResult, Output, Role
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods import paczynski
from fink_lib.science.methods.photometry import MAG_PER_RELATIVE_FLUX
from fink_lib.sky import galactic_latitude
from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FITTED_BANDS = ("g", "r")
POINTS_MIN = 10  # in each band
DETECTIONS_MAX = 100  # more make a known variable star: Fink's cut, and Godines et al. 2019's training set
SPAN_MIN_DAYS = 3.0
LATITUDE_MAX_DEG = 30.0  # beyond it the optical depth is under a hundredth of that of the disc
GALAXY_SCORE_MAX = 0.5
GALAXY_SEPARATION_ARCSEC = 3.0
# Decided on planted objects, with the seed for tuning (fink_lib/science/planting/lensing.py).
EVENT_CHI2_MAX = 1.4  # reduced
CONSTANT_WORSE = 2.5  # times chi2 of the event
# What an alternative may save of the event's chi2, in units of the better reduced chi2 of event and flare.
FLARE_GAIN_MAX, SMOOTH_GAIN_MAX, PERIODIC_GAIN_MAX = 12.0, 5.0, 10.0
SIDE_MIN = 0.02  # time scales between the peak and the outermost points
CALIBRATION_SHARE = 0.02  # of the total flux
ON_SOURCE_PX = 0.8  # the survey's places scatter less
STARLESS_WORSE = 1.1  # times chi2 of the event, every alternative where the reference shows no star to be lensed
SOURCE_TOLERANCE = 1.5  # the reference may be fainter than the source at rest by so much
REFERENCE_LIMIT_MAG = 20.5  # of a source that the reference does not show as one of its own: fields are crowded
ZERO_POINT_MAG = 23.9  # fluxes in microjansky
LEAST = 1e-3  # the score of an event that an alternative nearly equals

FITTED = ("mulens", "mulens_peak_time", "mulens_einstein_days", "mulens_impact", "mulens_chi2_dof")


def compute(batch: AlertBatch, _resource: Any) -> ModuleResult:
    """Fit the alerts that pass every gate, one by one; the others are told which gate they failed.

    Parameters
    ----------
    batch
        Alerts with their place (deg), Pan-STARRS neighbour and light curve.
    _resource
        Not used: nothing is loaded.
    """
    reasons = gates(batch)
    survivors = ~np.logical_or.reduce([flags for flags, _ in reasons])
    found = {name: np.full(len(batch), np.nan) for name in FITTED}
    unseen = np.zeros(len(batch), dtype=bool)
    for row in np.flatnonzero(survivors):
        fitted = fit_alert(batch, int(row))
        unseen[row] = fitted is None
        for name, value in (fitted or {}).items():
            found[name][row] = value
    return ModuleResult(found, [*reasons, (unseen, "the peak is not observed from both sides")])


def gates(batch: AlertBatch) -> list[tuple[Flags, str]]:
    """Return who is not fitted, and why; the first reason that applies is the one that is told."""
    usable = usable_points(batch.histories)
    time = batch.history("time")
    few = np.zeros(len(batch), dtype=bool)
    for name in FITTED_BANDS:
        few |= time.count(usable & (batch.histories["band"] == BANDS.index(name))) < POINTS_MIN
    separation, score = batch.scalars["ps1_separation"], batch.scalars["ps1_star_score"]
    galaxy = (separation >= 0.0) & (separation < GALAXY_SEPARATION_ARCSEC) & (score >= 0.0) & (score < GALAXY_SCORE_MAX)
    latitude = galactic_latitude(batch.scalars["ra"], batch.scalars["dec"])
    return [
        (few, f"fewer than {POINTS_MIN} detections in g or in r"),
        (~(batch.scalars["n_detections"] < DETECTIONS_MAX), f"{DETECTIONS_MAX} detections or more"),
        (galaxy, "on a galaxy"),
        (~(np.abs(latitude) <= LATITUDE_MAX_DEG), f"more than {LATITUDE_MAX_DEG:g} deg from the Galactic plane"),
    ]


def usable_points(points: Mapping[str, Any]) -> Flags:
    """Return the points that can be fitted: detections with a positive error and a sign."""
    return np.asarray(
        np.isfinite(points["mag"]) & (points["mag_err"] > 0.0) & np.isfinite(points["is_positive"])
        & np.isfinite(points["time"])
    )  # fmt: skip


def fit_alert(batch: AlertBatch, row: int) -> Mapping[str, float] | None:
    """Return the score and the event of one alert, 0 for what is no microlensing; None where it cannot be judged.

    Parameters
    ----------
    batch
        Alerts with their histories.
    row
        Place of an alert that passes the gates: it has points in each band that is fitted.
    """
    here = slice(batch.offsets[row], batch.offsets[row + 1])
    points = {name: values[here] for name, values in batch.histories.items()}
    good = usable_points(points) & np.isin(points["band"], [BANDS.index(name) for name in FITTED_BANDS])
    first = float(points["time"][good].min())
    span = float(points["time"][good].max()) - first
    if span < SPAN_MIN_DAYS:
        return None
    bands = tuple(_band(points, good & (points["band"] == BANDS.index(name)), first) for name in FITTED_BANDS)
    event = paczynski.fit_event(bands, span)
    found = {
        "mulens": 0.0,
        "mulens_peak_time": first + event.peak_days,
        "mulens_einstein_days": event.einstein_days,
        "mulens_impact": event.impact,
        "mulens_chi2_dof": event.chi2 / (int(good.sum()) - paczynski.EVENT_PARAMETERS - 2 * len(bands)),
    }
    if found["mulens_chi2_dof"] > EVENT_CHI2_MAX or paczynski.at_an_end(event):
        return found
    sides = np.array([event.peak_days, span - event.peak_days]) / event.einstein_days
    if sides.min() < SIDE_MIN:
        return None
    return found | {"mulens": _score(bands, span, event, int(good.sum()))}


def _score(bands: tuple[paczynski.Band, ...], span: float, event: paczynski.Event, count: int) -> float:
    """Return what the event removes of the best alternative's chi2; 0 where an alternative will do."""
    constant = paczynski.fit_constant(bands)
    if constant <= CONSTANT_WORSE * event.chi2:
        return 0.0
    flare = paczynski.fit_flare(bands, span, event)
    noise = max(1.0, min(flare, event.chi2) / (count - paczynski.FLARE_PARAMETERS * len(bands)))
    smooth = paczynski.fit_polynomial(bands, span)
    if event.chi2 - flare > FLARE_GAIN_MAX * noise or event.chi2 - smooth > SMOOTH_GAIN_MAX * noise:
        return 0.0
    periodic = paczynski.fit_sinusoid(bands, span)  # the dearest one comes last
    if event.chi2 - periodic > PERIODIC_GAIN_MAX * noise:
        return 0.0
    best = min(constant, smooth, periodic)
    if not any(band.on_source for band in bands) and best <= STARLESS_WORSE * event.chi2:
        return 0.0
    return max(1.0 - event.chi2 / best, LEAST)


def _band(points: Mapping[str, Any], chosen: Flags, first: float) -> paczynski.Band:
    """Return the points of a band as difference fluxes, and how bright the source at rest may be."""
    size = 10.0 ** (-0.4 * (points["mag"][chosen] - ZERO_POINT_MAG))
    flux = np.where(points["is_positive"][chosen] == 1.0, size, -size)
    behind, source_max = _reference(points["ref_mag"][chosen], points["ref_separation"][chosen])
    error = points["mag_err"][chosen] / MAG_PER_RELATIVE_FLUX * size
    calibration = CALIBRATION_SHARE * np.maximum(flux + behind, 0.0)
    weight = 1.0 / (error**2 + calibration**2)
    return paczynski.Band(points["time"][chosen] - first, flux, weight, source_max, on_source=behind > 0.0)


def _reference(mag: Floats, separation_px: Floats) -> tuple[float, float]:
    """Return the flux that the reference shows at the place, 0 for none, and the largest one of the source at rest.

    The largest is infinite where no point tells whether the reference shows a source.
    """
    known = np.isfinite(mag) & (separation_px >= 0.0) & (separation_px <= ON_SOURCE_PX)
    if known.any():
        behind = float(10.0 ** (-0.4 * (np.median(mag[known]) - ZERO_POINT_MAG)))
        return behind, SOURCE_TOLERANCE * behind
    if (separation_px > ON_SOURCE_PX).any():
        return 0.0, float(10.0 ** (-0.4 * (REFERENCE_LIMIT_MAG - ZERO_POINT_MAG)))
    return 0.0, float("inf")


MODULES = (
    Module(
        name="microlensing",
        version="2.0",
        meaning="Is the light curve that of a single-lens microlensing event?",
        reference="Paczynski 1986, ApJ 304, 1; gates after Godines et al. 2019, Astronomy and Computing 28, 100298",
        surveys=("ztf",),
        cost=Cost.HEAVY,
        scalars=("dec", "n_detections", "ps1_separation", "ps1_star_score", "ra"),
        histories=("band", "is_positive", "mag", "mag_err", "ref_mag", "ref_separation", "time"),
        outputs=(
            Output(
                "mulens",
                pa.float64(),
                "",
                "Above 0 for a candidate: the share of the best alternative's chi2 that the event removes.",
                Role.SCORE,
            ),
            Output("mulens_peak_time", pa.float64(), "JD (UTC)", "Time of the peak of the best event."),
            Output("mulens_einstein_days", pa.float64(), "days", "Einstein time of the best event."),
            Output("mulens_impact", pa.float64(), "Einstein radii", "Impact parameter of the best event."),
            Output("mulens_chi2_dof", pa.float64(), "", "Reduced chi2 of the best event."),
        ),
        compute=compute,
    ),
)
