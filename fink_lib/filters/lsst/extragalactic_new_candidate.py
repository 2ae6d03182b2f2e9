"""New transients near galaxies that already change fast."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.rubin_history import BEFORE, NOW, age_days, younger_than
from fink_lib.filters.blocks.rubin_quality import brighter_than
from fink_lib.filters.blocks.rubin_surroundings import NEAR_GALAXY
from fink_lib.filters.conditions import among

RISE_MAG_PER_DAY, RISE_AGE_DAYS = -0.2, 3.0
FADE_RED_MAG_PER_DAY, FADE_BLUE_MAG_PER_DAY = 0.2, 0.5
RATE, BAND = "mag_rate", "diaSource.band"


def _changes(batch: Batch) -> Any:
    rate, band = batch[RATE], batch[BAND]
    rises = (rate < RISE_MAG_PER_DAY) & (age_days(batch) < RISE_AGE_DAYS)
    fades_red = among(band, ("r", "i")) & (rate > FADE_RED_MAG_PER_DAY)
    fades_blue = among(band, ("g", "u")) & (rate > FADE_BLUE_MAG_PER_DAY)
    return np.logical_or.reduce([rises, fades_red, fades_blue])


FILTER = Filter(
    name="extragalactic_new_candidate",
    version="1.1",
    survey="lsst",
    clauses=(
        *NEAR_GALAXY,
        younger_than(5.0),
        brighter_than(24.0),
        Clause(
            "rises by 0.2 mag/day within 3 d, or fades by 0.2 (r, i) or 0.5 (g, u)",
            (RATE, BAND, NOW, BEFORE),
            _changes,
            per_alert=True,
        ),
    ),
    description="Alerts near a galaxy, of sources of the last five days that brighten or fade fast in one band.",
    example="Take a spectrum of a supernova within days of its explosion.",
    owner="supernovae",
    reference="Fink's topic of the same name",
)
