"""Microlensing: light curves that a single-lens event explains better than anything else does.

The event is fitted to both bands at once and must beat a constant, a smooth variation with as many parameters
and a periodic one. Three facts are asked for besides: the peak is among the points, the source is no galaxy,
and the place is not far from the disc of the Galaxy, where the lenses are.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Findings, Module, Output, Role
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
SPAN_MIN_DAYS = 5.0
LATITUDE_MAX_DEG = 30.0  # beyond it the optical depth is under a hundredth of that of the disc
GALAXY_SCORE_MAX = 0.5
GALAXY_SEPARATION_ARCSEC = 3.0
# How many times worse than an event, by reduced chi2, the alternatives must be.
CONSTANT_WORSE, VARIABLE_WORSE = 2.5, 1.15
ZERO_POINT_MAG = 23.9  # fluxes in microjansky

FITTED = ("mulens", "mulens_peak_time", "mulens_einstein_days", "mulens_impact", "mulens_chi2_dof")


def compute(batch: AlertBatch, _resource: Any) -> Findings:
    """Fit the alerts that pass every gate, one by one; the others are told which gate they failed."""
    reasons = gates(batch)
    survivors = ~np.logical_or.reduce([flags for flags, _ in reasons])
    found = {name: np.full(len(batch), np.nan) for name in FITTED}
    for row in np.flatnonzero(survivors):
        for name, value in fit_alert(batch, int(row)).items():
            found[name][row] = value
    return Findings(found, reasons)


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


def fit_alert(batch: AlertBatch, row: int) -> Mapping[str, float]:
    """Return the score and the event of one alert; the score is 0 for what is no microlensing."""
    here = slice(batch.offsets[row], batch.offsets[row + 1])
    points = {name: values[here] for name, values in batch.histories.items()}
    good = usable_points(points) & np.isin(points["band"], [BANDS.index(name) for name in FITTED_BANDS])
    first = float(points["time"][good].min())
    span = float(points["time"][good].max()) - first
    if span < SPAN_MIN_DAYS:
        return {"mulens": 0.0}
    bands = tuple(_band(points, good & (points["band"] == BANDS.index(name)), first) for name in FITTED_BANDS)
    event = paczynski.fit_event(bands, span)
    count, levels = int(good.sum()), len(bands)
    reduced = event.chi2 / (count - paczynski.EVENT_PARAMETERS - 2 * levels)
    found = {
        "mulens": 0.0,
        "mulens_peak_time": first + event.peak_days,
        "mulens_einstein_days": event.einstein_days,
        "mulens_impact": event.impact,
        "mulens_chi2_dof": reduced,
    }
    constant = paczynski.fit_constant(bands) / (count - levels)
    if not 0.0 <= event.peak_days <= span or constant <= CONSTANT_WORSE * reduced:
        return found
    cubic = paczynski.fit_polynomial(bands, span) / (count - (paczynski.POLYNOMIAL_DEGREE + 1) * levels)
    if cubic <= VARIABLE_WORSE * reduced:
        return found
    periodic = paczynski.fit_sinusoid(bands, span) / (count - 1 - 3 * levels)  # the dearest one comes last
    if periodic > VARIABLE_WORSE * reduced:
        found["mulens"] = 1.0 - reduced / min(cubic, periodic, constant)
    return found


def _band(points: Mapping[str, Any], chosen: Flags, first: float) -> paczynski.Band:
    size = 10.0 ** (-0.4 * (points["mag"][chosen] - ZERO_POINT_MAG))
    error = points["mag_err"][chosen] / MAG_PER_RELATIVE_FLUX * size
    sign = np.where(points["is_positive"][chosen] == 1.0, 1.0, -1.0)
    return paczynski.Band(points["time"][chosen] - first, sign * size, error**-2.0)


MODULES = (
    Module(
        name="microlensing",
        version="1.1",
        meaning="Is the light curve that of a single-lens microlensing event?",
        reference="Paczynski 1986, ApJ 304, 1; gates after Godines et al. 2019, Astronomy and Computing 28, 100298",
        surveys=("ztf",),
        cost=Cost.HEAVY,
        scalars=("dec", "n_detections", "ps1_separation", "ps1_star_score", "ra"),
        histories=("band", "is_positive", "mag", "mag_err", "time"),
        outputs=(
            Output(
                "mulens",
                pa.float64(),
                "",
                "Above 0 for a candidate: the share of the best alternative's reduced chi2 that the event removes.",
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
