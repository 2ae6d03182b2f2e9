"""Periods in several bands: planted signals, noise, and what observing by night makes."""

import numpy as np
import numpy.typing as npt
import pytest

from fink_lib.science.methods.periodogram import (
    FEW_POINTS,
    NO_SCATTER,
    SHORT_SPAN,
    Period,
    false_alarm,
    of_observing,
    period_of,
)
from fink_lib.science.planting.periods import Stamps, stamps_of, table, verdict

SEED = 20230518
Floats = npt.NDArray[np.float64]
Columns = tuple[Floats, npt.NDArray[np.str_], Floats, Floats]


def light_curve(period: float, amplitude: float, points: int = 60, nights: int = 90) -> Columns:
    """Return a sinusoid in two bands of other means and errors, seen by night."""
    draw = np.random.default_rng(SEED)
    time = np.sort(draw.choice(nights, points) + draw.uniform(0.2, 0.45, points))
    band = np.array(["g", "r"])[draw.integers(0, 2, points)]
    error = np.where(band == "g", 0.1, 0.05)
    mean = np.where(band == "g", 500.0, -300.0)
    return time, band, mean + amplitude * np.sin(2 * np.pi * time / period) + draw.normal(0.0, error), error


@pytest.mark.parametrize("period", [0.5377, 3.21, 17.3])
def test_a_sinusoid_in_two_bands_is_found(period: float) -> None:
    found = period_of(*light_curve(period, 0.3))
    assert isinstance(found, Period)
    assert found.period_days == pytest.approx(period, rel=0.02)
    assert found.false_alarm_probability < 1e-6
    assert (found.points, found.bands) == (60, 2)
    assert 0.0 <= found.rival_power <= found.power <= 1.0


def test_noise_is_no_period() -> None:
    found = period_of(*light_curve(1.0, 0.0))
    assert isinstance(found, Period)
    assert found.false_alarm_probability > 0.001


def test_the_order_of_the_points_does_not_matter() -> None:
    columns = light_curve(3.21, 0.3)
    time, band, flux, error = (column[::-1] for column in columns)
    turned = (time, band, flux, error)
    assert period_of(*columns) == period_of(*turned)


def test_what_cannot_be_searched_says_why() -> None:
    time, band, flux, error = light_curve(3.21, 0.3)
    assert period_of(time[:19], band[:19], flux[:19], error[:19]) == FEW_POINTS
    assert period_of(time * 0.01, band, flux, error) == SHORT_SPAN
    assert period_of(time, band, np.ones(60), error) == NO_SCATTER
    assert period_of(*(np.array([], dtype=kind) for kind in (float, str, float, float))) == FEW_POINTS


def test_a_band_of_few_points_is_left_out() -> None:
    time, band, flux, error = light_curve(3.21, 0.3)
    band = band.astype(object)
    band[:4] = "i"
    found = period_of(time, band.astype(str), flux, error)
    assert isinstance(found, Period)
    assert (found.points, found.bands) == (56, 2)


@pytest.mark.parametrize(("frequency", "told"), [(1.0, True), (0.5, True), (2.0055, True), (0.011, True), (0.7, False)])
def test_periods_that_nights_make(frequency: float, told: bool) -> None:  # noqa: FBT001
    assert of_observing(frequency, 100.0) is told


def test_a_false_alarm_is_surer_with_less_power_and_fewer_points() -> None:
    assert false_alarm(0.9, 60, 2, 90.0) < false_alarm(0.5, 60, 2, 90.0) < false_alarm(0.5, 20, 2, 90.0) <= 1.0
    assert false_alarm(0.99, 6, 2, 90.0) == 1.0  # as many parameters as points


@pytest.mark.parametrize(
    ("frequency", "word"), [(0.7, "right"), (1.4, "harmonic"), (1.7, "day_alias"), (0.3, "day_alias"), (0.55, "wrong")]
)
def test_what_a_found_period_is_to_the_true_one(frequency: float, word: str) -> None:
    found = Period(1.0 / frequency, 0.9, 0.0, 1.0, 0.1, False, False, 60, 2, 100.0)
    assert verdict(found, 0.7) == word


def test_the_table_of_planted_signals() -> None:
    draw = np.random.default_rng(1)
    stamps = Stamps(np.sort(draw.uniform(0.0, 40.0, 25)), np.array(["g"] * 25), np.full(25, 0.02))
    rows = table([stamps], SEED)
    assert [row["planted"] for row in rows] == [
        *("sine, 0.4 mag", "RR Lyrae, 0.8 mag", "eclipses, 0.6 mag", "noise", "supernova", "blazar")
    ]
    assert {row["points"] for row in rows} == {20}
    assert rows == table([stamps], SEED)
    assert rows[3]["right"] is None


def test_stamps_are_those_of_detections_once() -> None:
    history = [{"jd": float(day), "magpsf": 18.0 if day else None, "fid": 1, "sigmapsf": 0.1} for day in range(30)]
    packet = {"objectId": "a", "candidate": history[-1], "prv_candidates": history}
    (stamps,) = stamps_of([packet, packet, {"objectId": "b", "candidate": history[-1], "prv_candidates": None}])
    assert stamps.time.tolist() == list(range(1, 30))
