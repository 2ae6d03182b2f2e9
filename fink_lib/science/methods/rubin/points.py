"""The light curve of a Rubin alert: its detections and the forced photometry between them, in time order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.science.framework.batch import AlertBatch

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]

# Two rows of one visit carry the same mid-point; the nearest visits are 30 s apart.
SAME_VISIT_DAYS = 1e-4


@dataclass(frozen=True)
class LightCurves:
    """The points of all alerts, flat, ordered by alert, then time, then band.

    Attributes
    ----------
    offsets
        Alert i owns the points ``offsets[i]`` to ``offsets[i + 1]``.
    owner
        Alert of each point.
    age_days
        Days from the point to the alert's own observation: 0 for it, positive for earlier points.
    band
        Place of the band in ``ugrizy``.
    flux_njy, flux_err_njy
        Difference flux and its error.
    is_detection
        Whether it is a source of the packet, as opposed to a forced measurement.
    """

    offsets: Ints
    owner: Ints
    age_days: Array
    band: Array
    flux_njy: Array
    flux_err_njy: Array
    is_detection: Array

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def snr(self) -> Array:
        """Signal-to-noise ratio of each point."""
        return np.asarray(self.flux_njy / self.flux_err_njy)


def light_curves(batch: AlertBatch) -> LightCurves:
    """Join detections and forced photometry of each alert.

    A forced measurement of a visit that has a detection is the same light and is left out, and so is every
    point without flux, error, time or band, and any that is later than the alert's latest detection.
    """
    count = len(batch)
    sources, forced = batch.histories, batch.forced
    owner = np.r_[batch.history("time").owners, _owners(batch.forced_offsets, count)]
    is_detection = np.arange(len(owner)) < len(sources["time"])
    joined = {name: np.r_[sources[name], forced[name]] for name in ("time", "band", "flux", "flux_err")}
    age = sources["time"][batch.offsets[1:] - 1][owner] - joined["time"]
    with np.errstate(invalid="ignore"):
        usable = (age > -SAME_VISIT_DAYS) & np.isfinite(joined["flux"]) & (joined["flux_err"] > 0)
    usable &= np.isfinite(joined["flux_err"]) & (joined["band"] >= 0)
    rows = np.flatnonzero(usable)
    visit = np.round(age[rows] / SAME_VISIT_DAYS)
    # Detections stand first among the points of one visit, and the first one is kept.
    rows = rows[np.lexsort((~is_detection[rows], joined["band"][rows], -visit, owner[rows]))]
    keep = np.ones(len(rows), dtype=bool)
    visit = np.round(age[rows] / SAME_VISIT_DAYS)
    keep[1:] = (np.diff(owner[rows]) != 0) | (np.diff(visit) != 0) | (np.diff(joined["band"][rows].astype(int)) != 0)
    rows = rows[keep]
    return LightCurves(
        offsets=np.searchsorted(owner[rows], np.arange(count + 1)).astype(np.int64),
        owner=owner[rows],
        age_days=np.maximum(age[rows], 0.0),
        band=joined["band"][rows].astype(np.int64),
        flux_njy=joined["flux"][rows],
        flux_err_njy=joined["flux_err"][rows],
        is_detection=is_detection[rows],
    )


def _owners(offsets: Ints, count: int) -> Ints:
    lengths = np.diff(offsets) if len(offsets) == count + 1 else np.zeros(count, dtype=np.int64)
    return np.repeat(np.arange(count), lengths)
