"""Rubin: counterparts, on topics named as Fink's of ZTF.

Gold is what changes fast, by more than the error of the rate allows; no threshold of `reliability` is assumed.
"""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause
from fink_lib.filters.blocks.rubin_surroundings import EXTRAGALACTIC_OR_EMPTY
from fink_lib.filters.counterparts import Counterparts

FAST_MAG_PER_DAY, MIN_RATE_SNR = 0.3, 3.0


def _fast(batch: Batch) -> Any:
    rate = np.abs(batch["mag_rate"])
    return (rate > FAST_MAG_PER_DAY) & (rate > MIN_RATE_SNR * batch["mag_rate_err"])


COUNTERPARTS = Counterparts(
    survey="lsst",
    bronze=EXTRAGALACTIC_OR_EMPTY,
    gold=(
        Clause(
            f"changes by > {FAST_MAG_PER_DAY:g} mag/day, at > {MIN_RATE_SNR:g} sigma",
            ("mag_rate", "mag_rate_err"),
            _fast,
        ),
    ),
    fields={
        "objectId": "object_id",
        "diaSourceId": "alert_id",
        "lsst_ra": "ra",
        "lsst_dec": "dec",
        "band": "band",
        "midpointMjdTai": "diaSource.midpointMjdTai",
        "firstDiaSourceMjdTai": "diaObject.firstDiaSourceMjdTai",
        "reliability": "diaSource.reliability",
        "psfFlux": "diaSource.psfFlux",
        "psfFluxErr": "diaSource.psfFluxErr",
        "rate": "mag_rate",
        # what fink-client prints of an alert
        "diaSource.midpointMjdTai": "diaSource.midpointMjdTai",
        "diaSource.diaObjectId": "diaSource.diaObjectId",
        "diaSource.ssObjectId": "diaSource.ssObjectId",
    },
    suffix="_lsst",
)
