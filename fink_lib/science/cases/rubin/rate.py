"""How fast the source brightens or fades: from the last two detections in the band of the alert."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, ModuleResult, Output, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.photometry import MAG_PER_RELATIVE_FLUX

Array = npt.NDArray[Any]

# Two visits of one band in a night differ by noise: a rate over less than half an hour says nothing.
MIN_GAP_DAYS = 0.5 / 24.0


def compute(batch: AlertBatch, _resource: Any) -> ModuleResult:
    """Return the rates; errors are those of two independent fluxes, to first order.

    Parameters
    ----------
    batch
        Alerts with time (days), flux (njy), its error and band of their points; the last point is the alert's own.
    _resource
        Not used: nothing is loaded.
    """
    points = batch.histories
    time, flux, error, band = (points[name] for name in ("time", "flux", "flux_err", "band"))
    last = batch.offsets[1:] - 1
    before = _partner(batch, last)
    lonely = before < 0
    first = np.where(lonely, last, before)
    gap = np.where(lonely, np.nan, time[last] - time[first])
    mag_error = np.hypot(_relative(flux, error)[last], _relative(flux, error)[first]) * MAG_PER_RELATIVE_FLUX
    both = (flux[last] > 0) & (flux[first] > 0)
    ratio = np.where(both, flux[last] / flux[first], np.nan)
    columns: Mapping[str, Values] = {
        "rate_gap_days": gap,
        "flux_rate": (flux[last] - flux[first]) / gap,
        "flux_rate_err": np.hypot(error[last], error[first]) / gap,
        "mag_rate": -2.5 * np.log10(ratio) / gap,
        "mag_rate_err": np.where(both, mag_error, np.nan) / gap,
    }
    unknown = band[last] < 0
    return ModuleResult(columns, [(unknown, "the band is unknown"), (lonely, "no earlier detection in this band")])


def _partner(batch: AlertBatch, last: Array) -> Array:
    """Return the latest usable point of the band of the current one, at least half an hour older; -1 for none."""
    points, history = batch.histories, batch.history("time")
    owner = history.owners
    usable = np.isfinite(points["flux"]) & (points["flux_err"] > 0) & (points["band"] == points["band"][last][owner])
    usable &= points["time"] <= points["time"][last][owner] - MIN_GAP_DAYS
    rows = np.flatnonzero(usable)
    partner = np.full(len(batch), -1, dtype=np.int64)
    partner[owner[rows]] = rows  # in time order, so that the latest is written last
    return partner


def _relative(flux: Array, error: Array) -> Array:
    return np.asarray(error / flux)


MODULES = (
    Module(
        name="rate_rubin",
        version="1.0",
        meaning="Rate of change between the current detection and the one before it in the same band.",
        reference="same-band slope as in Andreoni et al. 2021, ApJ 918, 63 (arXiv:2104.06352), with analytic errors",
        surveys=("lsst",),
        cost=Cost.CHEAP,
        histories=("band", "flux", "flux_err", "time"),
        outputs=(
            Output("rate_gap_days", pa.float64(), "days", "Time between the two detections, at least half an hour."),
            Output("flux_rate", pa.float64(), "nJy/day", "Change of the difference flux; positive brightens."),
            Output("flux_rate_err", pa.float64(), "nJy/day", "Its error."),
            Output(
                "mag_rate", pa.float64(), "mag/day", "Change in magnitude, negative brightens; null below zero flux."
            ),
            Output("mag_rate_err", pa.float64(), "mag/day", "Its error."),
        ),
        compute=compute,
    ),
)
