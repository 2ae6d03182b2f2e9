"""Fast transients that brighten while they are watched."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.rubin_history import younger_than
from fink_lib.filters.blocks.rubin_quality import FLUX, brighter_than
from fink_lib.filters.blocks.rubin_surroundings import EXTRAGALACTIC_OR_EMPTY

MIN_RISE_MAG_PER_DAY = 0.3
MIN_RATE_SNR = 3.0
MAG_TO_RELATIVE_FLUX = np.log(10.0) / 2.5


def _rises_fast(batch: Batch) -> Any:
    return batch["flux_rate"] > MIN_RISE_MAG_PER_DAY * MAG_TO_RELATIVE_FLUX * batch[FLUX]


def _rate_is_significant(batch: Batch) -> Any:
    return np.abs(batch["flux_rate"]) / batch["flux_rate_err"] > MIN_RATE_SNR


FILTER = Filter(
    name="fast_transient_gvom",
    version="1.1",
    survey="lsst",
    clauses=(
        *EXTRAGALACTIC_OR_EMPTY,
        younger_than(5.0),
        brighter_than(21.0),
        Clause(f"brightens by > {MIN_RISE_MAG_PER_DAY:g} mag/day", ("flux_rate", FLUX), _rises_fast),
        Clause(f"the rate is of > {MIN_RATE_SNR:g} sigma", ("flux_rate", "flux_rate_err"), _rate_is_significant),
    ),
    description="Alerts brighter than 21 mag, of extragalactic candidates of the last five days that rise fast.",
    example="Point a robotic telescope at an afterglow on its way up.",
    owner="multi-messenger",
    reference="Fink's topic of the same name; Andreoni et al. 2021, ApJ 918, 63 (arXiv:2104.06352)",
)
