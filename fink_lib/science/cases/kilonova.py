"""Kilonovae: fast transients told apart by how much of each of three template curves their light holds.

Method: Biswas et al. 2023, A&A 677, A77 (arXiv:2210.17433). In each band the light curve is written as a sum of three
principal components of simulated kilonovae and other transients; a forest of 30 trees judges the coefficients.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.optimize import lsq_linear

from fink_lib.science.cases.early_snia import usable
from fink_lib.science.cases.host import closed
from fink_lib.science.framework.base import Cost, Findings, Module, Output, Role
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.fluxcal import fluxcal
from fink_lib.science.models import Forest, ModelFacts, load_forest
from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[Any]

MODEL = "kilonova"
ZTF_BANDS = ("g", "r")

POINTS_MIN = 2
DETECTIONS_MAX = 20
AGE_DAYS_MAX = 20.0
FLUX_MIN = 200.0  # FLUXCAL: magnitude 21.7
STEP_DAYS = 0.25  # between two places of a component
COEFFICIENT_MAX = 2.0


@dataclass(frozen=True)
class Resource:
    """The forest, the components, and what they can be traced back to."""

    forest: Forest
    facts: ModelFacts

    @property
    def components(self) -> Floats:
        """The template curves, maximum in the middle; shape (3, places)."""
        return np.array(self.facts.settings["components"])


def load(cache: Path) -> Resource:
    """Open forest and components."""
    return Resource(*load_forest(MODEL, cache))


def provenance(resource: Resource) -> dict[str, str]:
    """Name the version and hash of forest and components."""
    return resource.facts.provenance


def compute(batch: AlertBatch, resource: Any) -> Findings:
    """Return the score of the alerts that pass the gates and can be fitted in both bands."""
    gates = gate(batch)
    open_ = ~np.logical_or.reduce([flags for flags, _ in gates])
    templates = resource.components
    fits = {row: fit for row in np.flatnonzero(open_).tolist() if (fit := features_of(batch, row, templates))}
    scores, fitted = np.full(len(batch), np.nan), np.zeros(len(batch), dtype=bool)
    if fits:
        rows = list(fits)
        fitted[rows] = True
        scores[rows] = resource.forest.mean(np.array(list(fits.values())))
    gates.append((~fitted, "fewer than two detections near the maximum of g or r"))
    return Findings({"rf_kn_vs_nonkn": scores}, gates)


def gate(batch: AlertBatch) -> list[tuple[npt.NDArray[np.bool_], str]]:
    """Return who is kept out and why, in the order in which reasons are given."""
    few = batch.history("mag").count(usable(batch)) < POINTS_MIN
    detections = batch.scalars["n_detections"]
    age = batch.scalars["time"] - batch.scalars["first_time"]
    return [
        (few, f"fewer than {POINTS_MIN} detections"),
        (np.isnan(detections) | np.isnan(age), "number of detections or time of the first one is not known"),
        (detections > DETECTIONS_MAX, f"more than {DETECTIONS_MAX} detections since the survey began"),
        (age >= AGE_DAYS_MAX, f"first detected {AGE_DAYS_MAX:g} days ago or more"),
        closed(batch),
    ]


def features_of(batch: AlertBatch, row: int, templates: Floats) -> list[float] | None:
    """Return the features of one alert, g then r; None where one of the bands cannot be fitted."""
    time, mag, mag_err, band = (batch.history(name).of(row) for name in ("time", "mag", "mag_err", "band"))
    sound = np.isfinite(mag) & np.isfinite(mag_err) & np.isfinite(time)
    flux, flux_err = fluxcal(mag, mag_err)
    found: list[float] = []
    for name in ZTF_BANDS:
        chosen = sound & (band == BANDS.index(name))
        fit = band_features(time[chosen], flux[chosen], flux_err[chosen], templates)
        if fit is None:
            return None
        found += fit
    return found


def band_features(time: Floats, flux: Floats, flux_err: Floats, templates: Floats) -> list[float] | None:
    """Return the coefficients, the misfit and the highest flux of a light curve in one band.

    Parameters
    ----------
    time, flux, flux_err
        Points in time order; days and FLUXCAL.
    templates
        Template curves; shape (3, places).

    Returns
    -------
    list of float or None
        None where the band is too faint or has fewer than two points within the templates' reach.
    """
    if not len(flux) or not flux.max() > FLUX_MIN:
        return None
    middle = (templates.shape[1] - 1) / 2
    since = time - time[flux.argmax()]
    near = np.abs(since) < middle * STEP_DAYS
    if near.sum() < POINTS_MIN:
        return None
    highest, error = flux.max(), flux_err[near] / flux.max()
    places = np.round(since[near] / STEP_DAYS + middle).astype(np.int64)
    design, target = templates[:, places].T / error[:, None], flux[near] / highest / error
    coefficients = coefficients_of(design, target, stiffness=1.0 / float(error[flux[near].argmax()]))
    misfit = float(np.sqrt(np.mean((design @ coefficients - target) ** 2)))
    return [*coefficients.tolist(), misfit, float(highest)]


def coefficients_of(design: Floats, target: Floats, stiffness: float) -> Floats:
    """Return the best coefficients within ±2; the second and third are held small, the first when negative.

    Parameters
    ----------
    design, target
        Templates at the points, and fluxes, both divided by the errors.
    stiffness
        Weight of a coefficient of 1 beside a misfit of one standard deviation.
    """
    loose, tight = np.diag([0.0, stiffness, stiffness]), np.diag([stiffness] * 3)
    best = _bounded(design, target, loose)
    return best if best[0] >= 0.0 else _bounded(design, target, tight)


def _bounded(design: Floats, target: Floats, penalty: Floats) -> Floats:
    rows, values = np.vstack([design, penalty]), np.r_[target, np.zeros(len(penalty))]
    found = np.linalg.lstsq(rows, values)[0]
    if np.abs(found).max() > COEFFICIENT_MAX:
        found = lsq_linear(rows, values, bounds=(-COEFFICIENT_MAX, COEFFICIENT_MAX), method="bvls").x
    return np.asarray(found)


MODULES = (
    Module(
        name="kilonova",
        version="1.0",
        meaning="Score of being a kilonova, from three template curves in g and r.",
        reference="Biswas et al. 2023, A&A 677, A77 (arXiv:2210.17433); forest of fink-science",
        surveys=("ztf",),
        cost=Cost.MODERATE,
        scalars=("first_time", "n_detections", "time"),
        histories=("band", "mag", "mag_err", "time"),
        needs=("host_kind",),
        outputs=(
            Output("rf_kn_vs_nonkn", pa.float64(), "", "Share of the trees that say kilonova, 0 to 1.", Role.SCORE),
        ),
        compute=compute,
        load=load,
        provenance=provenance,
    ),
)
