"""Type Ia supernovae before their maximum: the shape of the rise in g and r, judged by a forest of 1,000 trees."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.cases.host import closed
from fink_lib.science.framework.base import Cost, Module, ModuleResult, Output, Role
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.fluxcal import fluxcal
from fink_lib.science.methods.rise import NIGHTS_MIN, Rise, is_rising, nightly, rise_of
from fink_lib.science.models import Forest, ModelFacts, load_forest
from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[Any]

MODEL = "early_snia"
ZTF_BANDS = ("g", "r")

POINTS_MIN = 4
DETECTIONS_MAX = 20


@dataclass(frozen=True)
class Resource:
    """The forest, and what it can be traced back to."""

    forest: Forest
    facts: ModelFacts


def load(cache: Path) -> Resource:
    """Open the forest."""
    return Resource(*load_forest(MODEL, cache))


def provenance(resource: Resource) -> dict[str, str]:
    """Name the version and hash of the forest."""
    return resource.facts.provenance


def compute(batch: AlertBatch, resource: Any) -> ModuleResult:
    """Return the score of the alerts that pass the gates and rise in both bands.

    Parameters
    ----------
    batch
        Alerts with time, magnitude and band of their points, the number of detections and the kind of host.
    resource
        What `load` returns: the forest.
    """
    gates = gate(batch)
    open_ = ~np.logical_or.reduce([flags for flags, _ in gates])
    rises = {row: found for row in np.flatnonzero(open_).tolist() if (found := rises_of(batch, row)) is not None}
    scores, rising = np.full(len(batch), np.nan), np.zeros(len(batch), dtype=bool)
    if rises:
        rows = list(rises)
        rising[rows] = True
        scores[rows] = resource.forest.mean(np.array([np.concatenate(found) for found in rises.values()]))
    return ModuleResult(
        {"rf_snia_vs_nonia": scores}, [*gates, (~rising, f"no rise on {NIGHTS_MIN} nights in both g and r")]
    )


def gate(batch: AlertBatch) -> list[tuple[npt.NDArray[np.bool_], str]]:
    """Return who is kept out and why, in the order in which reasons are given."""
    mag = batch.history("mag")
    detections = batch.scalars["n_detections"]
    few = mag.count(usable(batch)) < POINTS_MIN
    return [
        (few, f"fewer than {POINTS_MIN} detections"),
        (np.isnan(detections), "the number of detections is not known"),
        (detections > DETECTIONS_MAX, f"more than {DETECTIONS_MAX} detections since the survey began"),
        closed(batch),
    ]


def usable(batch: AlertBatch) -> npt.NDArray[np.bool_]:
    """Return which points of the histories have a magnitude, an error and a time."""
    points = batch.histories
    return np.asarray(np.isfinite(points["mag"]) & np.isfinite(points["mag_err"]) & np.isfinite(points["time"]))


def rises_of(batch: AlertBatch, row: int) -> tuple[Rise, ...] | None:
    """Return the rise of one alert in each band; None where one of them has none.

    Parameters
    ----------
    batch
        Alerts with time (days), magnitude, its error and band of their points.
    row
        Place of the alert in the batch.
    """
    time, mag, mag_err, band = (batch.history(name).of(row) for name in ("time", "mag", "mag_err", "band"))
    sound = np.isfinite(mag) & np.isfinite(mag_err) & np.isfinite(time)
    bands = [sound & (band == BANDS.index(name)) for name in ZTF_BANDS]
    if min(chosen.sum() for chosen in bands) < NIGHTS_MIN:
        return None
    flux, flux_err = fluxcal(mag, mag_err)
    nights = [nightly(time[chosen], flux[chosen], flux_err[chosen]) for chosen in bands]
    if not all(is_rising(each) for each in nights):
        return None
    return tuple(rise_of(each) for each in nights)


MODULES = (
    Module(
        name="early_snia",
        version="1.0",
        meaning="Score of being a type Ia supernova that is still rising, from sigmoid fits in g and r.",
        reference="Leoni et al. 2022, A&A 663, A13 (arXiv:2111.11438); Ishida et al. 2019 (arXiv:1804.03765)",
        surveys=("ztf",),
        cost=Cost.MODERATE,
        scalars=("n_detections",),
        histories=("band", "mag", "mag_err", "time"),
        needs=("host_kind",),
        outputs=(
            Output("rf_snia_vs_nonia", pa.float64(), "", "Share of the trees that say type Ia, 0 to 1.", Role.SCORE),
        ),
        compute=compute,
        load=load,
        provenance=provenance,
    ),
)
