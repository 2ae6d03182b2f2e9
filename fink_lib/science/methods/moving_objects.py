"""What moves in a night: which alerts may, the glints of satellites among them, and the links of moving objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.science.cases.solar_system import CANDIDATE, FIRST_DETECTION
from fink_lib.science.methods.glints import find_glints
from fink_lib.science.methods.links import find_links
from fink_lib.science.methods.night_alerts import NightAlerts
from fink_lib.sky import separation_deg
from fink_lib.surveys.inputs import BANDS

Objects = npt.NDArray[np.object_]

# Seen once or twice and on no star. Objects that the Minor Planet Center knows need no link.
MAY_MOVE = (FIRST_DETECTION, CANDIDATE)
# What the modules read of the packet, and what they found.
NEEDED = ("time", "ra", "dec", "mag", "band", "object_id")


@dataclass(frozen=True)
class Member:
    """An alert of a tracklet (glints of one exposure) or of a link (a moving object).

    Attributes
    ----------
    tracklet
        Name of the tracklet or link.
    alert_id, object_id
        The alert, and the object that the survey calls it.
    time, ra, dec, mag, band
        JD (UTC), degrees, magnitude, name of the band.
    members
        Alerts of it.
    rate_deg_per_day
        How fast a linked object moves, from its first alert to its last; None for glints, which are of one time.
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
    rate_deg_per_day: float | None


@dataclass(frozen=True)
class Moving:
    """What was found in a night; no alert is in both.

    Attributes
    ----------
    glints
        Members of the tracklets of single exposures.
    links
        Members of the links of moving objects.
    """

    glints: list[Member]
    links: list[Member]


def moving_of(alert_id: npt.NDArray[np.int64], columns: Mapping[str, Any]) -> Moving:
    """Return the members of all tracklets of a night, and those of its links, each by name and time.

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
    objects = np.asarray(columns["object_id"], dtype=object)
    glint = find_glints(night)
    others = np.flatnonzero(glint == "")
    left = night.take(others)
    return Moving(
        glints=_named_members(night, glint, objects, moves=False),
        links=_named_members(left, find_links(left), objects[others], moves=True),
    )


def _named_members(night: NightAlerts, names: Objects, objects: Objects, *, moves: bool) -> list[Member]:
    found: list[Member] = []
    for name in sorted(set(names) - {""}):
        rows = np.flatnonzero(names == name)
        rows = rows[np.lexsort((night.alert_id[rows], night.time[rows]))]
        found += _members(name, rows, night, objects, moves=moves)
    return found


def _rate(night: NightAlerts, first: int, last: int) -> float:
    angle = separation_deg(night.ra[first], night.dec[first], night.ra[last], night.dec[last])
    return float(angle / (night.time[last] - night.time[first]))


def _members(
    name: str, rows: npt.NDArray[np.int64], night: NightAlerts, objects: Objects, *, moves: bool
) -> list[Member]:
    rate = _rate(night, int(rows[0]), int(rows[-1])) if moves else None
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
