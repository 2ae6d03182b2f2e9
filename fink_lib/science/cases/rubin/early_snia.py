"""Early SN Ia among Rubin alerts, by a model of our own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Findings, Module, Output, Role
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.rubin.early_snia_model import EarlySnIaModel, load_model, mean_of, probabilities
from fink_lib.surveys.inputs import HOST

MIN_DETECTIONS = 1


def load(_cache: Path) -> EarlySnIaModel:
    """Open the model that comes with the code."""
    return load_model()


def provenance(model: Any) -> Mapping[str, str]:
    """Name the model's file by its hash."""
    return {"model.early_snia_rubin": f"sha256 {model.digest[:12]}"}


def compute(batch: AlertBatch, model: Any) -> Findings:
    """Score the alerts that have a measured positive flux; the mean of all members."""
    with np.errstate(invalid="ignore"):
        usable = (batch.histories["flux"] > 0) & (batch.histories["flux_err"] > 0) & (batch.histories["band"] >= 0)
        usable &= np.isfinite(batch.histories["time"])
    enough = batch.history("flux").count(usable) >= MIN_DETECTIONS
    rows = np.flatnonzero(enough)
    score = np.full(len(batch), np.nan)
    if len(rows):
        score[rows] = mean_of(probabilities(model, batch.take(rows)))
    return Findings({"early_snia_score": score}, [(~enough, "no detection with a positive flux")])


MODULES = (
    Module(
        name="early_snia_rubin",
        version="1.0",
        meaning="Probability that a supernova is of type Ia rather than II, from the light curve and its host.",
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
                "Probability of SN Ia against SN II, 0 to 1; it means something only for a supernova.",
                Role.SCORE,
            ),
        ),
        compute=compute,
        load=load,
        provenance=provenance,
    ),
)
