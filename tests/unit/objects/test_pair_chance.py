"""The probability of a chance pair, counted on scrambled positions: nothing in them belongs together."""

import numpy as np
import pytest

from fink_lib.objects.chance import chance_within, ring_density
from fink_lib.objects.near import DENSITY_ARCSEC, Floats, Places, counted_around, pairs_within

RADIUS_ARCSEC = 10.0


def scrambled(count: int, seed: int, half_width_deg: float) -> Places:
    """Random places around (0, 60), even over the sphere."""
    rng = np.random.default_rng(seed)
    low, high = np.sin(np.radians([60.0 - half_width_deg, 60.0 + half_width_deg]))
    dec = np.degrees(np.arcsin(rng.uniform(low, high, count)))
    return rng.uniform(-2.0 * half_width_deg, 2.0 * half_width_deg, count) % 360.0, dec


@pytest.fixture(scope="module")
def stated() -> tuple[Floats, Floats]:
    """Stated probabilities of all pairs, and what is stated of each place at the whole radius."""
    around, others = scrambled(12_000, 3, 0.7), scrambled(16_000, 4, 1.0)
    counted = counted_around(around, others, RADIUS_ARCSEC, DENSITY_ARCSEC)
    density = ring_density(counted, RADIUS_ARCSEC, DENSITY_ARCSEC)
    at, _, separation = pairs_within(around, others, RADIUS_ARCSEC)
    nearest = np.full(len(density), np.inf)
    np.minimum.at(nearest, at, separation)
    has = np.isfinite(nearest)
    return chance_within(nearest[has], density[has]), chance_within(np.full(len(density), RADIUS_ARCSEC), density)


@pytest.mark.parametrize("level", [0.01, 0.03, 0.1])
def test_as_many_unrelated_pairs_as_stated_have_a_small_probability(
    stated: tuple[Floats, Floats], level: float
) -> None:
    """Of 12,000 places with nobody related, a share of 0.01 has an object with a stated chance below 0.01."""
    found, at_radius = stated
    possible = float(np.minimum(at_radius, level).sum())
    assert int((found <= level).sum()) == pytest.approx(possible, abs=4.0 * np.sqrt(possible) + 0.03 * possible)


def test_the_number_of_chance_pairs_agrees_with_the_sum_of_the_probabilities(stated: tuple[Floats, Floats]) -> None:
    found, at_radius = stated
    expected = float(at_radius.sum())
    assert expected > 900
    assert len(found) == pytest.approx(expected, abs=4.0 * np.sqrt(expected) + 0.01 * expected)


def test_by_hand() -> None:
    """One object in 100 arcsec2 and a distance of 1 arcsec: 1 - exp(-pi / 100)."""
    assert chance_within(np.array([1.0]), np.array([0.01]))[0] == pytest.approx(1.0 - np.exp(-np.pi / 100.0))
    area = np.pi * (300.0**2 - 2.0**2)
    assert ring_density(np.array([0, 99]), 2.0, 300.0) == pytest.approx([1.0 / area, 100.0 / area])
