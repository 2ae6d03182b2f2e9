"""The light curve of an object out of its rows of silver, in what surveys share: difference flux in nJy, MJD in UTC.

Each measurement once: detections, upper limits of exposures that saw nothing, and forced photometry. Where a survey
has no upper limits, forced photometry below `LIMIT_SIGMA` errors is its record of non-detections and bears a limit.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from fink_lib.nights import MJD_UNIX_EPOCH, SECONDS_PER_DAY
from fink_lib.science.cases.magnitudes import AB_ZERO_POINT_NJY
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.inputs import POSITIVE, Reading

LIMIT_SIGMA = 5.0  # what ZTF's limiting magnitudes and Rubin's detections are of
RELATIVE_ERROR_PER_MAG = math.log(10.0) / 2.5
ABSENT_COUNTS = -99998.0  # ZTF writes -99999 where forced photometry failed
SAME_TIME_DIGITS, SAME_FLUX_DIGITS = 6, 5


class Kind(StrEnum):
    """What a point is."""

    DETECTION = "detection"
    LIMIT = "limit"
    FORCED = "forced"


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes
    ----------
    survey, band, kind
        Whose it is, through which filter, and what.
    mjd_utc
        When, in days.
    flux_njy, flux_err_njy
        Difference flux and its error; None for a limit.
    limit_njy
        How bright a source could have been without being seen; None where it was.
    object
        Name of the object that it is of; empty while there is one alone.
    """

    survey: str
    band: str
    kind: Kind
    mjd_utc: float
    flux_njy: float | None = None
    flux_err_njy: float | None = None
    limit_njy: float | None = None
    object: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the point as plain JSON."""
        return asdict(self) | {"kind": str(self.kind)}


def light_curve(rows: Sequence[Mapping[str, Any]], survey: Survey) -> list[Point]:
    """Return the points of an object in the order of time.

    Parameters
    ----------
    rows
        Its alerts as rows of silver, packets and all.
    survey
        Whose.
    """
    found: dict[tuple[float, str, str, str], Point] = {}
    for point in (one for row in rows for one in _points(row, survey)):
        found.setdefault(_same(point), point)
    return sorted(found.values(), key=lambda one: (one.mjd_utc, one.band, one.kind, one.flux_njy or 0.0))


def _points(row: Mapping[str, Any], survey: Survey) -> Iterator[Point]:
    inputs = survey.inputs
    measured = [value_at(row, inputs.current), *(value_at(row, inputs.history) or ())]
    for record in measured:
        yield from _point(record, inputs.points, survey, Kind.DETECTION)
    if inputs.forced:
        for record in value_at(row, inputs.forced) or ():
            yield from _point(record, inputs.forced_points, survey, Kind.FORCED)


def _point(
    record: Mapping[str, Any] | None, fields: Mapping[str, tuple[str, Reading]], survey: Survey, kind: Kind
) -> Iterator[Point]:
    values = {name: (record or {}).get(path) for name, (path, _) in fields.items()}
    time = _number(values.get("time"))
    band = survey.bands.get(str(values.get("band")), "")
    if time is None:
        return
    at = Point(survey.name, band, kind, survey.night.unix_s(time) / SECONDS_PER_DAY + MJD_UNIX_EPOCH)
    flux, error = _flux(values)
    if flux is not None:
        seen = kind is Kind.DETECTION or error is None or flux >= LIMIT_SIGMA * error
        yield replace(at, flux_njy=flux, flux_err_njy=error, limit_njy=None if seen else LIMIT_SIGMA * (error or 0.0))
    elif (limit := _number(values.get("mag_limit"))) is not None:
        yield replace(at, kind=Kind.LIMIT, limit_njy=_njy(limit))


def _flux(values: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return difference flux and error in nJy, from a flux, a magnitude with its sign, or counts with a zero point."""
    flux, error = _number(values.get("flux")), _number(values.get("flux_err"))
    mag, mag_err = _number(values.get("mag")), _number(values.get("mag_err"))
    counts, zero_point = _number(values.get("counts")), _number(values.get("zero_point_mag"))
    if flux is not None:
        return flux, error
    if mag is not None:
        bright = _njy(mag)
        sign = 1.0 if str(values.get("is_positive", POSITIVE[0])) in POSITIVE else -1.0
        return sign * bright, None if mag_err is None else bright * mag_err * RELATIVE_ERROR_PER_MAG
    if counts is not None and zero_point is not None and counts > ABSENT_COUNTS:
        unit, spread = _njy(zero_point), _number(values.get("counts_err"))
        return counts * unit, None if spread is None else spread * unit
    return None, None


def _njy(mag: float) -> float:
    return float(10.0 ** (-0.4 * (mag - AB_ZERO_POINT_NJY)))


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _same(point: Point) -> tuple[float, str, str, str]:
    """Return what two records of one measurement share: alerts bring the same history again and again."""
    value = point.limit_njy if point.flux_njy is None else point.flux_njy
    return round(point.mjd_utc, SAME_TIME_DIGITS), point.band, str(point.kind), f"{value:.{SAME_FLUX_DIGITS}g}"


def counts(points: Iterable[Point]) -> dict[str, int]:
    """Return how many points of each kind there are."""
    found = [str(point.kind) for point in points]
    return {str(kind): found.count(str(kind)) for kind in Kind}
