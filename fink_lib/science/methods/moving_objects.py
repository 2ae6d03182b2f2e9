"""The moving objects of a night: which alerts may belong to one, and the table of the tracklets that they form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.catalogs.index import unit_vectors
from fink_lib.science.cases.solar_system import CANDIDATE, FIRST_DETECTION
from fink_lib.science.methods.tracklets import NightAlerts, find_tracklets
from fink_lib.surveys.inputs import BANDS

Objects = npt.NDArray[np.object_]

# Seen once or twice and on no star. Objects that the Minor Planet Center knows need no tracklet.
MAY_MOVE = (FIRST_DETECTION, CANDIDATE)
# What the modules read of the packet, and what they found.
NEEDED = ("time", "ra", "dec", "mag", "band", "object_id")


@dataclass(frozen=True)
class Member:
    """An alert of a tracklet.

    Attributes
    ----------
    tracklet
        Name of the tracklet.
    alert_id, object_id
        The alert, and the object that the survey calls it.
    time, ra, dec, mag, band
        JD (UTC), degrees, magnitude, name of the band.
    members
        Alerts of the tracklet.
    rate_deg_per_day
        How fast it moves, from its first alert to its last.
    """

    tracklet: str
    alert_id: int
    object_id: str | None
    time: float
    ra: float
    dec: float
    mag: float
    band: str | None
    members: int
    rate_deg_per_day: float


def members_of(alert_id: npt.NDArray[np.int64], columns: Mapping[str, Any]) -> list[Member]:
    """Return the members of all tracklets of a night, by tracklet and time.

    Parameters
    ----------
    alert_id
        Identity of each alert that may move.
    columns
        The columns of `NEEDED`, one value an alert; the band as its place in `BANDS`, -1 for none.
    """
    numbers = {name: np.asarray(columns[name], dtype=np.float64) for name in ("time", "ra", "dec", "mag")}
    band = np.asarray(columns["band"], dtype=np.int64)
    night = NightAlerts(np.asarray(alert_id, dtype=np.int64), **numbers, band=band)
    names = find_tracklets(night)
    found: list[Member] = []
    for name in sorted(set(names) - {""}):
        rows = np.flatnonzero(names == name)
        rows = rows[np.lexsort((night.alert_id[rows], night.time[rows]))]
        found += _members(name, rows, night, columns["object_id"])
    return found


def _members(name: str, rows: npt.NDArray[np.int64], night: NightAlerts, objects: Sequence[Any]) -> list[Member]:
    first, last = rows[0], rows[-1]
    chord = np.diff(unit_vectors(night.ra[[first, last]], night.dec[[first, last]]), axis=0)
    angle = np.degrees(2.0 * np.arcsin(0.5 * np.sqrt((chord**2).sum())))
    rate = float(angle / (night.time[last] - night.time[first]))
    return [
        Member(
            tracklet=name,
            alert_id=int(night.alert_id[row]),
            object_id=objects[row],
            time=float(night.time[row]),
            ra=float(night.ra[row]),
            dec=float(night.dec[row]),
            mag=float(night.mag[row]),
            band=BANDS[night.band[row]] if night.band[row] >= 0 else None,
            members=len(rows),
            rate_deg_per_day=rate,
        )
        for row in rows.tolist()
    ]
