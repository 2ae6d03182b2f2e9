"""Area under the curve, efficiency at a purity and their intervals, against values worked out by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fink_lib.science.framework.accuracy import accuracy, auc, efficiency_at_purity


def test_the_area_is_the_share_of_pairs_in_the_right_order_a_tie_counting_half() -> None:
    score, truth = np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, True, False, True])
    assert auc(score, truth) == pytest.approx(3.5 / 4)
    assert auc(np.zeros(4), truth) == 0.5


def test_the_area_is_scikit_learns_also_with_weights() -> None:
    draw = np.random.default_rng(2)
    score, truth = draw.integers(0, 20, 500) / 20.0, draw.random(500) < 0.4
    weight = draw.integers(0, 4, 500).astype(float)
    assert auc(score, truth) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)
    assert auc(score, truth, weight) == pytest.approx(roc_auc_score(truth, score, sample_weight=weight), abs=1e-12)


def test_efficiency_is_the_best_among_the_thresholds_that_are_pure_enough() -> None:
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    truth = np.array([True, False, True, True, False])
    assert efficiency_at_purity(score, truth, 0.9) == pytest.approx(1 / 3)
    assert efficiency_at_purity(score, truth, 0.7) == pytest.approx(1.0)
    assert efficiency_at_purity(-score, truth, 0.9) == 0.0


def test_a_threshold_does_not_part_equal_scores() -> None:
    truth = np.array([True, True, False, False, False])
    assert efficiency_at_purity(np.zeros(5), truth, 0.9) == 0.0
    assert efficiency_at_purity(np.zeros(5), truth, 0.4) == 1.0


def test_the_interval_is_wider_when_alerts_belong_to_few_objects() -> None:
    draw = np.random.default_rng(4)
    truth = np.repeat(draw.random(60) < 0.5, 5)
    score = np.repeat(draw.normal(0.0, 1.0, 60), 5) + truth
    by_object = accuracy(score, truth, np.repeat(np.arange(60), 5))
    by_alert = accuracy(score, truth, np.arange(300))
    assert by_object.auc == by_alert.auc
    assert by_object.auc_low < by_alert.auc_low < by_object.auc < by_alert.auc_high < by_object.auc_high
    assert by_object == accuracy(score, truth, np.repeat(np.arange(60), 5))


def test_one_class_alone_and_missing_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="both classes"):
        accuracy(np.zeros(3), np.ones(3, dtype=bool), np.arange(3))
    with pytest.raises(ValueError, match="NaN"):
        accuracy(np.array([np.nan, 1.0]), np.array([True, False]), np.arange(2))
