"""Kilonovae: fast transients told apart by how much of each of three template curves their light holds.

Method: Biswas et al. 2023, A&A 677, A77 (arXiv:2210.17433). In each band the light curve is written as a sum of three
principal components of simulated kilonovae and other transients; a forest of 30 trees judges the coefficients. They
are found as in the training of the forest (package kndetect, of the authors): the second one and negative ones cost
their size, weighted by the square of the signal to noise at maximum, and a band has at least three points.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.cases.early_snia import usable
from fink_lib.science.cases.host import closed
from fink_lib.science.framework.base import Cost, Module, ModuleResult, Output, Role
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.fluxcal import fluxcal
from fink_lib.science.models import Forest, ModelFacts, load_forest
from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[Any]

MODEL = "kilonova"
ZTF_BANDS = ("g", "r")

POINTS_MIN = 2
BAND_POINTS_MIN = 3  # in each band, as in training
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


def compute(batch: AlertBatch, resource: Any) -> ModuleResult:
    """Return the score of the alerts that pass the gates and can be fitted in both bands.

    Parameters
    ----------
    batch
        Alerts with time, magnitude and band of their points, the number of detections and the kind of host.
    resource
        What `load` returns: the forest and the template curves.
    """
    gates = gate(batch)
    open_ = ~np.logical_or.reduce([flags for flags, _ in gates])
    templates = resource.components
    fits = {row: fit for row in np.flatnonzero(open_).tolist() if (fit := features_of(batch, row, templates))}
    scores, fitted = np.full(len(batch), np.nan), np.zeros(len(batch), dtype=bool)
    if fits:
        rows = list(fits)
        fitted[rows] = True
        scores[rows] = resource.forest.mean(np.array(list(fits.values())))
    gates.append((~fitted, f"fewer than {BAND_POINTS_MIN} detections near the maximum of g or r"))
    return ModuleResult({"rf_kn_vs_nonkn": scores}, gates)


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
    """Return the features of one alert, g then r; None where one of the bands cannot be fitted.

    Parameters
    ----------
    batch
        Alerts with time (days), magnitude, its error and band of their points.
    row
        Place of the alert in the batch.
    templates
        Template curves in steps of `STEP_DAYS`, maximum in the middle; shape (3, places).
    """
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
        None where the band is too faint or has fewer than three points within the templates' reach.
    """
    if not len(flux) or not flux.max() > FLUX_MIN:
        return None
    middle = (templates.shape[1] - 1) / 2
    since = time - time[flux.argmax()]
    near = np.abs(since) < middle * STEP_DAYS
    if near.sum() < BAND_POINTS_MIN:
        return None
    highest, error = flux.max(), flux_err[near] / flux.max()
    places = np.round(since[near] / STEP_DAYS + middle).astype(np.int64)
    design, target = templates[:, places].T / error[:, None], flux[near] / highest / error
    coefficients = coefficients_of(design, target, price=float(error[flux[near].argmax()]) ** -2.0)
    misfit = float(np.sqrt(np.mean((design @ coefficients - target) ** 2)))
    return [*coefficients.tolist(), misfit, float(highest)]


def coefficients_of(design: Floats, target: Floats, price: float) -> Floats:
    """Return the coefficients within ±2 of least loss: squared misfit, and what some coefficients cost.

    A unit of the second one costs the price, a negative unit of any costs it too. The loss is convex, and quadratic
    between the places where a coefficient is 0 or at a bound: of all choices of which ones are there, each solved as
    it stands, the one of least loss is the minimum.

    Parameters
    ----------
    design, target
        Templates at the points, and fluxes, both divided by the errors; shape (points, 3) and (points,).
    price
        What a unit costs, beside the squared misfit.
    """
    gram, along = design.T @ design, design.T @ target
    gram += np.eye(len(gram)) * (RIDGE * np.trace(gram))  # points of one place leave a coefficient open
    slope = price * _PRICES
    rows = np.where(_FREE[:, :, None], gram[None], np.eye(3)[None])
    values = np.where(_FREE, along[None] - 0.5 * slope, _FIXED)
    found = np.linalg.solve(rows, values[:, :, None])[:, :, 0]
    inside = np.where(_FREE, (found * _SIDES >= 0.0) & (np.abs(found) <= COEFFICIENT_MAX), True).all(axis=1)
    loss = np.einsum("ki,ij,kj->k", found, gram, found) - 2.0 * found @ along + (slope * found).sum(axis=1)
    return np.asarray(found[np.argmin(np.where(inside, loss, np.inf))])


def _choices() -> tuple[Floats, Floats, Floats, Floats]:
    """Return for each choice of where the coefficients are: which are free, where the others are, sides and prices."""
    places = np.array(list(product(range(5), repeat=3)))  # at -2, negative, 0, positive, at 2
    free = np.isin(places, (1, 3))
    fixed = np.choose(places, (-COEFFICIENT_MAX, 0.0, 0.0, 0.0, COEFFICIENT_MAX))
    sides = np.choose(places, (-1.0, -1.0, 0.0, 1.0, 1.0))
    second = np.arange(3) == SECOND
    return free, fixed, sides, np.where(sides < 0.0, -1.0, 0.0) + np.where(second, sides, 0.0)


RIDGE = 1e-12
SECOND = 1
_FREE, _FIXED, _SIDES, _PRICES = _choices()


MODULES = (
    Module(
        name="kilonova",
        version="1.1",
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
