"""Forests as flat arrays decide as the trees that they were made of."""

from typing import Any

import numpy as np
import pytest

from fink_lib.config import Settings
from fink_lib.errors import ModelError
from fink_lib.science.models import load_forest
from fink_lib.science.models.forest import Forest, _assemble, from_arrays

CACHE = Settings().cache


def one_tree(threshold: float = 0.5) -> Forest:
    """A root that looks at column 1, a leaf of value 1 on its left, one of value 2 on its right."""
    return _assemble(
        np.array([1, -2, -2]),
        np.array([threshold, -2.0, -2.0]),
        np.array([[1, 2], [-1, -1], [-1, -1]]),
        np.array([0.0, 1.0, 2.0]),
        np.array([0]),
    )


def test_a_row_goes_left_where_its_value_is_at_most_the_threshold() -> None:
    rows = np.array([[9.0, 0.5], [9.0, np.nextafter(np.float32(0.5), np.float32(1.0))], [9.0, np.nan]])
    assert one_tree().leaf_values(rows)[:, 0].tolist() == [1.0, 2.0, 2.0]


@pytest.mark.parametrize("threshold", [0.1, 1 / 3, 1e-20, -0.7, 16777217.0])
def test_a_threshold_between_two_single_precision_values_decides_the_same(threshold: float) -> None:
    near = np.float32(threshold)
    values = [np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32(np.inf))]
    rows = np.array([[0.0, value] for value in values])
    expected = [1.0 if float(value) <= threshold else 2.0 for value in values]
    assert one_tree(threshold).leaf_values(rows)[:, 0].tolist() == expected


@pytest.mark.parametrize("name", ["early_snia", "kilonova", "anomaly_g"])
def test_a_row_gets_the_same_bits_in_any_company(name: str) -> None:
    forest, facts = load_forest(name, CACHE)
    width = facts.settings.get("width") or len(facts.settings["features"])
    rows = np.random.default_rng(1).normal(0.0, 20.0, (200, width))
    mean, total = forest.mean(rows), forest.total(rows)
    for count in (1, 2, 63, 64, 65):
        np.testing.assert_array_equal(forest.mean(rows[:count]), mean[:count])
        np.testing.assert_array_equal(forest.total(rows[-count:]), total[-count:])
    assert len(np.unique(mean)) > 5


def test_arrays_are_all_there_is_to_a_forest() -> None:
    forest, _ = load_forest("kilonova", CACHE)
    again = from_arrays(forest.arrays())
    rows = np.random.default_rng(2).normal(0.0, 5.0, (50, 10))
    np.testing.assert_array_equal(again.leaf_values(rows), forest.leaf_values(rows))


def test_nodes_in_a_circle_are_no_tree() -> None:
    children: Any = np.array([[1, 1], [0, 0]])
    with pytest.raises(ModelError, match="circle"):
        _assemble(np.zeros(2, int), np.zeros(2), children, np.zeros(2), np.array([0]))
