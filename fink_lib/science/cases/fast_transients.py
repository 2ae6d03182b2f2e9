"""Fast transients: how fast the source fades, and how fast it must have risen after the last look that saw nothing.

One slope is fitted to the positive detections of the ten days before the alert, over all bands, each with a level of
its own. A fast one fades by more than 0.3 mag a day (Andreoni et al. 2021) with three standard deviations to spare,
over at least half a day within one band. Colours that change with time add to the slope; nothing is corrected for them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.fade import Points, Slope, slopes

Floats = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]

WINDOW_DAYS, SPAN_DAYS_MIN = 10.0, 0.5
FAST_MAG_PER_DAY, SIGMAS = 0.3, 3.0


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return slope, verdict and the least rise of each alert.

    Parameters
    ----------
    batch
        Alerts with time, magnitude, upper limit, sign and band of their points.
    _resource
        Not used: nothing is loaded.
    """
    points = batch.histories
    detected = np.isfinite(points["mag"]) & np.isfinite(points["mag_err"]) & (points["is_positive"] == 1.0)
    return fade_columns(batch, points["mag"], points["mag_err"], detected) | {
        "rise_at_least": _least_rise(batch, detected)
    }


def fade_columns(batch: AlertBatch, mag: Floats, mag_err: Floats, detected: Flags) -> dict[str, Values]:
    """Return the columns of the fade.

    Parameters
    ----------
    batch
        Alerts.
    mag, mag_err
        Of every point.
    detected
        Which points are positive detections with all that is needed.
    """
    time = batch.history("time")
    since = time.values - batch.scalars["time"][time.owners]
    used = detected & (batch.histories["band"] >= 0) & (since <= 0.0) & (since >= -WINDOW_DAYS)
    rows = np.flatnonzero(used)
    bands = batch.histories["band"][rows].astype(np.int64)
    found = slopes(Points(time.owners[rows], bands, since[rows], mag[rows], mag_err[rows]), len(batch))
    return {
        "fade_rate": found.rate,
        "fade_rate_err": found.error,
        "fade_span_days": found.span_days,
        "is_fast_fader": pa.array(_is_fast(found), mask=np.isnan(found.rate)),
    }


def _is_fast(found: Slope) -> Flags:
    sure = found.rate - SIGMAS * found.error > FAST_MAG_PER_DAY
    return np.asarray(sure & (found.span_days >= SPAN_DAYS_MIN), dtype=bool)


def _least_rise(batch: AlertBatch, detected: Flags) -> Floats:
    """Return by how much a day the source rose at least, from the last upper limit before its first detection."""
    points, time = batch.histories, batch.history("time")
    owner, count = time.owners, len(batch)
    first = np.full(count, -1, dtype=np.int64)
    seen = np.flatnonzero(detected & (points["band"] >= 0))
    first[owner[seen][::-1]] = seen[::-1]
    there = first >= 0
    at = np.maximum(first, 0)
    limits = np.isfinite(points["mag_limit"]) & np.isnan(points["mag"]) & (points["band"] == points["band"][at][owner])
    limits &= there[owner] & (points["time"] < points["time"][at][owner])
    rows = np.flatnonzero(limits)
    last = np.full(count, -1, dtype=np.int64)
    last[owner[rows]] = rows
    before = np.maximum(last, 0)
    days = np.where(there & (last >= 0), points["time"][at] - points["time"][before], np.nan)
    return np.asarray((points["mag_limit"][before] - points["mag"][at]) / days)


def outputs() -> tuple[Output, ...]:
    """Return the columns of the fade, which surveys share."""
    return (
        Output("fade_rate", pa.float64(), "mag/day", "Slope over ten days, positive fades; null with no two points."),
        Output("fade_rate_err", pa.float64(), "mag/day", "Its standard deviation."),
        Output("fade_span_days", pa.float64(), "days", "The longest that points of one band span."),
        Output(
            "is_fast_fader",
            pa.bool_(),
            "",
            f"Fades by more than {FAST_MAG_PER_DAY} mag/day with {SIGMAS:g} standard deviations to spare, over at "
            f"least {SPAN_DAYS_MIN:g} d in one band.",
        ),
    )


MODULES = (
    Module(
        name="fast_transients",
        version="1.1",
        meaning="How fast the source fades over all bands, and how fast it must have risen.",
        reference="criterion of Andreoni et al. 2021, ApJ 918, 63 (arXiv:2104.06352)",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=("time",),
        histories=("band", "is_positive", "mag", "mag_err", "mag_limit", "time"),
        outputs=(
            *outputs(),
            Output(
                "rise_at_least",
                pa.float64(),
                "mag/day",
                "Rise after the last upper limit before the first detection of the packet, in its band; negative where "
                "the limit is brighter and tells nothing.",
            ),
        ),
        compute=compute,
    ),
)
