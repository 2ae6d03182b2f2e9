"""Tracklets as Fink means them: at least five alerts of one exposure on a great circle, the glints of a satellite.

A satellite or a piece of debris that rotates sends flashes while it crosses the field: one exposure then shows a row
of point-like alerts (Karpov & Peloton 2022, arXiv:2202.05719). On a tangent plane a great circle is a straight line.
Through each alert the direction is sought that passes nearest to most others; a line is kept where so many alerts
would come to lie on one by chance, among so many of the exposure, in less than one of a hundred exposures.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from fink_lib.science.methods.night_alerts import NightAlerts, exposures, in_time_order, named

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PREFIX = "TRCK"
MEMBERS_MIN = 5
TOLERANCE_ARCSEC = 2.0  # from the line: twice the scatter of positions of faint detections
LENGTH_MIN_ARCSEC = 120.0  # shorter rows are pieces of one artefact
APART_ARCSEC = 5.0  # nearer alerts are one source, found twice
REJECTED_MAX = 10  # lines of chance after which an exposure is given up: the next ones are no longer
CHANCE_MAX = 0.01  # lines that chance makes, an exposure


@dataclass(frozen=True)
class Field:
    """The alerts of one exposure on a tangent plane, in arcsec."""

    x: Floats
    y: Floats

    @property
    def area(self) -> float:
        """Area of the square that holds the alerts, arcsec²."""
        return float(max(np.ptp(self.x), np.ptp(self.y), 1.0) ** 2)

    def __len__(self) -> int:
        return len(self.x)


def find_glints(night: NightAlerts) -> npt.NDArray[np.object_]:
    """Return the tracklet of each alert, ``TRCK_<date>_<time of the exposure>_<number>``, or an empty text.

    The order of the alerts changes nothing. Each alert belongs to one tracklet at most.
    """
    order = in_time_order(night)
    number = exposures(night.time[order])
    chosen: list[tuple[int, ...]] = []
    for one in range(int(number[-1]) + 1 if len(number) else 0):
        rows = np.flatnonzero(number == one)
        if len(rows) >= MEMBERS_MIN:
            chosen += [tuple(rows[list(line)].tolist()) for line in lines_of(tangent_plane(night, order[rows]))]
    names = np.full(len(night.time), "", dtype=object)
    for name, members in named(PREFIX, night.time[order], chosen):
        names[order[list(members)]] = name
    return names


def tangent_plane(night: NightAlerts, rows: Ints) -> Field:
    """Return alerts on the plane that touches the sky in their middle.

    Parameters
    ----------
    night
        Alerts with places in degrees.
    rows
        Those of one exposure; at least one.
    """
    ra, dec = np.radians(night.ra[rows]), np.radians(night.dec[rows])
    vectors = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    middle = vectors.mean(axis=0)
    middle /= np.linalg.norm(middle)
    east = np.cross([0.0, 0.0, 1.0] if abs(middle[2]) < 0.99 else [1.0, 0.0, 0.0], middle)  # noqa: PLR2004 - not parallel
    east /= np.linalg.norm(east)
    depth = np.maximum(vectors @ middle, 1e-3)
    scale = np.degrees(1.0) * 3600.0
    return Field(vectors @ east / depth * scale, vectors @ np.cross(middle, east) / depth * scale)


def lines_of(field: Field) -> list[tuple[int, ...]]:
    """Return the alerts of each line, the most populated line first; no alert is given twice."""
    left, found, rejected = np.arange(len(field)), list[tuple[int, ...]](), 0
    while len(left) >= MEMBERS_MIN and rejected < REJECTED_MAX:
        part = Field(field.x[left], field.y[left])
        best = max((_through(part, point) for point in range(len(part))), key=lambda line: (len(line), line))
        if len(best) < MEMBERS_MIN:
            break
        members = _refined(part, np.array(best, dtype=np.int64))
        if _is_line(field, part, members):
            found.append(tuple(left[members].tolist()))
        else:
            rejected += 1
        left = np.delete(left, members if len(members) else np.array(best))
    return found


def _through(field: Field, point: int) -> tuple[int, ...]:
    """Return the alerts nearest to the line through one of them that has most of them."""
    x, y = field.x - field.x[point], field.y - field.y[point]
    distance = np.hypot(x, y)
    others = np.flatnonzero(distance > APART_ARCSEC)
    if len(others) < MEMBERS_MIN - 1:
        return (point,)
    width = np.arcsin(np.minimum(1.0, TOLERANCE_ARCSEC / distance[others]))
    angle = np.arctan2(y[others], x[others]) % np.pi
    # A direction passes an alert within the tolerance between two angles; directions are the same after half a turn.
    starts, ends = np.r_[angle - width, angle - width + np.pi], np.r_[angle + width, angle + width + np.pi]
    order = np.argsort(np.r_[starts, ends], kind="stable")
    steps = np.repeat([1, -1], len(starts))[order]
    at = np.r_[starts, ends][order][np.argmax(np.cumsum(steps))]
    inside = (starts <= at) & (ends >= at)
    on_line = np.unique(np.tile(others, 2)[inside])
    return (point, *on_line.tolist())


def _refined(field: Field, members: Ints) -> Ints:
    """Return the alerts within the tolerance of the straight line that fits some of them best."""
    for _ in range(3):
        along, across = _from_line(field, members)
        inside = (
            (np.abs(across) <= TOLERANCE_ARCSEC) & (along >= along[members].min()) & (along <= along[members].max())
        )
        if inside.sum() < MEMBERS_MIN or np.array_equal(np.flatnonzero(inside), members):
            break
        members = np.flatnonzero(inside)
    return members


def _from_line(field: Field, members: Ints) -> tuple[Floats, Floats]:
    """Return places along, and distances from, the line that fits some alerts best, in arcsec."""
    middle = np.array([field.x[members].mean(), field.y[members].mean()])
    offset = np.stack([field.x, field.y], axis=1) - middle
    _, _, (along, across) = np.linalg.svd(offset[members], full_matrices=False)
    return offset @ along, offset @ across


def _is_line(field: Field, part: Field, members: Ints) -> bool:
    """Tell whether alerts are a line that chance does not make among those of the exposure."""
    along = np.sort(_from_line(part, members)[0][members])
    places, length, count = 1 + int((np.diff(along) > APART_ARCSEC).sum()), float(np.ptp(along)), len(field)
    if places < MEMBERS_MIN or length < LENGTH_MIN_ARCSEC:
        return False
    from scipy.special import pdtrc  # noqa: PLC0415 - only a line that is found asks for it

    expected = (count - 2) * 2.0 * TOLERANCE_ARCSEC * length / field.area
    return bool(comb(count, 2) * pdtrc(places - 3, expected) <= CHANCE_MAX)
