"""Bright transients that still rise."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.rubin_history import older_than, seen_more_than
from fink_lib.filters.blocks.rubin_quality import FLUX, brighter_than
from fink_lib.filters.blocks.rubin_surroundings import EXTRAGALACTIC_OR_EMPTY

BANDS = "ugrizy"
MEANS = tuple(f"diaObject.{band}_psfFlux{what}" for band in BANDS for what in ("Mean", "MeanErr"))


def _above_mean(batch: Batch) -> Any:
    mean, error = np.full((2, len(batch[FLUX])), np.nan)
    for band in BANDS:
        here = batch["diaSource.band"] == band
        mean = np.where(here, batch[f"diaObject.{band}_psfFluxMean"], mean)
        error = np.where(here, batch[f"diaObject.{band}_psfFluxMeanErr"], error)
    return batch[FLUX] - mean > error


FILTER = Filter(
    name="extragalactic_lt20mag_candidate",
    version="1.1",
    survey="lsst",
    clauses=(
        *EXTRAGALACTIC_OR_EMPTY,
        brighter_than(20.0),
        Clause("above the mean flux of its band", (FLUX, "diaSource.band", *MEANS), _above_mean),
        seen_more_than(4),
        older_than(1.0),
    ),
    description="Alerts brighter than 20 mag of extragalactic candidates that are brighter than their mean.",
    example="Classify bright transients with a small telescope before they fade.",
    owner="transients",
    reference="Fink's topic of the same name",
)
