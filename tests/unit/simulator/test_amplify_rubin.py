"""Rubin packets amplified: ids as the telescope numbers them, unique; histories, forced photometry, stamps, orbits."""

import datetime as dt
import io
import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

from fink_lib.simulator.amplify import Amplifier
from fink_lib.simulator.packets import BRONZE, examine
from fink_lib.surveys import LSST, Survey
from fink_lib.surveys.framing import ConfluentFraming, decode
from fink_lib.surveys.lsst import ids
from fink_lib.surveys.lsst.copies import VISIT_S, exposure_at, visit
from tests.unit.surveys.lsst_messages import schemas, wire

COUNT = 150  # one of each message, and a second one of fourteen
Pairs = list[tuple[dict[str, Any], dict[str, Any]]]
NIGHT = dt.date(2025, 12, 31)


@pytest.fixture(scope="module")
def lsst(shared_data: Path) -> Survey:
    return replace(LSST, framing=ConfluentFraming(schemas(shared_data), "7.1"))


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[bytes]:
    return [message for _, message in wire(shared_data)]


@pytest.fixture(scope="module")
def copies(lsst: Survey, real: list[bytes]) -> list[bytes]:
    return list(Amplifier(real, lsst, seed=3)(COUNT))


@pytest.fixture(scope="module")
def originals(lsst: Survey, real: list[bytes]) -> list[dict[str, Any]]:
    return [decode(lsst.framing.unwrap(message)) for message in real]


@pytest.fixture(scope="module")
def pairs(lsst: Survey, originals: list[dict[str, Any]], copies: list[bytes]) -> Pairs:
    return [(originals[n % len(originals)], decode(lsst.framing.unwrap(message))) for n, message in enumerate(copies)]


def test_ids_tell_visit_and_detector_as_those_of_the_telescope_do(originals: list[dict[str, Any]]) -> None:
    for packet in originals:
        source = packet["diaSource"]
        night, exposure, detector, counter = ids.parts_of(source["diaSourceId"])
        assert (ids.visit_of(night, exposure), detector) == (source["visit"], source["detector"])
        assert ids.source_id(night, exposure, detector, counter) == source["diaSourceId"]


def test_designations_are_packed_as_the_minor_planet_center_does(originals: list[dict[str, Any]]) -> None:
    """Its own example, and the rule that real packets follow: the moving object's id is the packed name."""
    told = dict(ids.designation(number) for number in range(0, ids.DESIGNATIONS, 1009))
    assert len(told) == len(set(told.values())) > 50_000
    assert {len(packed) for packed in told.values()} == {7}
    known = {"1995 XA": "J95X00A", "1995 XL1": "J95X01L", "1998 SQ108": "J98SA8Q", "2007 TA418": "K07Tf8A"}
    for plain, packed in known.items():
        assert ids.designation(_number_of(plain)) == (plain, packed)
    followed = [
        packet
        for packet in originals
        if packet["mpc_orbits"]
        and ids.moving_id(packet["mpc_orbits"]["packed_primary_provisional_designation"])
        == packet["diaSource"]["ssObjectId"]
    ]
    assert len(followed) >= 26  # two of 28 ids were rounded by whoever kept the packets


def _number_of(plain: str) -> int:
    year, name = plain.split()
    half, order, cycle = "ABCDEFGHJKLMNOPQRSTUVWXY".index(name[0]), "ABCDEFGHJKLMNOPQRSTUVWXYZ".index(name[1]), name[2:]
    return (((int(year) - 1950) * 24 + half) * 620 + int(cycle or 0)) * 25 + order


def test_copies_are_whole_unique_and_of_one_night(lsst: Survey, copies: list[bytes]) -> None:
    facts = [examine(packet, lsst) for packet in copies]
    assert {fact.expected for fact in facts} == {BRONZE}
    assert {fact.night for fact in facts} == {NIGHT}
    assert len({fact.alert_id for fact in facts}) == COUNT
    named = [fact.object_id for fact in facts if fact.object_id is not None]
    assert len(set(named)) == len(named) == COUNT


