"""Young transients that brighten fast."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.detection import REAL, at_most_old
from fink_lib.filters.blocks.histories import light_curves, paths, per_alert
from fink_lib.filters.blocks.moving import NOT_MOVING
from fink_lib.filters.blocks.surroundings import MAY_BE_EXTRAGALACTIC

MAX_AGE_DAYS = 60.0
MIN_RISE_MAG_PER_DAY = 0.25
MIN_GAP_DAYS = 0.02  # two exposures of one visit differ by noise
POINT = ("jd", "magpsf", "fid")


def fastest_rise(jd: Any, mag: Any, band: Any) -> float:
    """Return the fastest brightening between two successive detections in one band, in mag/day; 0 for none.

    Parameters
    ----------
    jd
        JD, shape (points,), in any order.
    mag
        Shape (points,); NaN for an upper limit.
    band
        Number of the band, shape (points,).

    Returns
    -------
    Pairs that are less than `MIN_GAP_DAYS` apart are left out.
    """
    seen = np.isfinite(jd) & np.isfinite(mag)
    jd, mag, band = jd[seen], mag[seen], band[seen]
    order = np.lexsort((jd, band))
    jd, mag, band = jd[order], mag[order], band[order]
    gap = np.diff(jd)
    pairs = (np.diff(band) == 0) & (gap >= MIN_GAP_DAYS)
    return float((-np.diff(mag)[pairs] / gap[pairs]).max(initial=0.0))


def _rises_fast(batch: Batch) -> Any:
    curves = light_curves(batch, "candidate", "prv_candidates", POINT)
    return per_alert(curves, lambda *curve: fastest_rise(*curve) >= MIN_RISE_MAG_PER_DAY)


FILTER = Filter(
    name="fast_riser_candidates",
    version="1.0",
    survey="ztf",
    clauses=(
        MAY_BE_EXTRAGALACTIC,
        NOT_MOVING,
        REAL,
        at_most_old(MAX_AGE_DAYS),
        Clause(
            f"brightened by >= {MIN_RISE_MAG_PER_DAY:g} mag/day in one band",
            paths("candidate", "prv_candidates", POINT),
            _rises_fast,
            per_alert=True,
        ),
    ),
    description="Alerts of transients that brightened by a quarter magnitude a day or more in the last two months.",
    example="Observe shock breakouts and fast blue transients while they still rise.",
    owner="transients",
    reference="Fink's topic of the same name; Ho et al. 2023, ApJ 949, 120 (fast transients in ZTF)",
)
