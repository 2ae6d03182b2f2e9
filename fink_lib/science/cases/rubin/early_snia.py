"""SN Ia or SN II among Rubin alerts, by a model of our own.

The score is given from five detections with a positive flux on. Below, it is no better than chance (one detection) or
hardly so; the page shows how good it is before maximum, by number of detections, age and brightness. It was trained
on simulated SNe Ia and II alone, as many of the one as of the other: other supernovae and what is no supernova get a
score that means nothing. Where SNe Ia are another share, the odds change by Bayes' rule, as the page shows.
Rubin's packets name no host; with one the score would be better, as shown.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, ModuleResult, Output, Role
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.rubin.early_snia_model import EarlySnIaModel, load_model, mean_of, probabilities
from fink_lib.surveys.inputs import HOST

MIN_DETECTIONS = 5  # with positive flux: from here on the score before maximum is above 0.66, see the page
NO_FLUX, FEW = "no detection with a positive flux", f"fewer than {MIN_DETECTIONS} detections with a positive flux"


def load(_cache: Path) -> EarlySnIaModel:
    """Open the model that comes with the code."""
    return load_model()


def provenance(model: Any) -> Mapping[str, str]:
    """Name the model's file by its hash."""
    return {"model.early_snia_rubin": f"sha256 {model.digest[:12]}"}


def compute(batch: AlertBatch, model: Any) -> ModuleResult:
    """Score the alerts with enough measured positive fluxes; the mean of all members.

    Parameters
    ----------
    batch
        Alerts with time (days), flux (njy) and band of their points, and what the packet says of the host.
    model
        What `load` returns: the members.
    """
    with np.errstate(invalid="ignore"):
        usable = (batch.histories["flux"] > 0) & (batch.histories["flux_err"] > 0) & (batch.histories["band"] >= 0)
        usable &= np.isfinite(batch.histories["time"])
    count = batch.history("flux").count(usable)
    enough = count >= MIN_DETECTIONS
    rows = np.flatnonzero(enough)
    score = np.full(len(batch), np.nan)
    if len(rows):
        score[rows] = mean_of(probabilities(model, batch.take(rows)))
    return ModuleResult({"early_snia_score": score}, [(count == 0, NO_FLUX), (~enough, FEW)])


MODULES = (
    Module(
        name="early_snia_rubin",
        version="2.0",
        meaning="Score of a supernova being of type Ia rather than II, from five detections on.",
        reference="own boosted trees, card in fink_lib/science/models/own; features after Leoni et al. 2022, "
        "A&A 663, A13 (arXiv:2111.11438) and Fraga et al. 2024 (arXiv:2404.08798)",
        surveys=("lsst",),
        cost=Cost.MODERATE,
        scalars=HOST,
        histories=("band", "flux", "flux_err", "time"),
        forced=("band", "flux", "flux_err"),
        outputs=(
            Output(
                "early_snia_score",
                pa.float64(),
                "",
                "Score of SN Ia against SN II, 0 to 1, from five positive detections on; only for a supernova.",
                Role.SCORE,
            ),
        ),
        compute=compute,
        load=load,
        provenance=provenance,
    ),
)
