"""The solar-system flag, rule by rule."""

import numpy as np
import pytest

from fink_lib.science.cases.solar_system import CANDIDATE, FIRST_DETECTION, KNOWN, NOT_SSO, compute
from fink_lib.science.framework.batch import AlertBatch

NAN = float("nan")
MINUTE = 1.0 / 1440.0


def flag(
    *, detections: float, shown: tuple[float, ...], ps1: float = NAN, score: float = NAN, mpc: float = -999.0
) -> int:
    """Return the flag of one alert with detections at the given times, in days."""
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
    assert isinstance(result, np.ndarray)
    return int(result[0])


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        (FIRST_DETECTION, {"detections": 1, "shown": (0.0,)}),
        (FIRST_DETECTION, {"detections": 1, "shown": (0.0,), "score": 0.9}),
        (CANDIDATE, {"detections": 1, "shown": (0.0,), "score": 0.5, "ps1": 9.0}),
        (NOT_SSO, {"detections": 1, "shown": (0.0,), "score": 0.5, "ps1": 4.9}),
        (CANDIDATE, {"detections": 2, "shown": (0.0, 29 * MINUTE), "score": 0.5}),
        (NOT_SSO, {"detections": 2, "shown": (0.0, 31 * MINUTE), "score": 0.5}),
        (NOT_SSO, {"detections": 2, "shown": (0.0,), "score": 0.5}),
        (NOT_SSO, {"detections": 3, "shown": (0.0, 1.0, 2.0), "score": 0.5}),
        (KNOWN, {"detections": 3, "shown": (0.0, 1.0, 2.0), "mpc": 4.9, "ps1": 8.0}),
        (NOT_SSO, {"detections": 3, "shown": (0.0, 1.0, 2.0), "mpc": 5.0, "ps1": 8.0}),
        (NOT_SSO, {"detections": 3, "shown": (0.0, 1.0, 2.0), "mpc": 4.9, "ps1": 4.0}),
        (KNOWN, {"detections": 3, "shown": (0.0, 1.0, 2.0), "mpc": 4.9, "ps1": -999.0}),
        (NOT_SSO, {"detections": 6, "shown": (0.0, 1.0, 2.0), "mpc": 0.1, "ps1": 8.0}),
        (NOT_SSO, {"detections": NAN, "shown": (0.0,), "mpc": NAN}),
    ],
)
def test_rule(expected: int, facts: dict[str, float]) -> None:
    assert flag(**facts) == expected  # type: ignore[arg-type]  # parametrised by name
