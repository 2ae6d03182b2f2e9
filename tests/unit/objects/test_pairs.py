"""Pairs by place: each partner kept, symmetric, at the poles and across RA 0; and the same table in any order."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from object_lake import NIGHTS, alert, merge, objects, pairs, random_sky, shifted, silver

from fink_lib.errors import ConfigError
from fink_lib.lake.digest import table_digest
from fink_lib.lake.tables import gold_object_pairs
from fink_lib.objects.pair_book import PairBook, Paired
from fink_lib.surveys import LSST, ZTF

ORDERS = [("ztf", "lsst"), ("lsst", "ztf")]
PLACES = [(0.0, 0.0), (359.9999, -33.0), (0.0001, 60.0), (17.0, 89.99), (200.0, 90.0), (5.0, -90.0), (91.0, -89.99)]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_partners_are_found_across_ra_0_and_at_the_poles(tmp_path: Path, order: tuple[str, str]) -> None:
    inside = [alert(at, f"in{at}", *shifted(*place, 1.99, 100.0)) for at, place in enumerate(PLACES)]
    outside = [alert(100 + at, f"out{at}", *shifted(*place, 2.01, 280.0)) for at, place in enumerate(PLACES)]
    own = [alert(200 + at, f"9{at}", *place) for at, place in enumerate(PLACES)]
    rows = {"ztf": silver("ztf", [*inside, *outside]), "lsst": silver("lsst", own)}
    for survey in order:
        merge(tmp_path, survey, rows[survey], NIGHTS)
    found = pairs(tmp_path)
    assert set(found) == {(f"9{at}", f"in{at}") for at in range(len(PLACES))}
    assert [row["separation_arcsec"] for row in found.values()] == pytest.approx([1.99] * len(PLACES), abs=1e-4)


def test_an_old_object_gets_its_partner_when_the_partner_appears(tmp_path: Path) -> None:
    old = alert(1, "Z", 10.0, 20.0)
    merge(tmp_path, "ztf", silver("ztf", [old]), NIGHTS[:1])
    late = alert(2, "7", *shifted(10.0, 20.0, 0.5), night=NIGHTS[3])
    merge(tmp_path, "lsst", silver("lsst", [late]), NIGHTS[3:])
    row = pairs(tmp_path)["7", "Z"]
    assert (row["survey_a"], row["survey_b"], row["since_night"]) == ("lsst", "ztf", NIGHTS[3])
    assert row["position_error_a_arcsec"] == LSST.objects.typical_error_arcsec
    assert row["position_error_b_arcsec"] == ZTF.objects.typical_error_arcsec
    merge(tmp_path, "lsst", silver("lsst", []), NIGHTS[3:])  # and loses it when the partner goes
    assert pairs(tmp_path) == {}


def test_two_objects_of_one_survey_at_one_place_are_linked_not_merged(tmp_path: Path) -> None:
    """Rubin makes two where it works on consecutive images at once; the ZTF object belongs to both, for sure."""
    twins = [alert(1, "100", 10.0, 20.0), alert(2, "101", *shifted(10.0, 20.0, 0.3))]
    apart = alert(3, "102", *shifted(10.0, 20.0, 1.5, 180.0))
    merge(tmp_path, "ztf", silver("ztf", [alert(4, "Z", 10.0, 20.0)]), NIGHTS)
    merge(tmp_path, "lsst", silver("lsst", twins), NIGHTS)
    assert set(objects(tmp_path, "lsst")) == {"100", "101"}
    assert set(pairs(tmp_path, "same_survey")) == {("100", "101")}
    assert pairs(tmp_path, "same_survey")["100", "101"]["radius_arcsec"] == LSST.objects.association_arcsec
    found = pairs(tmp_path)
    assert {key: (row["candidates_a"], row["rank_a"], row["ambiguous"]) for key, row in found.items()} == {
        ("100", "Z"): (2, 1, False),
        ("101", "Z"): (2, 2, False),
    }
    merge(tmp_path, "lsst", silver("lsst", [*twins, apart]), NIGHTS)  # a third one is another object
    assert {key: (row["candidates_a"], row["ambiguous"]) for key, row in pairs(tmp_path).items()} == {
        ("100", "Z"): (3, True),
        ("101", "Z"): (3, True),
        ("102", "Z"): (3, True),
    }


SKIES = {"ztf": random_sky("ztf", 1, 1500, 700), "lsst": random_sky("lsst", 2, 1500, 700)}


def built(lake: Path, steps: list[tuple[str, int]]) -> str:
    for survey, number in steps:
        merge(lake, survey, SKIES[survey], [NIGHTS[number]])
    return table_digest(gold_object_pairs().path(lake))


def test_any_order_of_nights_and_surveys_gives_the_same_pairs(tmp_path: Path) -> None:
    whole = built(tmp_path / "one", list(product(("ztf", "lsst"), range(4))))
    mixed = [(survey, number) for number in (2, 0, 0, 3, 1) for survey in ("lsst", "ztf")]
    assert built(tmp_path / "other", mixed) == whole
    rebuilt = tmp_path / "rebuilt"
    for survey in ("lsst", "ztf"):
        merge(rebuilt, survey, SKIES[survey], NIGHTS)
    assert table_digest(gold_object_pairs().path(rebuilt)) == whole
    assert PairBook(rebuilt, 2.0).update() == Paired(0, 0)
    _compare_with_astropy(rebuilt)


def _compare_with_astropy(lake: Path) -> None:
    """Every pair that astropy finds, and none besides, with its separation; densities by a plain count."""
    rows = {survey: list(objects(lake, survey).values()) for survey in ("ztf", "lsst")}
    places = {survey: SkyCoord([one["ra"] for one in some] * u.deg, [one["dec"] for one in some] * u.deg)
              for survey, some in rows.items()}  # fmt: skip
    separation = places["lsst"][:, None].separation(places["ztf"][None, :]).arcsec
    may = {survey: np.array([one["may_move"] for one in some]) for survey, some in rows.items()}
    near = (separation <= 2.0) & ~may["lsst"][:, None] & ~may["ztf"][None, :]
    expected = {(rows["lsst"][a]["object_id"], rows["ztf"][b]["object_id"]): (a, b) for a, b in np.argwhere(near)}
    found = pairs(lake)
    assert set(found) == set(expected)
    assert len(found) > 10
    for key, (a, b) in expected.items():
        assert found[key]["separation_arcsec"] == pytest.approx(separation[a, b], abs=1e-5)
        ring = (separation[a] > 2.0) & (separation[a] <= 300.0) & ~may["ztf"]
        area = np.pi * (5.0**2 - (2.0 / 60.0) ** 2)
        assert found[key]["density_b_arcmin2"] == pytest.approx((int(ring.sum()) + 1) / area)


def test_another_radius_makes_all_anew(tmp_path: Path) -> None:
    rows: dict[str, pa.Table] = {
        "ztf": silver("ztf", [alert(1, "Z", 10.0, 20.0)]),
        "lsst": silver("lsst", [alert(2, "7", *shifted(10.0, 20.0, 3.0))]),
    }
    for survey, some in rows.items():
        merge(tmp_path, survey, some, NIGHTS)
    assert pairs(tmp_path) == {}
    assert PairBook(tmp_path, 5.0).update().pairs == 1
    found: dict[tuple[str, str], dict[str, Any]] = pairs(tmp_path)
    assert found["7", "Z"]["radius_arcsec"] == 5.0
    with pytest.raises(ConfigError, match="FINK_PAIR_RADIUS_ARCSEC=31"):
        PairBook(tmp_path, 31.0)
