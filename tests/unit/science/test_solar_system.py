"""The solar-system flag, rule by rule."""

from typing import cast

import numpy as np
import pyarrow as pa
import pytest

from fink_lib.science.cases.solar_system import CANDIDATE, FIRST_DETECTION, KNOWN, NOT_SSO, compute
from fink_lib.science.framework.batch import AlertBatch

NAN, INF = float("nan"), float("inf")
MINUTE = 1.0 / 1440.0


def flag(
    *, detections: float, shown: tuple[float, ...], ps1: float = INF, score: float = NAN, mpc: float = INF
) -> int | None:
    """Return the flag of one alert with detections at the given times, in days; infinity is "none is there"."""
    batch = AlertBatch(
        alert_id=np.array([1]),
        offsets=np.array([0, len(shown)]),
        scalars={
            "n_detections": np.array([detections]),
            "ps1_separation": np.array([ps1]),
            "ps1_star_score": np.array([score]),
            "sso_separation": np.array([mpc]),
        },
        histories={"time": np.array(shown), "mag": np.full(len(shown), 18.0)},
    )
    result = compute(batch, None)["roid"]
    assert isinstance(result, pa.Array)
    return cast("int | None", result[0].as_py())


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        (CANDIDATE, {"detections": 1, "shown": (0.0,)}),
        (FIRST_DETECTION, {"detections": 1, "shown": (0.0,), "score": 0.9, "ps1": 9.0}),
        (CANDIDATE, {"detections": 1, "shown": (0.0,), "score": 0.5, "ps1": 9.0}),
        (NOT_SSO, {"detections": 1, "shown": (0.0,), "score": 0.5, "ps1": 4.9}),
        (CANDIDATE, {"detections": 2, "shown": (0.0, 29 * MINUTE), "score": 0.5}),
        (NOT_SSO, {"detections": 2, "shown": (0.0, 31 * MINUTE), "score": 0.5}),
        (NOT_SSO, {"detections": 2, "shown": (0.0,), "score": 0.5}),
        (NOT_SSO, {"detections": 3, "shown": (0.0, 1.0, 2.0), "score": 0.5}),
        (KNOWN, {"detections": 3, "shown": (0.0, 1.0, 2.0), "mpc": 4.9, "ps1": 8.0}),
        (NOT_SSO, {"detections": 3, "shown": (0.0, 1.0, 2.0), "mpc": 5.0, "ps1": 8.0}),
        (NOT_SSO, {"detections": 3, "shown": (0.0, 1.0, 2.0), "mpc": 4.9, "ps1": 4.0}),
        (KNOWN, {"detections": 3, "shown": (0.0, 1.0, 2.0), "mpc": 4.9, "ps1": INF}),
        (NOT_SSO, {"detections": 6, "shown": (0.0, 1.0, 2.0), "mpc": 0.1, "ps1": 8.0}),
        # What is missing: no answer, unless it is the same whatever stood there.
        (None, {"detections": NAN, "shown": (0.0,)}),
        (None, {"detections": 1, "shown": (0.0,), "score": 0.5, "ps1": NAN}),
        (None, {"detections": 1, "shown": (0.0,), "score": NAN, "ps1": 9.0}),
        (None, {"detections": 3, "shown": (0.0, 1.0, 2.0), "mpc": 4.9, "ps1": NAN}),
        (None, {"detections": 3, "shown": (0.0, 1.0, 2.0), "mpc": NAN, "ps1": 8.0}),
        (NOT_SSO, {"detections": 3, "shown": (0.0, 1.0, 2.0), "score": NAN, "ps1": NAN}),
        (NOT_SSO, {"detections": 6, "shown": (0.0, 1.0, 2.0), "mpc": NAN, "ps1": 8.0}),
    ],
)
def test_rule(expected: int | None, facts: dict[str, float]) -> None:
    assert flag(**facts) == expected  # type: ignore[arg-type]  # parametrised by name
