"""Solar-system flag: known to the Minor Planet Center, or likely a moving object."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.cases.detections import count_detections
from fink_lib.science.framework.base import Cost, Module, Output, Role, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.undecided import decide

NOT_SSO, FIRST_DETECTION, CANDIDATE, KNOWN = 0, 1, 2, 3

STAR_SCORE_MAX = 0.76  # above it the PS1 source is a star: Tachibana & Miller 2018, PASP 130, 128001
PS1_SEPARATION_ARCSEC = 5.0
MPC_SEPARATION_ARCSEC = 5.0
KNOWN_DETECTIONS_MAX = 5
CANDIDATE_DETECTIONS_MAX = 2
PAIR_DAYS_MAX = 30.0 / (24.0 * 60.0)


# For each input values that between them give every answer: a missing one decides nothing.
POSSIBLE: Mapping[str, tuple[float, ...]] = {
    "n_detections": (1.0, 2.0, 3.0, 6.0),
    "ps1_separation": (1e-6, np.inf),
    "ps1_star_score": (0.0, 1.0),
    "sso_separation": (0.0, np.inf),
}


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return the flag; null where a value that is missing could change it.

    Parameters
    ----------
    batch
        Alerts with time and magnitude of their points, the number of detections, and their neighbours' separations.
    _resource
        Not used: nothing is loaded.
    """
    shown, gap = batch.shared("n_shown", count_detections), _last_step_days(batch)
    columns = {name: batch.scalars[name] for name in POSSIBLE} | {"shown": shown, "gap": gap}
    # Where no source is, none is a star: its score is no missing value.
    columns["ps1_star_score"] = np.where(np.isinf(columns["ps1_separation"]), 0.0, columns["ps1_star_score"])
    flag, decided = decide(_flag, columns, POSSIBLE)
    return {"roid": pa.array(flag, type=pa.int32(), mask=~decided)}


def _flag(columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.int64]:
    """Return the flag; a later rule overrides an earlier one. A neighbour that is not there is infinitely far."""
    detections, ps1, shown = columns["n_detections"], columns["ps1_separation"], columns["shown"]
    flag = np.where(detections == 1, FIRST_DETECTION, NOT_SSO)
    not_a_star = columns["ps1_star_score"] < STAR_SCORE_MAX
    flag[not_a_star & (detections <= CANDIDATE_DETECTIONS_MAX)] = CANDIDATE
    flag[(ps1 > 0.0) & (ps1 < PS1_SEPARATION_ARCSEC)] = NOT_SSO
    flag[(shown == CANDIDATE_DETECTIONS_MAX) & (columns["gap"] > PAIR_DAYS_MAX)] = NOT_SSO
    flag[(detections == CANDIDATE_DETECTIONS_MAX) & (shown == 1)] = NOT_SSO
    flag[_is_known(columns["sso_separation"], ps1, detections, shown)] = KNOWN
    return flag


def _is_known(mpc: Any, ps1: Any, detections: Any, shown: Any) -> npt.NDArray[np.bool_]:
    """Return where ZTF found a known object near, nearer than any PS1 source, at a place rarely seen before."""
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
        version="1.1",
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
                "3 known within 5 arcsec (Minor Planet Center), 2 candidate, 1 first detection, 0 unlikely; null where "
                "what the packet lacks could decide it.",
                Role.LABEL,
            ),
        ),
        compute=compute,
    ),
)
