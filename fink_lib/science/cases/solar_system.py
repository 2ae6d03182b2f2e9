"""Solar-system flag: known to the Minor Planet Center, or likely a moving object."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.cases.detections import count_detections
from fink_lib.science.framework.base import Cost, Module, Output, Role, Values
from fink_lib.science.framework.batch import AlertBatch

NOT_SSO, FIRST_DETECTION, CANDIDATE, KNOWN = 0, 1, 2, 3

STAR_SCORE_MAX = 0.76  # above it the PS1 source is a star: Tachibana & Miller 2018, PASP 130, 128001
PS1_SEPARATION_ARCSEC = 5.0
MPC_SEPARATION_ARCSEC = 5.0
KNOWN_DETECTIONS_MAX = 5
CANDIDATE_DETECTIONS_MAX = 2
PAIR_DAYS_MAX = 30.0 / (24.0 * 60.0)


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return the flag; a later rule overrides an earlier one, and a missing value meets no condition."""
    detections = batch.scalars["n_detections"]
    ps1 = batch.scalars["ps1_separation"]
    shown = batch.shared("n_shown", count_detections)

    flag = np.where(detections == 1, FIRST_DETECTION, NOT_SSO)
    not_a_star = batch.scalars["ps1_star_score"] < STAR_SCORE_MAX
    flag[not_a_star & (detections <= CANDIDATE_DETECTIONS_MAX)] = CANDIDATE
    flag[(ps1 > 0.0) & (ps1 < PS1_SEPARATION_ARCSEC)] = NOT_SSO
    flag[(shown == CANDIDATE_DETECTIONS_MAX) & (_last_step_days(batch) > PAIR_DAYS_MAX)] = NOT_SSO
    flag[(detections == CANDIDATE_DETECTIONS_MAX) & (shown == 1)] = NOT_SSO
    flag[_is_known(batch, ps1, detections, shown)] = KNOWN
    return {"roid": flag}


def _is_known(batch: AlertBatch, ps1: Any, detections: Any, shown: Any) -> npt.NDArray[np.bool_]:
    """Return where ZTF found a known object near, nearer than any PS1 source, at a place rarely seen before."""
    mpc = batch.scalars["sso_separation"]
    near = (mpc >= 0.0) & (mpc < MPC_SEPARATION_ARCSEC) & (np.abs(ps1) > mpc)
    return np.asarray(near & (detections <= KNOWN_DETECTIONS_MAX) & (shown <= KNOWN_DETECTIONS_MAX))


def _last_step_days(batch: AlertBatch) -> npt.NDArray[np.float64]:
    """Return the time between the last two points of each history, upper limits included; NaN for one point."""
    time = batch.history("time")
    last = time.offsets[1:] - 1
    before = np.maximum(last - 1, 0)
    return np.where(time.lengths > 1, time.values[last] - time.values[before], np.nan)


MODULES = (
    Module(
        name="solar_system",
        version="1.0",
        meaning="Is the alert a known solar-system object, or likely one that is not known?",
        reference="Fink's roid; star-galaxy score from Tachibana & Miller 2018, PASP 130, 128001",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=("n_detections", "ps1_separation", "ps1_star_score", "sso_separation"),
        histories=("time", "mag"),
        outputs=(
            Output(
                "roid",
                pa.int32(),
                "",
                "3 known within 5 arcsec (Minor Planet Center), 2 candidate, 1 first detection, 0 unlikely.",
                Role.LABEL,
            ),
        ),
        compute=compute,
    ),
)