def test_source_history_and_forced_photometry_move_together(pairs: Pairs) -> None:
    rows = 0
    for old, new in pairs:
        later = new["diaSource"]["midpointMjdTai"] - old["diaSource"]["midpointMjdTai"]
        assert new["diaSourceId"] == new["diaSource"]["diaSourceId"]
        center = (SkyCoord(*(one["diaSource"][axis] for axis in ("ra", "dec")), unit="deg") for one in (old, new))
        was, is_ = center
        for name in ("prvDiaSources", "prvDiaForcedSources"):
            assert (old[name] is None) == (new[name] is None)
            for past, row in zip(old[name] or [], new[name] or [], strict=True):
                rows += 1
                assert row["midpointMjdTai"] - past["midpointMjdTai"] == pytest.approx(later, abs=1e-8)
                assert row["visit"] // 100_000 == int(f"{exposure_at(row['midpointMjdTai'])[0]:%Y%m%d}")
                assert row["diaObjectId"] == new["diaSource"]["diaObjectId"]
                assert row["psfFlux"] == past["psfFlux"]
            if old[name]:
                apart = [
                    SkyCoord(one[name][0]["ra"], one[name][0]["dec"], unit="deg").separation(at).arcsec
                    for one, at in ((old, was), (new, is_))
                ]
                assert apart[1] == pytest.approx(apart[0], abs=0.05 + 0.1 * apart[0])
    assert rows > 2000
    earlier = [row["diaSourceId"] for _, new in pairs for row in new["prvDiaSources"] or ()]
    assert len(set(earlier)) > 0.99 * len(earlier)


def test_moving_objects_have_names_of_their_own(pairs: Pairs) -> None:
    moving = [new for old, new in pairs if old["ssSource"] is not None]
    assert len(moving) >= 34
    names = set()
    for packet in moving:
        source, told, orbit = packet["diaSource"], packet["ssSource"], packet["mpc_orbits"]
        assert source["diaObjectId"] == 0
        assert told["ssObjectId"] == source["ssObjectId"] != 0
        assert told["diaSourceId"] == source["diaSourceId"]
        if orbit is not None:
            assert ids.moving_id(orbit["packed_primary_provisional_designation"]) == source["ssObjectId"]
            assert orbit["unpacked_primary_provisional_designation"] == told["designation"]
        names.add(told["designation"])
    assert len(names) == len(moving)


def test_stamps_are_new_and_keep_their_headers(pairs: Pairs) -> None:
    (old, new), *_ = pairs
    for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference"):
        was, is_ = (fits.open(io.BytesIO(one[name]))[0] for one in (old, new))
        assert was.header == is_.header
        change = np.asarray(is_.data - was.data, dtype=float)
        assert 0.0 < np.nanstd(change) < np.nanstd(was.data)


def test_visits_follow_each_other_within_one_night_and_the_footprint() -> None:
    visits = [visit(NIGHT, number, seed=1) for number in range(1000)]
    gaps = {round((b.mjd_tai - a.mjd_tai) * 86400.0, 3) for a, b in itertools.pairwise(visits)}
    assert gaps == {VISIT_S}
    assert {exposure_at(one.mjd_tai)[0] for one in visits} == {NIGHT}
    assert all(-70.0 <= one.dec_deg <= 5.0 for one in visits)
    south = sum(one.dec_deg < -30.0 for one in visits) / 1000
    low, middle, high = (math.sin(math.radians(edge)) for edge in (-70.0, -30.0, 5.0))
    assert south == pytest.approx((middle - low) / (high - low), abs=0.05)  # even over the sky


def test_the_same_seed_gives_the_same_packets(lsst: Survey, real: list[bytes]) -> None:
    few = real[:3]
    assert list(Amplifier(few, lsst, seed=1)(6)) == list(Amplifier(few, lsst, seed=1)(6))
    assert list(Amplifier(few, lsst, seed=1)(6)) != list(Amplifier(few, lsst, seed=2)(6))
