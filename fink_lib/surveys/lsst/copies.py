"""One Rubin packet as another source of another visit: for load, never for accuracy.

Ids, times and positions of the source, its history and its forced photometry move together: the source lies in the
field of its visit, and visits follow each other every 39 s. Distances, orbit and brightness stay those of the original.
"""

import datetime as dt
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fink_lib.nights import SECONDS_PER_DAY, UNIX_EPOCH_DATE, NightRule, TimeFormat
from fink_lib.surveys.lsst.ids import COUNTER_BITS, DETECTORS, designation, moving_id, source_id, visit_of

VISIT_ALERTS = 10_000
VISIT_S = 39.0  # two exposures of 15 s, and what it takes to point anew
NIGHT_BEGINS_S = 12 * 3600.0  # after noon at UTC-12, when a night's date begins: it is midnight UTC
FIELD_DEG = 1.75  # radius of the field
FOOTPRINT_DEG = (-70.0, 5.0)  # declinations
_NIGHT = NightRule(TimeFormat.MJD_TAI, offset_h=-12.0)
_OWN = 1 << COUNTER_BITS - 1  # counters of current sources lie below, those of earlier ones above
_TIMES = (
    *("midpointMjdTai", "timeProcessedMjdTai", "timeWithdrawnMjdTai", "validityStartMjdTai"),
    *("firstDiaSourceMjdTai", "lastDiaSourceMjdTai"),
)
_PLACES = (("ra", "dec"), ("trailRa", "trailDec"), ("ephRa", "ephDec"))
_HISTORIES = (("prvDiaSources", "diaSourceId"), ("prvDiaForcedSources", "diaForcedSourceId"))
Row = dict[str, Any]


@dataclass(frozen=True)
class Visit:
    """Where and when a copy is seen.

    Attributes
    ----------
    mjd_tai
        Middle of the exposure.
    ra_deg, dec_deg
        Centre of the field.
    """

    mjd_tai: float
    ra_deg: float
    dec_deg: float


def visit(night: dt.date, number: int, seed: int) -> Visit:
    """Return a visit of a night; the same seed points the telescope alike.

    Parameters
    ----------
    night
        Its date.
    number
        Number of the visit in the night, from 0.
    seed
        Of all that is drawn.
    """
    rng = random.Random(f"{seed} {night} {number}")  # noqa: S311 - a load that can be repeated, nothing secret
    low, high = (math.sin(math.radians(edge)) for edge in FOOTPRINT_DEG)
    dec = math.degrees(math.asin(rng.uniform(low, high)))
    begins = _begin(night) + (NIGHT_BEGINS_S + number * VISIT_S) / SECONDS_PER_DAY
    return Visit(begins, rng.uniform(0.0, 360.0), dec)


def _begin(night: dt.date) -> float:
    """Return when the date of a night begins, MJD (TAI)."""
    return (night - UNIX_EPOCH_DATE).days - _NIGHT.days_to_epoch


def exposure_at(mjd_tai: float) -> tuple[dt.date, int]:
    """Return the night and the number of the exposure at a time, one each 39 s."""
    night = _NIGHT.night_of(mjd_tai)
    return night, round((mjd_tai - _begin(night)) * SECONDS_PER_DAY / VISIT_S)


def copy_of(record: Mapping[str, Any], night: dt.date, number: int, seed: int) -> Row:
    """Return a decoded packet as source `number` of a night of full visits.

    Parameters
    ----------
    record
        The original, decoded.
    night
        Night of the copy.
    number
        Number of the source in the night, from 0.
    seed
        Of all that is drawn.
    """
    return copied(record, number, visit(night, number // VISIT_ALERTS, seed), seed)


def copied(record: Mapping[str, Any], number: int, seen: Visit, seed: int) -> Row:
    """Return a decoded packet as source `number` of its night, of an object of its own.

    Parameters
    ----------
    record
        The original, decoded; it is not changed.
    number
        Number of the source in the night, from 0.
    seen
        When and where the copy is seen.
    seed
        Of all that is drawn.
    """
    copy = _Copy(record, number, seen, seed)
    source = copy.of_row(record["diaSource"])
    new: Row = {**record, "diaSource": source}
    if "diaSourceId" in record:
        new["diaSourceId"] = source["diaSourceId"]
    for name, key in _HISTORIES:
        if record.get(name) is not None:
            new[name] = [copy.of_row(row, key) for row in record[name]]
    if record.get("diaObject") is not None:
        new["diaObject"] = copy.of_row(record["diaObject"], "")
    for name in ("ssSource", "mpc_orbits", "MPCORB"):
        if record.get(name) is not None:
            new[name] = copy.of_moving(record[name])
    return new


class _Copy:
    """How the numbers of one packet move."""

    def __init__(self, record: Mapping[str, Any], number: int, seen: Visit, seed: int) -> None:
        source = record["diaSource"]
        rng = random.Random(seed << 40 | number)  # noqa: S311 - as above
        away, angle = FIELD_DEG * math.sqrt(rng.random()), rng.uniform(0.0, 2 * math.pi)
        self._number, self._own = number, source["diaSourceId"]
        self._later = seen.mjd_tai - source["midpointMjdTai"]
        self._detector = number % DETECTORS
        self._source_id = source_id(*exposure_at(seen.mjd_tai), self._detector, number % _OWN)
        self._plain, self._packed = designation(number)
        self._from = (source["ra"], source["dec"])
        dec = seen.dec_deg + away * math.cos(angle)
        self._to = ((seen.ra_deg + away * math.sin(angle) / math.cos(math.radians(dec))) % 360.0, dec)
        self._wider = math.cos(math.radians(source["dec"])) / math.cos(math.radians(dec))

    def of_row(self, row: Mapping[str, Any], key: str = "diaSourceId") -> Row:
        """Return a measurement, or the record of the object (which has no `key`), later and elsewhere."""
        new = dict(row)
        new.update({name: row[name] + self._later for name in _TIMES if row.get(name)})
        for ra, dec in _PLACES:
            if row.get(ra) is not None and row.get(dec) is not None:
                new[ra], new[dec] = self._place(row[ra], row[dec])
        if key:
            own = key == "diaSourceId" and row[key] == self._own
            night, exposure = exposure_at(new["midpointMjdTai"])
            new["visit"] = visit_of(night, exposure)
            new["detector"] = self._detector if own else row["detector"]
            new[key] = self._source_id if own else self._earlier_id(night, exposure, row["detector"])
        if row.get("diaObjectId"):
            new["diaObjectId"] = self._source_id  # no other object of the night is first seen in it
        if row.get("ssObjectId"):
            new["ssObjectId"] = moving_id(self._packed)
        return new

    def of_moving(self, row: Mapping[str, Any]) -> Row:
        """Return a record of a moving object under a designation of its own."""
        names = {
            "designation": self._plain,
            "unpacked_primary_provisional_designation": self._plain,
            "packed_primary_provisional_designation": self._packed,
            "mpcDesignation": self._packed,
            "diaSourceId": self._source_id,
        }
        return {**self.of_row(row, ""), **{name: value for name, value in names.items() if name in row}}

    def _earlier_id(self, night: dt.date, exposure: int, detector: int) -> int:
        return source_id(night, exposure, detector, _OWN + self._number % _OWN)

    def _place(self, ra: float, dec: float) -> tuple[float, float]:
        """Return a position as far from the copy as it was from the original."""
        east = (ra - self._from[0] + 180.0) % 360.0 - 180.0
        return (self._to[0] + east * self._wider) % 360.0, self._to[1] + dec - self._from[1]
