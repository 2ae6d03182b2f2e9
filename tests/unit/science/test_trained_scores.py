"""Scores of trained models: what goes into them, who is kept out, and what comes out."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares as reference
from scipy.optimize import minimize

from fink_lib.science.cases.host import Host, kind_of_label, kind_of_variable
from fink_lib.science.cases.kilonova import band_features, coefficients_of
from fink_lib.science.methods.fluxcal import fluxcal
from fink_lib.science.methods.rise import Nights, fit_sigmoid, is_rising, nightly, rise_of, sigmoid
from fink_lib.science.methods.trust_region import least_squares
from fink_lib.science.methods.visits import visits

G, R, I = 1, 2, 3  # noqa: E741 - the names of the bands


def seen(*points: tuple[float, int, float, float]) -> Any:
    time, band, flux, error = (np.array(column) for column in zip(*points, strict=True))
    return visits(time, band.astype(np.int8), flux, error, np.array([0, len(points)]), bands=(G, R))


def test_points_within_eight_hours_of_the_first_are_one_visit() -> None:
    found = seen((0.0, G, 1.0, 0.1), (0.2, R, 2.0, 0.2), (0.33, G, 3.0, 0.05), (0.5, G, 4.0, 0.1))
    assert found.offsets.tolist() == [0, 2]
    assert found.step_days.tolist() == [0.0, 0.5]
    assert found.flux.tolist() == [[3.0, 2.0], [4.0, 0.0]]  # the more precise of the two in g
    assert found.seen.tolist() == [[True, True], [True, False]]


def test_another_band_makes_a_visit_with_nothing_in_it() -> None:
    found = seen((0.0, G, 1.0, 0.1), (2.0, I, 9.0, 0.1), (5.0, R, 2.0, 0.1))
    assert found.flux.tolist() == [[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]]
    assert found.step_days.tolist() == [0.0, 2.0, 3.0]


def test_each_light_curve_begins_anew_and_one_may_be_empty() -> None:
    time, band = np.array([5.0, 5.1, 1.0]), np.array([G, R, R], dtype=np.int8)
    found = visits(time, band, np.ones(3), np.ones(3), np.array([0, 2, 2, 3]), bands=(G, R))
    assert found.offsets.tolist() == [0, 1, 1, 2]
    assert found.step_days.tolist() == [0.0, 0.0]


def test_fluxes_have_the_zero_point_of_the_training() -> None:
    flux, error = fluxcal(np.array([27.5, 20.0]), np.array([0.1, 0.1]))
    np.testing.assert_allclose(flux, [1.0, 1000.0], rtol=1e-12)
    np.testing.assert_allclose(error / flux, 0.1 * 0.4 * np.log(10.0), rtol=1e-5)


def test_points_of_a_day_are_averaged_and_a_fall_is_no_rise() -> None:
    found = nightly(np.array([10.1, 10.3, 11.2, 12.0]), np.array([1.0, 3.0, 5.0, 6.0]), np.ones(4))
    assert found.day.tolist() == [10.0, 11.0, 12.0]
    assert found.flux.tolist() == [2.0, 5.0, 6.0]
    assert not is_rising(found)  # three nights
    four = Nights(np.arange(4.0), np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4))
    assert is_rising(four)
    assert is_rising(four._replace(flux=np.array([1.0, 2.0, 3.0, 2.5])))  # above the running mean still
    assert not is_rising(four._replace(flux=np.array([1.0, 2.0, 3.0, 0.5])))


def test_a_sigmoid_is_found_again() -> None:
    since = np.array([0.0, 2.0, 4.0, 7.0, 9.0, 12.0])
    flux = sigmoid(since, 0.5, 5.0, 900.0)
    np.testing.assert_allclose(fit_sigmoid(since, flux), [0.5, 5.0, 900.0], rtol=1e-4)
    rise = rise_of(Nights(since + 60000.0, flux, flux / 10.0))
    assert rise.signal_to_noise == pytest.approx(10.0)
    assert rise.nights == 6
    assert rise.misfit < 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_our_least_squares_ends_where_another_one_does(seed: int) -> None:
    draw = np.random.default_rng(seed)
    since = np.sort(draw.uniform(0.0, 15.0, 8))
    flux = sigmoid(since, draw.uniform(0.3, 1.0), draw.uniform(2.0, 9.0), 500.0) + draw.normal(0.0, 5.0, 8)

    def misses(parameters: Any) -> Any:
        return flux - sigmoid(since, *parameters)

    start = np.array([0.4, 5.0, float(flux.max())])
    found, expected = least_squares(misses, start), reference(misses, start)
    np.testing.assert_allclose(found, expected.x, rtol=2e-4)
    assert np.sum(misses(found) ** 2) <= 2.0 * expected.cost * (1.0 + 1e-6)


def test_a_fit_that_cannot_begin_says_so() -> None:
    with pytest.raises(ValueError, match="not finite"):
        least_squares(lambda _parameters: np.array([np.nan, 1.0, 1.0]), np.ones(3))


def test_coefficients_of_a_sum_of_templates_are_found_within_their_bounds() -> None:
    draw = np.random.default_rng(0)
    design = draw.normal(size=(12, 3))
    assert coefficients_of(design, design @ [0.8, 0.0, 0.0], price=5.0) == pytest.approx([0.8, 0.0, 0.0])
    far = coefficients_of(design, design @ [9.0, 0.0, 0.0], price=0.0)
    assert np.abs(far).max() <= 2.0
    held = coefficients_of(design, design @ [-1.0, 0.0, 0.0], price=100.0)
    assert abs(held[0]) < 0.01  # a negative first coefficient is held at nothing


def test_the_coefficients_are_those_of_least_loss() -> None:
    """Beside a search without derivatives from three places, on the loss that the forest was trained with."""
    draw = np.random.default_rng(2)

    def loss(found: Any, design: Any, target: Any, price: float) -> float:
        negative = np.abs(np.minimum(found, 0.0)).sum()
        return float(((design @ found - target) ** 2).sum() + price * (abs(found[1]) + negative))

    for points in (3, 3, 5, 9, 12):
        design, target = draw.normal(0.3, 0.5, (points, 3)) / 0.05, draw.normal(0.5, 0.5, points) / 0.05
        found = coefficients_of(design, target, price=400.0)
        starts = ([0.5, 0.5, 0.5], [0.0, 0.0, 0.0], found)
        tried = [minimize(loss, at, (design, target, 400.0), "Powell", bounds=[(-2.0, 2.0)] * 3).fun for at in starts]
        assert loss(found, design, target, 400.0) <= min(tried) * (1.0 + 1e-6)


def test_a_band_too_faint_or_too_sparse_cannot_be_fitted() -> None:
    templates = np.ones((3, 401))
    day = np.array([0.0, 1.0])
    assert band_features(day, np.array([100.0, 150.0]), np.ones(2), templates) is None
    assert band_features(np.array([0.0, 90.0]), np.array([900.0, 950.0]), np.ones(2), templates) is None
    assert band_features(np.array([]), np.array([]), np.array([]), templates) is None
    assert band_features(day, np.array([900.0, 950.0]), np.ones(2), templates) is None  # two points: 1.0 fitted them
    found = band_features(np.array([0.0, 1.0, 2.0]), np.array([900.0, 950.0, 800.0]), np.ones(3), templates)
    assert found is not None
    assert len(found) == 5
    assert found[-1] == 950.0


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Galaxy", Host.EXTRAGALACTIC),
        ("Seyfert_1", Host.EXTRAGALACTIC),
        ("Seyfert1", Host.EXTRAGALACTIC),
        ("Supernova", Host.EXTRAGALACTIC),
        ("Unknown", Host.EMPTY),
        ("Mira", Host.OTHER),
        ("QSO", Host.OTHER),
        ("Fail", Host.NOT_AVAILABLE),
        ("Fail 504", Host.NOT_AVAILABLE),
        ("Fail 503", Host.NOT_AVAILABLE),
        (None, Host.NOT_AVAILABLE),
    ],
)
def test_what_simbad_says_of_the_host(label: str | None, kind: Host) -> None:
    assert kind_of_label(label) is kind


@pytest.mark.parametrize(
    ("variable", "kind"),
    [("M", Host.OTHER), ("SNI", Host.EXTRAGALACTIC), ("Unknown", Host.NOT_AVAILABLE), (None, Host.NOT_AVAILABLE)],
)
def test_what_a_variable_star_says_of_the_host(variable: str | None, kind: Host) -> None:
    assert kind_of_variable(variable) is kind
