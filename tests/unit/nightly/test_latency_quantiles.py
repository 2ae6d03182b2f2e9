"""Quantiles of a histogram are those of the values that it counts."""

from collections import Counter

import numpy as np
import pytest

from fink_lib.nightly.statistics.latency import QUANTILES, quantiles


@pytest.mark.parametrize("n", [1, 2, 7, 5000])
def test_quantiles_are_those_of_the_values(n: int) -> None:
    values = np.round(np.random.default_rng(n).lognormal(1.0, 1.0, n), 1)
    found = quantiles(Counter(values.tolist()), QUANTILES)
    assert found == pytest.approx(np.quantile(values, QUANTILES), abs=1e-9)


def test_values_before_zero_come_first() -> None:
    assert quantiles({2.0: 1, -0.5: 2, 0.0: 1}, (0.0, 0.5, 1.0)) == [-0.5, -0.25, 2.0]
