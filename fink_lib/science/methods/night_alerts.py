"""The alerts of a night that may be glints or moving objects: in time order, by exposure, and named groups of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EXPOSURE_S = 5.0  # alerts whose times differ by less belong to one exposure
JD_OF_UNIX_EPOCH = 2440587.5


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


def in_time_order(night: NightAlerts) -> Ints:
    """Return the rows that have time, place and magnitude, by time, those of one time by identity."""
    usable = np.isfinite(night.time) & np.isfinite(night.ra) & np.isfinite(night.dec) & np.isfinite(night.mag)
    rows = np.flatnonzero(usable)
    return rows[np.lexsort((night.alert_id[rows], night.time[rows]))]


def exposures(time: Floats) -> Ints:
    """Return the number of each alert's exposure, for alerts in time order."""
    if not len(time):
        return np.empty(0, dtype=np.int64)
    return np.asarray(np.r_[0, np.cumsum(np.diff(time) * 86400.0 > EXPOSURE_S)], dtype=np.int64)


def named(prefix: str, time: Floats, chosen: Iterable[tuple[int, ...]]) -> list[tuple[str, tuple[int, ...]]]:
    """Name groups of alerts: ``<prefix>_<date>_<time of the first alert>_<number>``.

    Parameters
    ----------
    prefix
        What they are.
    time
        JD (UTC) of all alerts.
    chosen
        Rows of each group, the earliest alert first.
    """
    found, numbers = [], dict[str, int]()
    for members in chosen:
        seconds = round((time[members[0]] - JD_OF_UNIX_EPOCH) * 86400.0)
        stamp = np.datetime64(seconds, "s").item().strftime("%Y%m%d_%H%M%S")
        number = numbers.setdefault(stamp, 0)
        numbers[stamp] += 1
        found.append((f"{prefix}_{stamp}_{number:02d}", members))
    return found
