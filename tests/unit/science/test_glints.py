"""Tracklets: rows of alerts in one exposure, wherever on the sky, and nothing that chance or an artefact makes."""

import numpy as np
import numpy.typing as npt
import pytest

from fink_lib.science.methods.glints import find_glints
from fink_lib.science.methods.night_alerts import NightAlerts

JD = 2459540.75
ARCSEC = 1.0 / 3600.0
Floats = npt.NDArray[np.float64]


def exposure(ra: Floats, dec: Floats, seconds: float = 0.0) -> NightAlerts:
    """Return alerts of one time."""
    count = len(ra)
    return NightAlerts(
        np.arange(count), np.full(count, JD + seconds / 86400.0), ra, dec, np.full(count, 18.0), np.ones(count, int)
    )


def great_circle(count: int, *, ra: float, dec: float, bearing: float, step: float = 0.1) -> tuple[Floats, Floats]:
    """Return points on a great circle, `step` degrees apart: spherical trigonometry."""
    arc, start, towards = np.radians(step * np.arange(count)), np.radians(dec), np.radians(bearing)
    sine = np.sin(start) * np.cos(arc) + np.cos(start) * np.sin(arc) * np.cos(towards)
    east = np.arctan2(np.sin(towards) * np.sin(arc) * np.cos(start), np.cos(arc) - np.sin(start) * sine)
    return (ra + np.degrees(east)) % 360.0, np.degrees(np.arcsin(sine))


@pytest.mark.parametrize(("ra", "dec"), [(40.0, 10.0), (359.8, -20.0), (120.0, 88.0), (10.0, -89.9)])
@pytest.mark.parametrize("bearing", [0.0, 35.0, 90.0, 140.0])
def test_seven_alerts_on_a_great_circle_are_a_tracklet(ra: float, dec: float, bearing: float) -> None:
    """v0.1.0 made none of them."""
    names = find_glints(exposure(*great_circle(7, ra=ra, dec=dec, bearing=bearing)))
    assert names.tolist() == ["TRCK_20211122_060000_00"] * 7


def test_two_satellites_of_one_exposure() -> None:
    one, other = great_circle(6, ra=40.0, dec=10.0, bearing=20.0), great_circle(5, ra=40.5, dec=10.0, bearing=100.0)
    names = find_glints(exposure(np.r_[one[0], other[0]], np.r_[one[1], other[1]]))
    assert names.tolist() == ["TRCK_20211122_060000_00"] * 6 + ["TRCK_20211122_060000_01"] * 5


def test_four_are_too_few_and_five_of_two_exposures_too() -> None:
    ra, dec = great_circle(5, ra=40.0, dec=10.0, bearing=20.0)
    assert set(find_glints(exposure(ra[:4], dec[:4]))) == {""}
    later = exposure(ra, dec)
    later.time[3:] += 30.0 / 86400.0
    assert set(find_glints(later)) == {""}


def test_one_source_that_is_found_five_times_is_none_nor_is_a_short_row() -> None:
    assert set(find_glints(exposure(40.0 + np.arange(5) * 0.5 * ARCSEC, np.full(5, 10.0)))) == {""}
    assert set(find_glints(exposure(40.0 + np.arange(5) * 8.0 * ARCSEC, np.full(5, 10.0)))) == {""}


def test_alerts_off_the_circle_do_not_belong_to_it() -> None:
    ra, dec = great_circle(7, ra=40.0, dec=10.0, bearing=0.0)
    ra[3] += 10.0 * ARCSEC
    names = find_glints(exposure(ra, dec))
    assert [name != "" for name in names] == [True, True, True, False, True, True, True]


def test_chance_makes_none_and_the_order_changes_nothing() -> None:
    draw = np.random.default_rng(3)
    ra, dec = 100.0 + draw.uniform(0.0, 7.0, 150), draw.uniform(0.0, 7.0, 150)
    assert set(find_glints(exposure(ra, dec))) == {""}
    line = great_circle(7, ra=103.0, dec=3.0, bearing=70.0)
    night = exposure(np.r_[ra, line[0]], np.r_[dec, line[1]])
    names = find_glints(night)
    assert [name != "" for name in names] == [False] * 150 + [True] * 7
    order = draw.permutation(157)
    assert find_glints(night.take(order)).tolist() == names[order].tolist()


def test_no_alerts_and_alerts_without_a_place() -> None:
    assert len(find_glints(exposure(np.empty(0), np.empty(0)))) == 0
    assert set(find_glints(exposure(np.full(6, np.nan), np.zeros(6)))) == {""}
