"""What the networks are fed, point by point."""

import numpy as np
import pytest

from fink_lib.config import Settings
from fink_lib.science.cases.rubin import cats, supernnova
from fink_lib.science.models import ensure

NORM = np.array([[0.0, 0.0, 1.0]] * 13)


def test_the_places_of_the_inputs_are_those_of_the_training() -> None:
    trained = ensure("snn_elasticc_sn_vs_other", Settings().cache)[0].settings["features"]
    assert [*supernnova.NORMALISED, *supernnova.COMBINATIONS] == trained


def test_points_within_eight_hours_are_one_step_and_the_most_precise_of_a_band_counts() -> None:
    time = np.array([0.0, 0.1, 0.2, 1.0])
    band = np.array([1, 2, 1, 5])
    flux, error = np.array([100.0, 200.0, 300.0, 400.0]), np.array([3.0, 2.0, 1.0, 5.0])
    sequence = supernnova.sequence_of(time, band, flux, error, NORM)[:, 0]
    assert sequence.shape == (2, 76)
    scale = supernnova.FLUXCAL_PER_NJY

    def seen(value: float) -> float:
        return float(np.log(np.float32(value) + 1e-5))

    assert sequence[0, :6] == pytest.approx([seen(v) for v in (0, 300 * scale, 200 * scale, 0, 0, 0)], rel=1e-6)
    assert sequence[0, 6:12] == pytest.approx([seen(v) for v in (0, 1 * scale, 2 * scale, 0, 0, 0)], rel=1e-6)
    assert sequence[:, 12] == pytest.approx([seen(0.0), seen(1.0)], abs=1e-6)
    assert [supernnova.COMBINATIONS[row.argmax()] for row in sequence[:, 13:]] == ["gr", "Y"]
    assert sequence[:, 13:].sum() == 2.0


def test_a_step_is_counted_from_its_first_point() -> None:
    time = np.array([0.0, 0.2, 0.4, 0.4, 5.0])
    step, starts = supernnova._steps(time)
    assert (step, starts) == ([0, 0, 1, 2, 3], [0, 2, 3, 4])


def test_cats_reads_scaled_points_and_padding() -> None:
    sequence = cats.sequence_of(
        np.array([10.0, 12.0, 15.0]), np.array([-1.0, 1.0, 3.0]), np.array([2.0, 2.0, 4.0]), np.array([0, 5, 2])
    )[:, 0]
    np.testing.assert_array_equal(sequence[:3], [[0, 0, 0, 1], [2, 0.5, 0, 6], [5, 1, 1, 3]])
    assert set(map(tuple, sequence[3:].tolist())) == {(-999.0, -999.0, -999.0, 0.0)}


def test_of_a_long_light_curve_cats_reads_the_end() -> None:
    time = np.arange(500.0)
    sequence = cats.sequence_of(time, time, time + 1.0, np.zeros(500, dtype=int))[:, 0]
    assert sequence[0, 0] == 105.0
    assert sequence[-1, 0] == 499.0
