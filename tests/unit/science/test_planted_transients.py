"""Planted transients: of a seed, with their maximum at day 0, and as packets that the survey's reader takes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from science_bench import CACHE

from fink_lib.config import PROJECT_DIR
from fink_lib.docs_pages.figures import COMMANDS, OF_OTHERS, UNMEASURED, first_line, is_score
from fink_lib.science.framework.registry import MODULES
from fink_lib.science.planting import rubin_scores, scores, ztf_stamps
from fink_lib.science.planting.brightenings import DAYS
from fink_lib.science.planting.shares import share
from fink_lib.science.planting.transients import KINDS, SEED_HELD_OUT, SEED_TUNING, Seen, plant_transients
from fink_lib.science.planting.ztf_packets import planted_packets
from tests.builders.packet_rows import read_packets

PACKET_DAYS = 30.0


@pytest.fixture(scope="module")
def planted() -> list[Seen]:
    return plant_transients(4, 5)


def test_a_seed_decides_every_number_and_a_kind_does_not_hang_on_the_others(planted: list[Seen]) -> None:
    again, other = plant_transients(4, 5), plant_transients(4, 6)
    for one, same in zip(planted, again, strict=True):
        np.testing.assert_array_equal(one.mag, same.mag)
    assert not np.array_equal(planted[0].mag, other[0].mag)
    alone = plant_transients(4, 5, {"kilonova": KINDS["kilonova"]})
    together = [one for one in planted if one.kind == "kilonova"]
    assert [one.first_day for one in alone] == [one.first_day for one in together]
    assert SEED_HELD_OUT != SEED_TUNING


def test_an_alert_is_a_detection_with_the_history_of_a_packet(planted: list[Seen]) -> None:
    assert [one.kind for one in planted] == [kind for kind in KINDS for _ in range(4)]
    for one in planted:
        assert np.isfinite(one.mag[-1])
        assert one.day[-1] - one.day[0] <= PACKET_DAYS
        assert (np.diff(one.day) >= 0.0).all()
        in_packet = int(np.isfinite(one.mag).sum())
        assert in_packet <= one.detections
        assert one.age_days >= 0.0
    assert {one.detections for one in planted if one.kind == "artefact"} == {1}
    assert {one.detections for one in planted if one.kind == "asteroid"} <= {1, 2}


@pytest.mark.parametrize("kind", ["SN Ia", "SN Ib/c", "SN II"])
def test_a_supernova_is_brightest_in_r_at_day_0(kind: str) -> None:
    for seed in range(5):
        source = KINDS[kind].make(np.random.default_rng(seed))
        assert DAYS[np.argmax(source.flux(DAYS, 1))] == pytest.approx(0.0, abs=1.0)


def test_packets_carry_what_was_planted_and_nothing_of_the_donor_s_light(
    planted: list[Seen], shared_data: Path
) -> None:
    donors = list(read_packets(shared_data / "ztf" / "ztf_public_20231018.tar.gz"))[:30]
    packets = planted_packets(donors, planted, 5)
    ids = {packet["candid"] for packet in packets}
    assert len(ids) == len(packets) == len({packet["objectId"] for packet in packets})
    assert not ids & {packet["candid"] for packet in donors}
    places = {(packet["candidate"]["ra"], packet["candidate"]["dec"]) for packet in donors}
    for packet, seen in zip(packets, planted, strict=True):
        now: dict[str, Any] = packet["candidate"]
        assert now["magpsf"] == pytest.approx(seen.mag[-1])
        assert now["ndethist"] == seen.detections
        assert now["jd"] - now["jdstarthist"] == pytest.approx(seen.age_days, abs=1e-5)
        assert (now["nbad"], now["ssdistnr"]) == (0, -999.0)
        assert now["rb"] >= 0.55
        assert (now["ra"], now["dec"]) not in places
        past = packet["prv_candidates"] or []
        assert len(past) == len(seen.day) - 1
        assert [row["magpsf"] is None for row in past] == [bool(np.isnan(mag)) for mag in seen.mag[:-1]]


def test_every_score_has_a_page_with_its_error_rates_or_says_that_it_has_none() -> None:
    folder = PROJECT_DIR / "docs" / "science"
    told = {module.name: first_line(module, folder) for module in MODULES if is_score(module)}
    assert {name for name, line in told.items() if UNMEASURED in line} == set()
    assert {name for name, line in told.items() if line} == set(OF_OTHERS)
    assert set(COMMANDS) == (set(told) - set(OF_OTHERS)) | {"context", "fast_transients", "periods", "solar_system"}


@pytest.mark.parametrize("module", sorted(scores.MODULES))
def test_scores_of_ztf_are_told_by_class_and_part(module: str) -> None:
    rows = scores.table(module, CACHE, 5, count=3)
    assert {row["class"] for row in rows} == {*KINDS, scores.NEGATIVE}
    assert all(row["objects"] == 3 for row in rows if row["part"] == "all" and row["class"] in KINDS)
    assert rows == scores.table(module, CACHE, 5, count=3)


def test_one_detection_is_a_supernova_to_supernnova_and_to_nothing_else_of_rubin() -> None:
    """v0.1.0 called what has 0.7 and more a candidate; 86 % of real single detections had that."""
    for module, low, high in (("supernnova_rubin", 90.0, 100.0), ("cats", 0.0, 0.0)):
        rows = rubin_scores.table(module, CACHE, 5, count=10)
        found = {row["class"]: float(row["called"].split()[0]) for row in rows if row["part"] == "all"}
        assert low <= found["asteroid"] <= high
        assert low <= found["artefact"] <= high


def test_the_hostless_figures_of_ztf_tell_a_bright_host_from_none() -> None:
    found = {row["planted"]: row["hostless"] for row in ztf_stamps.table(5, count=8) if row["transient_mag"] == "17-20"}
    assert float(found["no host"].split()[0]) > 50.0
    assert found["host of 17-19 mag"] == share(0, 8)
    assert found["variable star"] == share(0, 8)


def test_figures_on_pages_are_of_the_held_out_seed() -> None:
    """The first rows of a committed file, made again with fewer objects of the same streams."""
    written = json.loads((PROJECT_DIR / "docs/science/figures/supernnova.json").read_text())
    assert [row["class"] for row in written if row["part"] == "all" and row["score"] == "snn_sn_vs_all"] == [
        *KINDS, scores.NEGATIVE
    ]  # fmt: skip
    assert {row["objects"] for row in written if row["part"] == "all" and row["class"] in KINDS} == {scores.COUNT}
