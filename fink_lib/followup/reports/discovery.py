"""What a report tells of an object, whichever service it goes to."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fink_lib.errors import ConfigError

ARCSEC_PER_DEG = 3600.0
LEAST_POSITION_ERROR_ARCSEC = 0.05


@dataclass(frozen=True)
class Measured:
    """A detection, or where `mag` is None an upper limit.

    Attributes
    ----------
    at
        Middle of the exposure (UTC).
    band
        Filter.
    mag, mag_err
        AB magnitude of the difference, and its error; None for a limit, and where the flux is not positive.
    limit_mag
        Limiting magnitude; None where nobody knows.
    ra_deg, dec_deg
        Where; None for a limit.
    """

    at: dt.datetime
    band: str
    mag: float | None = None
    mag_err: float | None = None
    limit_mag: float | None = None
    ra_deg: float | None = None
    dec_deg: float | None = None


@dataclass(frozen=True)
class Discovery:
    """An object as it is reported.

    Attributes
    ----------
    survey, object_id
        Which.
    ra_deg, dec_deg, ra_err_arcsec, dec_err_arcsec
        Mean place and its error: the scatter of the detections, and no less than 0.05 arcsec.
    first
        First detection that is brighter than the reference.
    last_limit
        Last upper limit in its band before it; None where there is none.
    points
        All that was measured, in the order of time.
    """

    survey: str
    object_id: str
    ra_deg: float
    dec_deg: float
    ra_err_arcsec: float
    dec_err_arcsec: float
    first: Measured
    last_limit: Measured | None
    points: tuple[Measured, ...]


def discovery(survey: str, object_id: str, points: Sequence[Measured]) -> Discovery:
    """Return what is to be reported of an object.

    Parameters
    ----------
    survey, object_id
        Which.
    points
        Its detections and limits, in any order. A detection that is fainter than the reference has no magnitude and is
        no discovery.

    Raises
    ------
    ConfigError
        When there is no detection that is brighter than the reference.
    """
    ordered = tuple(sorted(points, key=lambda one: one.at))
    bright = [one for one in ordered if one.mag is not None and np.isfinite(one.mag)]
    if not bright:
        raise ConfigError(f"{object_id} has no detection that is brighter than the reference: nothing to report")
    first = bright[0]
    limits = [one for one in ordered if one.mag is None and one.limit_mag is not None
              and one.band == first.band and one.at < first.at]  # fmt: skip
    places = [(one.ra_deg, one.dec_deg) for one in bright if one.ra_deg is not None and one.dec_deg is not None]
    if not places:
        raise ConfigError(f"{object_id} has no place")
    ra, dec = np.array(places, dtype=float).T
    around = (ra - ra[0] + 180.0) % 360.0 - 180.0  # so that a mean across RA 0 is a mean
    scale = np.cos(np.radians(dec.mean()))
    ra_error, dec_error = (_error_arcsec(one) for one in (around * scale, dec))
    mean = round(float(ra[0] + around.mean()), 9) % 360.0
    limit = limits[-1] if limits else None
    return Discovery(survey, object_id, mean, float(dec.mean()), ra_error, dec_error, first, limit, ordered)


def _error_arcsec(degrees: npt.NDArray[np.float64]) -> float:
    return max(float(degrees.std()) * ARCSEC_PER_DEG, LEAST_POSITION_ERROR_ARCSEC)
