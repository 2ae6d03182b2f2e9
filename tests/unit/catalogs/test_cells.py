"""Cells: no circle leaves the cells that are said to cover it."""

import numpy as np
import pytest

from fink_lib.catalogs.cells import (
    SAFE_WIDTH,
    TABLE_ORDER,
    cells_of,
    covering_cells,
    match_order,
    neighbours,
)

ARCSEC = 1.0 / 3600.0


def positions(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions all over the sky, with a third of them at the poles, across RA 0 and at corners of base cells."""
    draw = np.random.default_rng(seed)
    ra, dec = draw.uniform(0.0, 360.0, count), np.degrees(np.arcsin(draw.uniform(-1.0, 1.0, count)))
    part = count // 12
    dec[:part] = 90.0 - draw.uniform(0, 0.01, part)
    dec[part : 2 * part] = -90.0 + draw.uniform(0, 0.01, part)
    ra[2 * part : 3 * part] = draw.uniform(-0.01, 0.01, part) % 360.0
    corners = np.degrees(np.arcsin(2.0 / 3.0)) * draw.choice([-1.0, 1.0], part)  # where three base cells meet
    ra[3 * part : 4 * part] = draw.choice([0.0, 90.0, 180.0, 270.0], part) + draw.uniform(-1e-3, 1e-3, part)
    dec[3 * part : 4 * part] = corners + draw.uniform(-1e-3, 1e-3, part)
    return ra % 360.0, dec


def moved(ra: np.ndarray, dec: np.ndarray, arcsec: float, angle_deg: float) -> tuple[np.ndarray, np.ndarray]:
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    there = SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(angle_deg * u.deg, arcsec * u.arcsec)
    return there.ra.deg, there.dec.deg


@pytest.mark.parametrize("radius_arcsec", [0.5, 1.5, 30.0, 600.0, 7200.0])
def test_the_rim_of_every_circle_lies_in_its_cells(radius_arcsec: float) -> None:
    ra, dec = positions(2_400, seed=1)
    order = match_order(radius_arcsec)
    owner, cell = covering_cells(ra, dec, radius_arcsec, order)
    covered = set(zip(owner.tolist(), cell.tolist(), strict=True))
    assert len(covered) == len(owner)
    crossed = 0
    for angle in np.arange(0.0, 360.0, 30.0):
        rim = cells_of(*moved(ra, dec, radius_arcsec, angle), order)
        crossed += int((rim != cells_of(ra, dec, order)).sum())
        assert covered.issuperset(zip(range(len(ra)), rim.tolist(), strict=True))
    assert crossed > 0  # circles did leave the cell that they are centred in


def test_most_positions_have_one_cell_at_the_radius_of_a_star() -> None:
    ra, dec = positions(12_000, seed=2)
    owner, _ = covering_cells(ra[4000:], dec[4000:], 1.5, TABLE_ORDER)
    assert 8000 < len(owner) < 8000 * 1.15


@pytest.mark.parametrize("order", [2])
def test_the_margin_holds_for_every_cell_of_an_order(order: int) -> None:
    """The distance from a cell to what is not its neighbour is larger than the margin that is counted on."""
    from astropy_healpix.core import boundaries_lonlat

    count = 12 * 4**order
    lon, lat = boundaries_lonlat(np.arange(count), 4, 2**order, order="nested")
    edge = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1).value
    around = neighbours(np.arange(count), order)
    size = np.sqrt(4 * np.pi / count)
    for cell in range(count):
        far = np.setdiff1d(np.arange(count), [cell, *around[:, cell]])
        chord = np.sqrt(((edge[cell][:, None, None] - edge[far][None]) ** 2).sum(-1)).min()
        assert 2 * np.arcsin(chord / 2) > 1.2 * SAFE_WIDTH * size


def test_positions_off_the_sphere_have_no_cells() -> None:
    ra, dec = np.array([np.nan, 10.0, 10.0, 10.0]), np.array([0.0, np.inf, 91.0, 20.0])
    assert cells_of(ra, dec, 5).tolist()[:3] == [-1, -1, -1]
    assert covering_cells(ra, dec, 1.5, 5)[0].tolist() == [3]
    assert covering_cells(np.empty(0), np.empty(0), 1.5, 5)[0].tolist() == []


def test_circles_too_large_are_refused() -> None:
    assert match_order(600.0) < TABLE_ORDER
    with pytest.raises(ValueError, match="does not fit"):
        covering_cells(np.array([1.0]), np.array([1.0]), 600.0, TABLE_ORDER)
    with pytest.raises(ValueError, match="too large"):
        match_order(40.0 / ARCSEC)
