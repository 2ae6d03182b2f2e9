"""Links of moving objects: made asteroids among stars are linked, stars are not, and real ones too."""

from pathlib import Path

import numpy as np
import pytest

from fink_lib.science.methods.links import find_links
from fink_lib.science.methods.night_alerts import NightAlerts
from tests.builders.packet_rows import read_packets

T0 = 2459540.75
MINUTE = 1.0 / 1440.0


def night_of(rows: list[tuple[float, float, float, float, int]]) -> NightAlerts:
    """Return alerts from (minutes, ra, dec, mag, band)."""
    time, ra, dec, mag, band = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    ids = np.arange(len(rows), dtype=np.int64)
    return NightAlerts(ids, T0 + time * MINUTE, ra, dec, mag, band.astype(np.int64))


def asteroid(
    minutes: list[float], *, ra: float = 40.0, dec: float = 10.0, rate: float = 0.25, mag: float = 19.0
) -> list[tuple[float, float, float, float, int]]:
    """Return an object that moves north-east with a rate in degrees a day."""
    step = rate / np.sqrt(2.0) / 1440.0
    return [
        (t, ra + step * t / np.cos(np.radians(dec)), dec + step * t, mag, 1 + number % 2)
        for number, t in enumerate(minutes)
    ]


def test_three_looks_at_one_asteroid_make_one_link() -> None:
    names = find_links(night_of(asteroid([0.0, 30.0, 70.0])))
    assert names.tolist() == ["LINK_20211122_060000_00"] * 3


def test_two_asteroids_of_one_exposure_have_numbers_of_their_own() -> None:
    names = find_links(night_of(asteroid([0.0, 30.0, 70.0]) + asteroid([0.0, 30.0, 70.0], ra=50.0)))
    assert names.tolist() == ["LINK_20211122_060000_00"] * 3 + ["LINK_20211122_060000_01"] * 3


@pytest.mark.parametrize(
    "rows",
    [
        asteroid([0.0, 30.0, 60.0], rate=0.005),  # a star, or too slow
        asteroid([0.0, 30.0, 60.0], rate=3.0),  # too fast
        asteroid([0.0, 150.0, 300.0]),  # too long between
        # Two strangers 60 arcsec and 30 min apart: a tracklet in v0.1.0.
        [(0.0, 40.0, 10.0, 19.0, 1), (30.0, 40.0, 10.0 + 60.0 / 3600.0, 19.1, 1)],
        [(0.0, 40.0, 10.0, 19.0, 1), (30.0, 40.003, 10.003, 19.7, 1)],  # another brightness in the same band
        [(0.0, 40.0, 10.0, 19.0, 1), (0.01, 40.003, 10.003, 19.0, 1)],  # one exposure
        asteroid([0.0]),
        [(0.0, np.nan, 10.0, 19.0, 1), (30.0, 40.003, 10.003, 19.0, 1)],
    ],
)
def test_what_is_no_link(rows: list[tuple[float, float, float, float, int]]) -> None:
    assert set(find_links(night_of(rows))) == {""}


def test_no_alerts() -> None:
    empty = np.empty(0)
    nothing = NightAlerts(empty.astype(int), empty, empty, empty, empty, empty.astype(int))
    assert len(find_links(nothing)) == 0


@pytest.mark.parametrize(("ra", "dec"), [(0.0, 0.0), (359.9999, 20.0), (120.0, 89.5), (10.0, -89.9)])
def test_the_meridian_and_the_poles(ra: float, dec: float) -> None:
    rows = [(t, r % 360.0, d, m, b) for t, r, d, m, b in asteroid([0.0, 20.0, 40.0], ra=ra, dec=dec)]
    assert len(set(find_links(night_of(rows)))) == 1
    assert find_links(night_of(rows))[0].startswith("LINK_")


def test_thirty_asteroids_among_three_hundred_strangers_are_found_in_any_order() -> None:
    draw = np.random.default_rng(1)
    rows: list[tuple[float, float, float, float, int]] = []
    for _ in range(30):
        rows += asteroid(
            [0.0, 33.0, 61.0], ra=draw.uniform(30, 50), dec=draw.uniform(-10, 10), mag=draw.uniform(17, 20)
        )
    for _ in range(300):
        when = float(draw.choice([0.0, 33.0, 61.0]))
        rows.append((when, draw.uniform(30, 50), draw.uniform(-10, 10), draw.uniform(17, 20), int(draw.integers(1, 3))))
    night = night_of(rows)
    names = find_links(night)
    for start in range(0, 90, 3):
        assert len(set(names[start : start + 3])) == 1
        assert names[start] != ""
    assert np.sum(names[90:] != "") < 5
    order = draw.permutation(len(rows))
    assert find_links(night.take(order)).tolist() == names[order].tolist()


def test_a_real_night_links_only_alerts_of_equal_names(real_alerts: Path) -> None:
    """Known asteroids carry their name, which the linking does not see."""
    packets = list(read_packets(real_alerts / "ztf" / "ztf_public_20181129.tar.gz"))
    now = [packet["candidate"] for packet in packets]
    moving = [c for c in now if (c["ssdistnr"] or -1) >= 0 and c["ssdistnr"] < 5]
    night = NightAlerts(
        *(np.array([c[name] for c in moving]) for name in ("candid", "jd", "ra", "dec", "magpsf", "fid"))
    )
    names = find_links(night)
    linked: dict[str, set[str]] = {}
    for c, name in zip(moving, names, strict=True):
        if name:
            linked.setdefault(name, set()).add(c["ssnamenr"])
    assert all(len(objects) == 1 for objects in linked.values())
