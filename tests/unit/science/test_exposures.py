"""Points of one exposure: between them nothing changed."""

import numpy as np
import pytest
from test_magnitude_rate import rate

from fink_lib.science.cases.light_curve_features import features
from fink_lib.science.methods.exposures import EXPOSURE_DAYS, exposure_times


def test_the_rate_is_taken_from_an_earlier_exposure() -> None:
    near = 12.0 - 0.9 * EXPOSURE_DAYS
    assert rate(time=[9.0, near, 11.0, 12.0])["mag_rate"] == pytest.approx(-2.0 / 3.0)
    assert rate(time=[9.0, near, 11.0, 12.0])["delta_time"] == pytest.approx(3.0)
    assert rate(time=[9.0, 12.0 - 1.1 * EXPOSURE_DAYS, 11.0, 12.0])["delta_time"] == pytest.approx(1.1 * EXPOSURE_DAYS)


def test_a_slope_is_one_between_exposures() -> None:
    time, mag = np.array([0.0, 1.0, 1.0 + 5e-9, 2.0]), np.array([18.0, 18.1, 18.15, 18.3])
    found = features(time, mag, np.full(4, 0.1), np.array([4]))
    assert found["maximum_slope"][0] == pytest.approx(0.15)


def test_exposures_of_several_light_curves() -> None:
    time = np.array([1.0, 1.0 + 1e-9, 5.0, 1.0, 1.0 + 2e-9])
    assert exposure_times(time, np.array([3, 0, 2])).tolist() == [1.0, 1.0, 5.0, 1.0, 1.0]
    assert exposure_times(np.empty(0), np.array([0, 0])).tolist() == []
