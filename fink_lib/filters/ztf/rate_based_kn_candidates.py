"""Kilonova candidates by how fast they fade, whatever their colour."""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause, Filter
from fink_lib.filters.blocks.detection import BRIGHTER, POINT_LIKE, SURELY_REAL, younger_than
from fink_lib.filters.blocks.histories import light_curves, paths, per_alert
from fink_lib.filters.blocks.sky import off_galactic_plane
from fink_lib.filters.blocks.surroundings import MAY_BE_EXTRAGALACTIC, NO_STAR_NEAR
from fink_lib.filters.conditions import below
from fink_lib.science.methods.photometry import apparent_magnitude
from fink_lib.surveys.missing import sign_of

MAX_AGE_DAYS = 5.0
MAX_DETECTIONS = 20
MIN_SSO_ARCSEC = 10.0
LATITUDE_DEG = 10.0
MIN_FADE_MAG_PER_DAY = 0.3
FAINTEST_MAG = 21.0  # beyond, the apparent magnitude is a difference of noise
MIN_POINTS = 2
MIN_SPAN_DAYS = 0.5
POINT = ("jd", "fid", "magpsf", "sigmapsf", "magnr", "sigmagnr", "isdiffpos")


def fade_rate(jd: Any, mag: Any, mag_err: Any) -> float:
    """Return the slope of the straight line with the least weighted squares, in mag/day.

    Parameters
    ----------
    jd
        JD, shape (points,), at least two different ones.
    mag
        Shape (points,), all finite.
    mag_err
        Errors in mag, shape (points,), all positive.

    Returns
    -------
    Positive for what fades.
    """
    weight = 1.0 / mag_err**2
    day = jd - np.average(jd, weights=weight)
    return float(np.sum(weight * day * mag) / np.sum(weight * day**2))


def _fades(*curve: Any) -> bool:
    jd, band, mag, mag_err, ref_mag, ref_err, sign = curve
    positive = np.array([np.nan if word is None else sign_of(word) for word in sign], dtype=np.float64)
    total, error = apparent_magnitude(mag, mag_err, ref_mag, ref_err, positive)
    with np.errstate(invalid="ignore"):
        used = (band == band[-1]) & (total < FAINTEST_MAG) & (error > 0.0)
    jd, total, error = jd[used], total[used], error[used]
    if len(jd) < MIN_POINTS or np.ptp(jd) <= MIN_SPAN_DAYS:
        return False
    return fade_rate(jd, total, error) > MIN_FADE_MAG_PER_DAY


def _far_from_known(batch: Batch) -> Any:
    distance = batch["candidate.ssdistnr"]  # -999 where no known object is near
    return (distance > MIN_SSO_ARCSEC) | (distance < 0.0)


FILTER = Filter(
    name="rate_based_kn_candidates",
    version="1.2",
    survey="ztf",
    clauses=(
        SURELY_REAL,
        POINT_LIKE,
        younger_than(MAX_AGE_DAYS),
        below("candidate.ndethist", MAX_DETECTIONS),
        BRIGHTER,
        Clause(f"no known asteroid within {MIN_SSO_ARCSEC:g} arcsec", ("candidate.ssdistnr",), _far_from_known),
        off_galactic_plane(LATITUDE_DEG, "candidate.ra", "candidate.dec"),
        MAY_BE_EXTRAGALACTIC,
        Clause(
            f"fades by > {MIN_FADE_MAG_PER_DAY:g} mag/day",
            paths("candidate", "prv_candidates", POINT),
            lambda batch: per_alert(light_curves(batch, "candidate", "prv_candidates", POINT), _fades),
            per_alert=True,
        ),
        NO_STAR_NEAR,
    ),
    description="Alerts of the last five days that fade faster than 0.3 magnitudes a day in their band.",
    example="Rank the optical candidates for the counterpart of a neutron-star merger.",
    owner="kilonovae",
    reference="Andreoni et al. 2021, ApJ 918, 63 (arXiv:2104.06352)",
)
