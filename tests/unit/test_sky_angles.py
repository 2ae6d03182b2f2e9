"""The great-circle separation beside astropy: tiny, wide, and at the poles."""

import numpy as np
import pytest
from astropy.coordinates import angular_separation

from fink_lib.catalogs.index import separation_arcsec
from fink_lib.multimessenger.region import offsets
from fink_lib.sky import angle_between, separation_deg, unit_vectors

DRAW = np.random.default_rng(7)
N = 20_000


def theirs(ra: np.ndarray, dec: np.ndarray, other_ra: np.ndarray, other_dec: np.ndarray) -> np.ndarray:
    return np.degrees(angular_separation(*(np.radians(one) for one in (ra, dec, other_ra, other_dec))))


def anywhere() -> tuple[np.ndarray, np.ndarray]:
    return DRAW.uniform(0.0, 360.0, N), np.degrees(np.arcsin(DRAW.uniform(-1.0, 1.0, N)))


def test_positions_anywhere() -> None:
    here, there = anywhere(), anywhere()
    assert np.abs(separation_deg(*here, *there) - theirs(*here, *there)).max() < 1e-12


@pytest.mark.parametrize("arcsec", [1e-6, 1e-3, 1.0, 60.0])
def test_tiny_separations(arcsec: float) -> None:
    """A cosine would lose all of what is below 0.003 arcsec; positions of floats have 1e-10 arcsec."""
    ra, dec = anywhere()
    near = dec + np.where(dec > 0.0, -arcsec, arcsec) / 3600.0
    apart = np.abs(near - dec) * 3600.0  # as the floats have it
    assert np.abs(separation_deg(ra, dec, ra, near) * 3600.0 - apart).max() < 2e-10
    assert np.abs(separation_deg(ra, dec, ra, near) - theirs(ra, dec, ra, near)).max() * 3600.0 < 2e-10


@pytest.mark.parametrize("arcsec", [1e-3, 1.0, 3600.0])
def test_nearly_opposite_directions(arcsec: float) -> None:
    """There the chord itself loses half of the digits: 0.003 arcsec."""
    ra, dec = anywhere()
    other = -dec + np.where(dec > 0.0, arcsec, -arcsec) / 3600.0
    found = separation_deg(ra, dec, (ra + 180.0) % 360.0, other)
    assert np.abs((180.0 - found) * 3600.0 - np.abs(dec + other) * 3600.0).max() < 1e-9


def test_poles_turns_and_equals() -> None:
    assert separation_deg(*map(np.array, (10.0, 90.0, 200.0, 90.0))) == pytest.approx(0.0, abs=1e-14)
    assert separation_deg(*map(np.array, (0.0, 90.0, 0.0, -90.0))) == 180.0
    assert separation_deg(*map(np.array, (359.5, 0.0, 0.5, 0.0))) == pytest.approx(1.0, abs=1e-13)
    assert separation_deg(*map(np.array, (77.7, -12.3, 77.7, -12.3))) == 0.0


def test_one_position_against_many_and_missing_ones() -> None:
    ra, dec = np.array([10.0, np.nan, 12.0]), np.array([0.0, 0.0, 0.0])
    found = separation_deg(ra, dec, np.array(10.0), np.array(0.0))
    assert found.shape == (3,)
    assert found[0] == 0.0
    assert np.isnan(found[1])
    assert separation_deg(np.empty(0), np.empty(0), np.empty(0), np.empty(0)).shape == (0,)
    assert unit_vectors(np.zeros((2, 5)), np.zeros((2, 5))).shape == (2, 5, 3)


def test_matches_keep_their_very_bits() -> None:
    """The crossmatch had the chord before: what its tables hold does not change."""
    ra, dec = anywhere()
    near = unit_vectors(ra + DRAW.normal(0.0, 1e-3, N), dec), unit_vectors(ra, dec)
    dx, dy, dz = (near[0] - near[1]).T
    before = 2.0 * np.arcsin(np.minimum(0.5 * np.sqrt(dx * dx + dy * dy + dz * dz), 1.0)) * (180.0 * 3600.0 / np.pi)
    assert np.array_equal(separation_arcsec(*near), before)
    assert np.array_equal(angle_between(near[0], near[1]), angle_between(near[1], near[0]))


def test_regions_have_the_same_separation() -> None:
    """They had Vincenty's formula: the last digits differ."""
    ra, dec = anywhere()
    apart, angle = offsets(30.0, -20.0, ra, dec)
    assert np.abs(apart - theirs(np.full(N, 30.0), np.full(N, -20.0), ra, dec)).max() < 1e-12
    assert np.array_equal(apart, separation_deg(np.array(30.0), np.array(-20.0), ra, dec))
    assert np.abs(angle).max() <= np.pi
