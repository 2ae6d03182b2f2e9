"""Young stars of SPICY that drift in brightness."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.catalogued import has_counterpart
from fink_lib.filters.blocks.histories import light_curves, paths, per_alert

MIN_SLOPE_MAG_PER_DAY = 0.025
MIN_R2 = 0.6
MIN_POINTS = 5
RED = 2  # ZTF's number of the r band
POINT = ("jd", "magpsf", "fid")
SLOPE = "lc_features_r.linear_fit_slope"


def determination(jd: Any, mag: Any, band: Any) -> float:
    """Return how much of the scatter in r a straight line explains; NaN for fewer than five points.

    Parameters
    ----------
    jd
        JD, shape (points,).
    mag
        Shape (points,); NaN for an upper limit.
    band
        ZTF's number of the band, shape (points,).

    Returns
    -------
    From 0 to 1; NaN too where all times or all magnitudes are the same.
    """
    used = np.isfinite(mag) & (band == RED)
    jd, mag = jd[used], mag[used]
    if len(jd) < MIN_POINTS or np.ptp(jd) == 0.0 or np.ptp(mag) == 0.0:
        return float("nan")
    return float(np.corrcoef(jd - jd[0], mag)[0, 1] ** 2)


def _is_straight(batch: Batch) -> Any:
    curves = light_curves(batch, "candidate", "prv_candidates", POINT)
    return per_alert(curves, lambda *curve: determination(*curve) > MIN_R2)


FILTER = Filter(
    name="yso_spicy_candidates",
    version="1.0",
    survey="ztf",
    clauses=(
        has_counterpart("spicy_class", "a young star of SPICY is there"),
        Clause(
            f"changes by > {MIN_SLOPE_MAG_PER_DAY:g} mag/day in r",
            (SLOPE,),
            lambda batch: np.abs(batch[SLOPE]) > MIN_SLOPE_MAG_PER_DAY,
        ),
        Clause(
            f"a line explains > {100 * MIN_R2:g} % of the scatter in r",
            paths("candidate", "prv_candidates", POINT),
            _is_straight,
            per_alert=True,
        ),
    ),
    description="Alerts of young stellar objects of SPICY that brighten or fade steadily in r.",
    example="See an outburst of FU Orionis type from its beginning.",
    owner="young-stars",
    reference="Kuhn et al. 2021, ApJS 254, 33; Fink's topic of the same name",
)
