"""ZTF: sources in the science stamp where no catalogue and no template shows a host."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fink_lib.filters.base import Batch, Clause
from fink_lib.filters.blocks.histories import light_curves, paths, per_alert
from fink_lib.filters.blocks.moving import NOT_KNOWN_SSO
from fink_lib.filters.blocks.surroundings import LOOKED, UNCATALOGUED, was_looked_at
from fink_lib.filters.conditions import above, is_true

REFERENCE_RADIUS_PX = 1.5
GAIA_RADIUS_ARCSEC = 1.0
NIGHT_DAYS = 0.5  # what lies closer in time was seen in one night
POINT = ("jd", "magpsf")


Times = NDArray[np.float64]


def detection_times(jd: Times, mag: Times) -> Times:
    """Return the times of the detections, in order; an upper limit is none.

    Parameters
    ----------
    jd
        JD, shape (points,).
    mag
        Shape (points,); NaN for an upper limit.

    Returns
    -------
    JD, shape (detections,).
    """
    return np.sort(jd[np.isfinite(mag) & np.isfinite(jd)])


def in_one_night(jd: Times, mag: Times) -> bool:
    """Tell whether the last two detections lie less than half a day apart.

    Parameters
    ----------
    jd
        JD, shape (points,), in any order.
    mag
        Shape (points,); NaN for an upper limit.

    Returns
    -------
    False where there are less than two detections.
    """
    gaps = np.diff(detection_times(jd, mag))[-1:]
    return bool((gaps < NIGHT_DAYS).any())


def in_two_nights(jd: Times, mag: Times) -> bool:
    """Tell whether the last three detections are two of one night, then one of a later night.

    Parameters
    ----------
    jd
        JD, shape (points,), in any order.
    mag
        Shape (points,); NaN for an upper limit.

    Returns
    -------
    False where there are less than three detections.
    """
    gaps = np.diff(detection_times(jd, mag))[-2:].tolist()
    return [gap < NIGHT_DAYS for gap in gaps] == [True, False]


def _curves_are(batch: Batch, judge: Callable[..., bool]) -> Any:
    return per_alert(light_curves(batch, "candidate", "prv_candidates", POINT), judge)


# The same five in each of the hostless filters.
NO_HOST = (
    above("candidate.distnr", REFERENCE_RADIUS_PX),
    UNCATALOGUED,
    Clause(
        f"no Gaia source within {GAIA_RADIUS_ARCSEC:g} arcsec",
        ("gaia_sep_arcsec", LOOKED),
        lambda batch: (
            (batch["gaia_sep_arcsec"] > GAIA_RADIUS_ARCSEC)
            | (was_looked_at(batch) & np.isnan(batch["gaia_sep_arcsec"]))
        ),
    ),
    NOT_KNOWN_SSO,
    is_true("is_hostless", "the stamps show no host"),
)
SAME_NIGHT = Clause(
    "the last two detections in one night",
    paths("candidate", "prv_candidates", POINT),
    partial(_curves_are, judge=in_one_night),
    per_alert=True,
)
NEXT_NIGHT = Clause(
    "two detections in one night, the last in another",
    paths("candidate", "prv_candidates", POINT),
    partial(_curves_are, judge=in_two_nights),
    per_alert=True,
)
