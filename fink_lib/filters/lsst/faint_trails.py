"""Faint trails: near-Earth objects that move during the exposure."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.rubin_quality import FLUX, GOOD_QUALITY, brighter_than, magnitude
from fink_lib.filters.conditions import above

BRIGHT_MAG, FAINT_MAG = 18.0, 21.0
MIN_TRAIL_ARCSEC = 2.0
MIN_ELONGATION = 2.0
MOMENTS = ("diaSource.ixx", "diaSource.iyy", "diaSource.ixy")


def elongation(ixx: Any, iyy: Any, ixy: Any) -> Any:
    """Return the ratio of the axes of the ellipse with these second moments; NaN where they are of none.

    Parameters
    ----------
    ixx, iyy, ixy
        Second moments, all in one unit; shape (alerts,).

    Returns
    -------
    Major axis over minor one, shape (alerts,).
    """
    mean, half = 0.5 * (ixx + iyy), np.hypot(0.5 * (ixx - iyy), ixy)
    minor = np.where(mean - half > 0.0, mean - half, np.nan)
    return np.sqrt((mean + half) / minor)


def _is_long(batch: Batch) -> Any:
    return elongation(*(batch[moment].astype(np.float64) for moment in MOMENTS)) > MIN_ELONGATION


FILTER = Filter(
    name="faint_trails",
    version="1.0",
    survey="lsst",
    clauses=(
        Clause(f"fainter than {BRIGHT_MAG:g} mag", (FLUX,), lambda batch: magnitude(batch[FLUX]) > BRIGHT_MAG),
        brighter_than(FAINT_MAG),
        above("diaSource.trailLength", MIN_TRAIL_ARCSEC),
        above("diaSource.trailFlux", 0.0),
        *GOOD_QUALITY,
        Clause(f"elongation of the moments > {MIN_ELONGATION:g}", MOMENTS, _is_long),
    ),
    description="Good detections of 18 to 21 mag that are trails of more than two arcsec.",
    example="Report a near-Earth object while it can still be found again.",
    owner="solar-system",
    reference="Fink's topic of the same name",
)
