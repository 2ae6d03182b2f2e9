"""SN Ia against II by phase: what is served, and how a score reads at another share of SNe Ia."""

import json

import numpy as np
import pytest

from fink_lib.config import PROJECT_DIR
from fink_lib.files import JsonObject
from fink_lib.science.methods.rubin.early_snia_model import TRAINED_SHARE, with_prior
from fink_lib.science.training.early_snia_rubin_phases import SERVED


def test_a_score_moves_with_the_share_as_bayes_says() -> None:
    """By hand: odds of one, times 0.1 / 0.9, over those of the training."""
    score = np.array([0.0, TRAINED_SHARE, 1.0])
    np.testing.assert_allclose(with_prior(score, TRAINED_SHARE), score)
    np.testing.assert_allclose(with_prior(score, 0.1), [0.0, 0.1, 1.0])
    assert with_prior(np.array([0.5]), 0.1)[0] == pytest.approx(0.1111 / 1.0747 / (1 + 0.1111 / 1.0747), rel=1e-3)


def test_what_is_served_before_maximum_is_better_than_chance_by_its_interval() -> None:
    """0.1.0 served every alert: 0.65 [0.58, 0.71] before maximum with the fields that Rubin's packets have."""
    rows = _rows()
    every, served = (
        rows["days from maximum: below 0"],
        rows["days from maximum: below 0, 5 detections or more (served)"],
    )
    value, low = _area(every[SERVED])
    assert value == pytest.approx(0.646, abs=0.005)
    value, low = _area(served[SERVED])
    assert value >= 0.75
    assert low > 0.66


def _rows() -> dict[str, JsonObject]:
    path = PROJECT_DIR / "docs" / "science" / "figures" / "early_snia_rubin.json"
    return {str(row["alerts"]): row for row in json.loads(path.read_text())["Area under the ROC curve"]}


def _area(text: object) -> tuple[float, float]:
    value, interval = str(text).split(" [")
    return float(value), float(interval.split(",")[0])
