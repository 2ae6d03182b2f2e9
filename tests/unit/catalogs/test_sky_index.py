"""The sky index finds what a full comparison finds, everywhere on the sky."""

import numpy as np
import pytest

from fink_lib.catalogs import SkyIndex, build_index

ARCSEC = 1.0 / 3600.0


def sphere(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return draw.uniform(0.0, 360.0, count), np.degrees(np.arcsin(draw.uniform(-1.0, 1.0, count)))


def offset(ra: np.ndarray, dec: np.ndarray, arcsec: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Move positions by an exact angle in a random direction."""
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    angle = np.random.default_rng(seed).uniform(0.0, 360.0, len(ra))
    moved = SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(angle * u.deg, arcsec * u.arcsec)
    return moved.ra.deg, moved.dec.deg


def test_every_planted_match_is_found() -> None:
    ra, dec = sphere(200_000, seed=1)
    index = build_index(ra, dec)
    planted = np.random.default_rng(2).choice(len(ra), 1500, replace=False)
    here = offset(ra[planted], dec[planted], np.random.default_rng(3).uniform(0.0, 1.49, 1500), seed=4)
    rows, separation = index.nearest(*here, 1.5)
    assert (rows == planted).sum() == 1500
    assert separation.max() < 1.5


@pytest.mark.parametrize("radius_arcsec", [1.5, 60.0, 3600.0])
def test_agrees_with_astropy(radius_arcsec: float) -> None:
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    ra, dec = sphere(40_000, seed=5)
    dec[:50], dec[50:100] = 90.0 - dec[:50] % 0.01, -90.0 + dec[50:100] % 0.01
    ra[100:200] = ra[100:200] % 0.02 - 0.01
    near = offset(ra, dec, np.random.default_rng(6).uniform(0.0, 2.0, len(ra)), seed=7)
    far = sphere(2000, seed=8)
    here = np.concatenate([near[0][:2000], far[0]]), np.concatenate([near[1][:2000], far[1]])
    rows, separation = build_index(ra, dec).nearest(*here, radius_arcsec)
    match, angle, _ = SkyCoord(*here, unit=u.deg).match_to_catalog_sky(SkyCoord(ra, dec, unit=u.deg))
    expected = angle.arcsec <= radius_arcsec
    np.testing.assert_array_equal(rows >= 0, expected)
    np.testing.assert_array_equal(rows[expected], match[expected])
    np.testing.assert_allclose(separation[expected], angle.arcsec[expected], atol=1e-6)
    assert np.isnan(separation[~expected]).all()


def test_the_meridian_and_the_poles() -> None:
    index = build_index(np.array([359.9999, 0.0, 45.0, 225.0]), np.array([0.0, 10.0, 90.0, -89.9999]))
    rows, separation = index.nearest(
        np.array([0.0001, 360.0, -0.00001, 200.0, 45.0]), np.array([0.0, 10.0, 10.0, 90.0, -90.0]), 1.5
    )
    assert rows.tolist() == [0, 1, 1, 2, 3]
    np.testing.assert_allclose(separation, [0.72, 0.0, 0.0355, 0.0, 0.36], atol=1e-3)


def test_every_alert_on_one_star_gets_it_and_the_nearest_wins() -> None:
    index = build_index(np.array([10.0, 10.0, 10.0 + 0.5 * ARCSEC]), np.array([0.0, 0.0, 0.0]))
    rows, _ = index.nearest(10.0 + np.array([0.0, 0.1, 0.2, 0.4]) * ARCSEC, np.zeros(4), 1.5)
    assert rows.tolist() == [0, 0, 0, 2]


def test_positions_that_are_none_match_nothing() -> None:
    index = build_index(np.array([10.0, np.nan]), np.array([0.0, 0.0]))
    rows, separation = index.nearest(np.array([np.nan, 10.0, 10.0]), np.array([0.0, np.inf, 91.0]), 60.0)
    assert rows.tolist() == [-1, -1, -1]
    assert np.isnan(separation).all()


def test_no_alerts_and_no_sources() -> None:
    empty = np.empty(0)
    assert build_index(np.array([1.0]), np.array([1.0])).nearest(empty, empty, 1.5)[0].tolist() == []
    nothing: SkyIndex = build_index(empty, empty)
    assert nothing.nearest(np.array([1.0]), np.array([1.0]), 1.5)[0].tolist() == [-1]
