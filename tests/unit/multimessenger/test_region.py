"""Regions: who lies in them, how they rank, and how much background they hold."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from fink_lib.errors import NotAnEvent
from fink_lib.multimessenger.background import FULL_SKY_DEG2, background_of
from fink_lib.multimessenger.event import Action, Event, Localization, Messenger, Purpose, Shape
from fink_lib.multimessenger.region import (
    SEARCH_LEVEL,
    CredibleRegion,
    Ellipse,
    Polygon,
    Region,
    moved,
    offsets,
    radius_of,
    region_of,
)
from fink_lib.multimessenger.skymap import SkyMap

RANDOM = np.random.default_rng(2)
RA, DEC = RANDOM.uniform(0, 360, 20_000), np.degrees(np.arcsin(RANDOM.uniform(-1, 1, 20_000)))
EVERYWHERE = background_of((RA, DEC), (RA, DEC), np.zeros(len(RA)))


def event(where: Localization, mission: str = "swift", instrument: str = "bat") -> Event:
    return Event(
        mission, instrument, "1", "k", Messenger.GAMMA_RAY, Action.INITIAL, Purpose.OBSERVATION, None, None, where=where
    )


@pytest.mark.parametrize("centre", [(10.0, 20.0), (359.99, -5.0), (120.0, 89.9), (200.0, -90.0)])
def test_offsets_are_astropys(centre: tuple[float, float]) -> None:
    here, there = SkyCoord(*centre, unit="deg"), SkyCoord(RA[:200], DEC[:200], unit="deg")
    separation, angle = offsets(*centre, RA[:200], DEC[:200])
    assert separation == pytest.approx(here.separation(there).deg)
    assert np.cos(angle - here.position_angle(there).rad) == pytest.approx(1.0)
    back = SkyCoord(*moved(*centre, np.radians(separation), angle, 0.0), unit="deg")
    assert back.separation(there).to_value(units.arcsec) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("radius", [0.001, 0.3, 5.0, 40.0])
def test_a_circle_across_ra_zero_and_at_a_pole(radius: float) -> None:
    for centre in ((0.0, 10.0), (77.0, 90.0)):
        region = Ellipse(*centre, radius / radius_of(SEARCH_LEVEL))
        near = moved(*centre, np.radians(radius * np.array([0.0, 0.999, 1.001])), np.array([0.0, 2.0, 4.0]), 0.0)
        ranks = region.ranks(*near)
        assert ranks[:2] == pytest.approx([0.0, SEARCH_LEVEL], abs=0.001)
        assert ranks[2] == np.inf
        assert region.area_deg2 == pytest.approx((1 - np.cos(np.radians(radius))) / 2 * FULL_SKY_DEG2, rel=1e-6)


def test_half_of_a_gaussian_lies_within_its_median() -> None:
    """The search radius follows from the radius and containment that a notice states."""
    region = region_of(event(Localization(Shape.CIRCLE, 10.0, 0.0, 1.0, 1.0, containment=0.5)))
    assert isinstance(region, Ellipse)
    assert region.ranks(np.array([10.0]), np.array([1.0]))[0] == pytest.approx(0.5, abs=1e-6)
    gbm = region_of(
        event(
            Localization(Shape.CIRCLE, 1.0, 2.0, 3.0, 3.0, containment=0.683, systematic_included=False), "fermi", "gbm"
        )
    )
    assert isinstance(gbm, Ellipse)
    assert gbm.sigma_deg == pytest.approx(np.hypot(3.0 / radius_of(0.683), 2.45))


def test_an_ellipse_lies_along_its_position_angle() -> None:
    region = region_of(
        event(Localization(Shape.ELLIPSE, 50.0, 60.0, 2.0, 0.5, position_angle_deg=30.0, containment=0.9))
    )
    along = moved(50.0, 60.0, np.radians([1.99]), np.radians([30.0]), 0.0)
    across = moved(50.0, 60.0, np.radians([0.499]), np.radians([120.0]), 0.0)
    assert [region.ranks(*along)[0], region.ranks(*across)[0]] == pytest.approx([0.9, 0.9], abs=0.005)
    assert region.area_deg2 == pytest.approx(
        np.pi * 2.0 * 0.5 * (radius_of(SEARCH_LEVEL) / radius_of(0.9)) ** 2, rel=1e-3
    )


BOX = ((10.0, -1.0), (14.0, 1.0), (10.0, 1.0), (14.0, -1.0))  # corners in no order around it


@pytest.mark.parametrize("turn", [0.0, 350.0])
def test_a_polygon_holds_what_lies_within(turn: float) -> None:
    corners = tuple(((ra + turn) % 360.0, dec) for ra, dec in BOX)
    region = Polygon((12.0 + turn) % 360.0, 0.0, corners, 0.9)
    ra = (np.array([10.1, 13.9, 12.0, 14.1, 12.0, 192.0]) + turn) % 360.0
    ranks = region.ranks(ra, np.array([0.9, -0.9, 0.0, 0.0, 1.2, 0.0]))
    assert ranks.tolist() == [0.9, 0.9, 0.9, np.inf, np.inf, np.inf]
    assert region.area_deg2 == pytest.approx(8.0, rel=0.05)


def test_a_polygon_whose_position_lies_outside_is_the_polygon_all_the_same() -> None:
    region = Polygon(15.0, 2.0, BOX, 0.9)
    ranks = region.ranks(np.array([12.0, 15.0, 20.0]), np.array([0.0, 2.0, 5.0]))
    assert ranks.tolist() == [0.9, np.inf, np.inf]
    assert region.area_deg2 == pytest.approx(8.0, rel=0.25)


def test_corners_on_one_line_enclose_nothing() -> None:
    region = Polygon(10.0, 0.0, ((9.0, 0.0), (10.0, 0.0), (11.0, 0.0)), 0.9)
    assert region.ranks(np.array([10.0, 10.0, 80.0]), np.array([0.0, 1.0, -5.0])).tolist() == [np.inf] * 3


def test_an_error_at_a_level_next_to_nothing_is_the_whole_sky() -> None:
    region = region_of(event(Localization(Shape.CIRCLE, 10.0, 0.0, 180.0, 180.0, containment=1e-320)))
    assert region.area_deg2 == pytest.approx(FULL_SKY_DEG2)


def test_the_credible_region_is_the_densest_pixels() -> None:
    """Four pixels of two sizes: 0.5 on 1, 0.3 on 1, 0.18 on 4, 0.02 on 1 units of area."""
    skymap = SkyMap(np.array([1, 1, 0, 1]), np.array([0, 1, 3, 16]), np.array([0.5, 0.3, 0.18, 0.02]))
    region = CredibleRegion(skymap)
    lon, lat = {}, {}
    from astropy_healpix import HEALPix

    for row, (order, pixel) in enumerate([(1, 0), (1, 1), (0, 3), (1, 16)]):
        found = HEALPix(2**order, order="nested").healpix_to_lonlat(pixel)
        lon[row], lat[row] = found[0].deg, found[1].deg
    ranks = region.ranks(np.array(list(lon.values())), np.array(list(lat.values())))
    assert ranks[:3] == pytest.approx([0.25, 0.65, 0.8 + 0.09])
    assert ranks[3] == np.inf
    assert region.area_deg2 == pytest.approx(6 / 48 * FULL_SKY_DEG2)
    total, parts = region.shares(EVERYWHERE, np.array(list(lon.values())[:3]), np.array(list(lat.values())[:3]))
    assert total == pytest.approx(6 / 48, rel=0.05)
    assert parts == pytest.approx([1 / 48, 2 / 48, 6 / 48], rel=0.15)


@pytest.mark.parametrize("region", [Ellipse(10.0, 20.0, 8.0), Ellipse(0.0, 88.0, 0.1), Polygon(12.0, 0.0, BOX, 0.9)])
def test_background_of_a_region_is_its_share_of_an_even_sky(region: Region) -> None:
    total, parts = region.shares(EVERYWHERE, np.array([10.0]), np.array([20.0]))
    assert total == pytest.approx(region.area_deg2 / FULL_SKY_DEG2, rel=0.25)  # 26 sources on 54 square degrees
    if isinstance(region, Ellipse) and region.dec_deg < 80.0:
        assert parts[0] == pytest.approx(0.0, abs=1e-12)  # in the very centre


def test_no_region() -> None:
    for where in (Localization(), Localization(Shape.NONE, 1.0, 2.0), Localization(Shape.SKYMAP)):
        with pytest.raises(NotAnEvent, match="no notice at hand gives a region"):
            region_of(event(where))
