"""Apparent magnitudes from difference magnitudes."""

import numpy as np
import pytest

from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.photometry import apparent_magnitude, total_magnitude


def test_equal_fluxes_add_to_three_quarters_of_a_magnitude() -> None:
    mag, error = apparent_magnitude(*(np.array([value]) for value in (18.0, 0.1, 18.0, 0.0, 1.0)))
    assert mag[0] == pytest.approx(18.0 - 2.5 * np.log10(2.0))
    assert error[0] == pytest.approx(0.05)


def test_a_negative_difference_is_subtracted_and_can_leave_nothing() -> None:
    mag, _ = apparent_magnitude(
        *(np.array(pair) for pair in ([20.0, 17.0], [0.1] * 2, [18.0] * 2, [0.1] * 2, [0.0] * 2))
    )
    assert mag[0] == pytest.approx(-2.5 * np.log10(10 ** (-0.4 * 18) - 10 ** (-0.4 * 20)))
    assert np.isnan(mag[1])


def test_a_missing_reference_gives_nothing() -> None:
    mag, _ = apparent_magnitude(*(np.array([value]) for value in (18.0, 0.1, -999.0, 0.1, 1.0)))
    assert np.isnan(mag).all()


def test_the_difference_magnitude_is_kept_away_from_a_source() -> None:
    batch = AlertBatch(
        alert_id=np.array([1, 2]),
        offsets=np.array([0, 2, 4]),
        histories={
            "mag": np.array([18.0, np.nan, 18.0, 19.0]),
            "mag_err": np.full(4, 0.1),
            "ref_mag": np.full(4, 18.0),
            "ref_mag_err": np.full(4, 0.1),
            "ref_separation": np.array([1.6, 0.2, 1.5, 9.0]),
            "is_positive": np.ones(4),
        },
    )
    mag, error = total_magnitude(batch)
    assert mag[0] == 18.0  # its only point near a source is an upper limit
    assert np.isnan([mag[1], error[1]]).all()
    assert (mag[2:] < 18.0).all()  # one alert, one kind of magnitude
