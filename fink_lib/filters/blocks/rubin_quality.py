"""Rubin: measurements that can be trusted, and how bright they are."""

from functools import partial
from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause
from fink_lib.filters.conditions import above, is_false

AB_ZERO_POINT_NJY = 31.4
MIN_SNR = 6.0
FLAGS = tuple(
    f"diaSource.{flag}"
    for flag in (
        "isDipole",
        "pixelFlags",
        "pixelFlags_bad",
        "pixelFlags_saturated",
        "pixelFlags_streakCenter",
        "pixelFlags_interpolated",
        "pixelFlags_cr",
        "pixelFlags_nodata",
        "pixelFlags_streak",
        "pixelFlags_edge",
        "psfFlux_flag",
        "apFlux_flag",
        "forced_PsfFlux_flag",
        "forced_PsfFlux_flag_edge",
        "shape_flag",
        "centroid_flag",
    )
)
FLUX, FLUX_ERR = "diaSource.psfFlux", "diaSource.psfFluxErr"


def magnitude(flux_njy: Any) -> Any:
    """Return AB magnitudes of fluxes in nJy; NaN where the flux is not positive."""
    return AB_ZERO_POINT_NJY - 2.5 * np.log10(np.where(flux_njy > 0.0, flux_njy, np.nan))


def brighter_than(mag: float) -> Clause:
    """Return the clause that the difference flux is that of a magnitude, or more."""
    return Clause(f"brighter than {mag:g} mag", (FLUX,), lambda batch: magnitude(batch[FLUX]) < mag)


def _no_flag(batch: Batch) -> Any:
    """Return where every flag is there and none is set."""
    set_or_null = [np.asarray(batch[flag].to_numpy(dtype=object, na_value=True), dtype=bool) for flag in FLAGS]
    return ~np.logical_or.reduce(set_or_null)


def _significant(batch: Batch, limit: float) -> Any:
    return batch[FLUX] / batch[FLUX_ERR] >= limit


GOOD_QUALITY = (
    Clause("no quality flag is set", FLAGS, _no_flag),
    Clause(f"psfFlux / psfFluxErr >= {MIN_SNR:g}", (FLUX, FLUX_ERR), partial(_significant, limit=MIN_SNR)),
)
POSITIVE = is_false("diaSource.isNegative", "brighter than the template")
SURELY_DETECTED = above("diaSource.snr", 10.0)
