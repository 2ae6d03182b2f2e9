"""Tracklets: alerts of one night that lie along the path of one moving object.

A pure function for the nightly step; the stream cannot know what comes later in the night. Pairs of exposures give
a velocity; an object that is too slow is a star, one that is too fast is chance. Pairs grow to longer tracklets
where a third exposure finds an alert at the place that the velocity predicts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PREFIX = "TRCK"
EXPOSURE_S = 5.0  # alerts whose times differ by less belong to one exposure
RATE_MIN_DEG_PER_DAY, RATE_MAX_DEG_PER_DAY = 0.02, 2.0  # from distant objects to fast near-Earth asteroids
GAP_MAX_HOURS = 2.0
MAG_DIFFERENCE_MAX = {True: 0.6, False: 1.2}  # same band, different bands
PREDICTION_ARCSEC = 2.0
JD_OF_UNIX_EPOCH = 2440587.5
ARCSEC_PER_DEG = 3600.0


@dataclass(frozen=True)
class NightAlerts:
    """The alerts of a night that may be moving objects.

    Attributes
    ----------
    alert_id
        Identity; the order of the alerts changes nothing.
    time
        JD (UTC), days.
    ra, dec
        Degrees.
    mag, band
        Magnitude and place of the band.
    """

    alert_id: Ints
    time: Floats
    ra: Floats
    dec: Floats
    mag: Floats
    band: Ints

    def take(self, rows: Ints) -> "NightAlerts":
        """Return some of the alerts."""
        return NightAlerts(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def find_tracklets(night: NightAlerts) -> npt.NDArray[np.object_]:
    """Return the tracklet of each alert, ``TRCK_<date>_<time of its first alert>_<number>``, or an empty text.

    Each alert belongs to one tracklet at most: the longest, and of equal ones the one with the smaller residual.
    """
    usable = np.isfinite(night.time) & np.isfinite(night.ra) & np.isfinite(night.dec) & np.isfinite(night.mag)
    rows = np.flatnonzero(usable)
    order = rows[np.lexsort((night.alert_id[rows], night.time[rows]))]
    names = np.full(len(night.time), "", dtype=object)
    chosen = _choose(_grow(night.take(order)))
    for name, members in _named(night.time[order], chosen):
        names[order[list(members)]] = name
    return names


def _grow(night: NightAlerts) -> list[tuple[float, tuple[int, ...]]]:
    """Return candidates as (largest residual in arcsec, alerts in time order)."""
    exposure = _exposures(night.time)
    found = []
    for first, second in _pairs(night, exposure):
        members, residual = [first, second], 0.0
        for number in range(exposure[second] + 1, exposure[-1] + 1):
            inside = np.flatnonzero(exposure == number)
            distance = _prediction_error(night, members[0], members[-1], inside)
            fits = _same_brightness(night, np.full(len(inside), members[-1]), inside)
            distance = np.where(fits, distance, np.inf)
            best = int(np.argmin(distance))
            if distance[best] <= PREDICTION_ARCSEC:
                members.append(int(inside[best]))
                residual = max(residual, float(distance[best]))
        found.append((residual, tuple(members)))
    return found


def _exposures(time: Floats) -> Ints:
    """Return the number of each alert's exposure, for alerts in time order."""
    if not len(time):
        return np.empty(0, dtype=np.int64)
    return np.asarray(np.r_[0, np.cumsum(np.diff(time) * 86400.0 > EXPOSURE_S)], dtype=np.int64)


def _pairs(night: NightAlerts, exposure: Ints) -> list[tuple[int, int]]:
    """Return pairs of alerts of different exposures with the velocity of a moving object, in a fixed order."""
    pairs: list[tuple[int, int]] = []
    for one in range(len(night.time)):
        later = np.arange(one + 1, len(night.time))
        hours = (night.time[later] - night.time[one]) * 24.0
        later = later[(exposure[later] > exposure[one]) & (hours <= GAP_MAX_HOURS)]
        if not len(later):
            continue
        x, y = _offset(night, one, later)
        rate = np.hypot(x, y) / ARCSEC_PER_DEG / (night.time[later] - night.time[one])
        good = (rate >= RATE_MIN_DEG_PER_DAY) & (rate <= RATE_MAX_DEG_PER_DAY)
        good &= _same_brightness(night, np.full(len(later), one), later)
        pairs += [(one, int(other)) for other in later[good]]
    return pairs


def _offset(night: NightAlerts, origin: int, rows: Ints) -> tuple[Floats, Floats]:
    """Return where alerts lie from one of them, on the tangent plane, in arcsec; infinity beyond the horizon."""
    ra, dec = np.radians(night.ra[rows] - night.ra[origin]), np.radians(night.dec[rows])
    at = np.radians(night.dec[origin])
    depth = np.sin(at) * np.sin(dec) + np.cos(at) * np.cos(dec) * np.cos(ra)
    safe = np.where(depth > 0.0, depth, np.nan)
    x = np.cos(dec) * np.sin(ra) / safe
    y = (np.cos(at) * np.sin(dec) - np.sin(at) * np.cos(dec) * np.cos(ra)) / safe
    scale = np.degrees(1.0) * ARCSEC_PER_DEG
    return np.nan_to_num(x * scale, nan=np.inf), np.nan_to_num(y * scale, nan=np.inf)


def _prediction_error(night: NightAlerts, start: int, last: int, rows: Ints) -> Floats:
    """Return how far alerts lie from the straight path through two others, in arcsec."""
    x, y = _offset(night, start, np.append(rows, last))
    share = (night.time[rows] - night.time[start]) / (night.time[last] - night.time[start])
    error = np.hypot(x[:-1] - share * x[-1], y[:-1] - share * y[-1])
    return np.asarray(np.nan_to_num(error, nan=np.inf))


def _same_brightness(night: NightAlerts, one: Ints, other: Ints) -> npt.NDArray[np.bool_]:
    limit = np.where(night.band[one] == night.band[other], MAG_DIFFERENCE_MAX[True], MAG_DIFFERENCE_MAX[False])
    return np.asarray(np.abs(night.mag[one] - night.mag[other]) <= limit)


def _choose(candidates: list[tuple[float, tuple[int, ...]]]) -> list[tuple[int, ...]]:
    """Give each alert to the best of its candidates, the best ones first."""
    taken: set[int] = set()
    chosen = []
    for _, members in sorted(candidates, key=lambda each: (-len(each[1]), each[0], each[1])):
        if taken.isdisjoint(members):
            taken.update(members)
            chosen.append(members)
    return sorted(chosen)


def _named(time: Floats, chosen: list[tuple[int, ...]]) -> list[tuple[str, tuple[int, ...]]]:
    named, numbers = [], dict[str, int]()
    for members in chosen:
        seconds = round((time[members[0]] - JD_OF_UNIX_EPOCH) * 86400.0)
        stamp = np.datetime64(seconds, "s").item().strftime("%Y%m%d_%H%M%S")
        number = numbers.setdefault(stamp, 0)
        numbers[stamp] += 1
        named.append((f"{PREFIX}_{stamp}_{number:02d}", members))
    return named
