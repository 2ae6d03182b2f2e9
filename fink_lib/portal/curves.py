"""Points of a light curve out of rows of alerts: magnitudes of the difference and of the whole, errors and limits."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fink_lib.api.queries.objects import TAG, VALID
from fink_lib.science.methods.photometry import MAG_PER_RELATIVE_FLUX, SOURCE_BEHIND_PX, apparent_magnitude
from fink_lib.surveys import Survey

AB_ZERO_POINT_NJY = 31.4  # magnitude of 1 nJy, AB system
POSITIVE = ("t", "1", "true")
Row = Mapping[str, Any]
Value = tuple[float | None, float | None]
NONE: Value = (None, None)


@dataclass(frozen=True)
class Point:
    """One point of a light curve.

    Attributes
    ----------
    time
        As the survey counts it, in days.
    band
        Name of the band.
    alert_id
        Of the alert; None where the point comes out of the packet of another one.
    difference, total
        Magnitude and its error; None where there is none.
    limit
        Limiting magnitude of a visit without detection.
    is_fainter
        True where the source is fainter than in the template: the magnitude is that of the missing flux.
    """

    time: float
    band: str
    alert_id: str | None
    difference: Value = NONE
    total: Value = NONE
    limit: float | None = None
    is_fainter: bool = False


def columns_of(survey: Survey) -> tuple[str, ...]:
    """Return the columns of answers that points are made of; the caller leaves out those that a lake lacks."""
    fields = survey.inputs.points
    wanted = ("time", "band", "mag", "mag_err", "mag_limit", "ref_mag", "ref_mag_err", "ref_separation", "is_positive")
    names = [fields[one][0] for one in (*wanted, "flux", "flux_err") if one in fields]
    facts = survey.served
    names += [facts.alert_parameter, *facts.total_flux]
    return tuple(facts.packet_prefix + name for name in names)


def points_of(survey: Survey, rows: Iterable[Row]) -> list[Point]:
    """Return the points of rows that have the columns of `columns_of`, in order of time.

    Parameters
    ----------
    survey
        Whose names of columns the rows have.
    rows
        One a point: an alert, an upper limit, or a point of a packet.
    """
    made = [_point(survey, row) for row in rows]
    return sorted(made, key=lambda point: (point.time, point.band, point.alert_id or ""))


def _point(survey: Survey, row: Row) -> Point:
    prefix = survey.served.packet_prefix
    named = {name: row.get(prefix + field) for name, (field, _) in survey.inputs.points.items()}
    is_alert = row.get(TAG, VALID) == VALID
    alert_id = row.get(prefix + survey.served.alert_parameter) if is_alert else None
    band = survey.bands.get(str(named["band"]), str(named["band"]))
    base = float(row[prefix + survey.inputs.points["time"][0]]), band, None if alert_id is None else str(alert_id)
    if "flux" in named:
        whole = [row.get(prefix + name) for name in survey.served.total_flux] or [None, None]
        return Point(*base, magnitude(named["flux"], named["flux_err"]), magnitude(whole[0], whole[1]),
                     None, (_number(named["flux"]) or 0.0) < 0.0)  # fmt: skip
    mag, error = _number(named["mag"]), _number(named["mag_err"])
    if mag is None:
        return Point(*base, limit=_number(named["mag_limit"]))
    is_positive = str(named["is_positive"]).lower() in POSITIVE
    total = _apparent(named, mag, error, is_positive=is_positive) if is_alert else NONE
    return Point(*base, (mag, error), total, None, is_alert and not is_positive)


def magnitude(flux_njy: Any, error_njy: Any) -> Value:
    """Return AB magnitude and error of a flux in nJy, of its size where it is negative; None where it is zero.

    Parameters
    ----------
    flux_njy
        A number; None or NaN where there is none.
    error_njy
        Its error; without one the magnitude has none.
    """
    flux, error = _number(flux_njy), _number(error_njy)
    if not flux:
        return NONE
    noise = None if error is None else MAG_PER_RELATIVE_FLUX * error / abs(flux)
    return AB_ZERO_POINT_NJY - 2.5 * math.log10(abs(flux)), noise


def _apparent(named: Row, mag: float, error: float | None, *, is_positive: bool) -> Value:
    """Return the magnitude of the whole, where the reference source is the variable itself."""
    separation, reference = _number(named["ref_separation"]), _number(named["ref_mag"])
    if reference is None or separation is None or not 0.0 <= separation <= SOURCE_BEHIND_PX:
        return NONE
    errors = [math.nan if one is None else one for one in (error, _number(named["ref_mag_err"]))]
    given = (mag, errors[0], reference, errors[1], float(is_positive))
    total, noise = apparent_magnitude(*(np.array([value]) for value in given))
    return _number(total[0]), _number(noise[0])


def _number(value: Any) -> float | None:
    """Return a finite number, None for anything else."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
