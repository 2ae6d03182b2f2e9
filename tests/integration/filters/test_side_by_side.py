"""Our filters and Fink's own, unmodified, over real nights: every difference has a named cause."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fink_lib.cli.filters import app
from fink_lib.compare_fink.filter_causes import OUR_CHOICE, UNEXPLAINED
from fink_lib.filters.upstream.loader import PACKAGE

pytest.importorskip(PACKAGE, reason="the group of packages `plugins` is not installed")


def compared(report: Path, *words: str) -> dict[str, Any]:
    """Run the command and return what it wrote."""
    done = CliRunner().invoke(app, ["compare", *words, "--json", str(report)])
    assert done.exit_code == 0, done.exception
    found = json.loads(report.read_text())
    assert isinstance(found, dict)
    return found


def unexplained(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, cause["cause"])
        for name, told in found["filters"].items()
        for cause in told["causes"]
        if cause["cause"].startswith(UNEXPLAINED)
    ]


# What docs/filters.md tables: filter → (ours, Fink's, both); every filter that is not named selects nothing.
COUNTS_20231018 = {
    "blazar": (39, 0, 0),
    "early_kn_candidates": (1, 1, 1),
    "early_sn_candidates": (21, 21, 21),
    "fast_riser_candidates": (19, 20, 19),
    "first_pass_candidates": (1, 1, 1),
    "rate_based_kn_candidates": (1, 1, 1),
    "sn_candidates": (122, 140, 122),
    "sso_fink_candidates": (100, 100, 100),
    "sso_ztf_candidates": (100, 100, 100),
    "unknowns": (200, 209, 182),
    "vra": (57, 0, 0),  # two more lie in holes of Pan-STARRS: nothing is known to be there
}
COUNTS_RUBIN = {
    "extragalactic_lt20mag_candidate": (0, 5, 0),
    "faint_trails": (1, 1, 1),
    "is_solar_system": (34, 34, 34),
    "most_likely_sn": (7, 5, 0),
    "remove_unlikely_transients": (32, 22, 0),
    "uniform_sample": (1, 1, 1),
}


def counts(found: dict[str, Any], *, leaving_out: frozenset[str] = frozenset()) -> dict[str, tuple[int, int, int]]:
    """Return the figures of the filters that ran on both sides and select something."""
    ran = {name: told for name, told in found["filters"].items() if not told["problems"] and name not in leaving_out}
    figures = {name: (told["ours"], told["theirs"], told["both"]) for name, told in ran.items()}
    return {name: triple for name, triple in figures.items() if any(triple)}


def problems(found: dict[str, Any]) -> dict[str, list[str]]:
    return {name: told["problems"] for name, told in found["filters"].items() if told["problems"]}


def by_choice(found: dict[str, Any]) -> dict[str, int]:
    """Return on how many alerts a filter differs because this broker wants it so."""
    numbers = {
        name: sum(len(one["alert_ids"]) for one in told["causes"] if one["cause"].startswith(OUR_CHOICE))
        for name, told in found["filters"].items()
    }
    return {name: number for name, number in numbers.items() if number}


def test_without_simbad_every_difference_of_a_night_of_all_topics_is_explained(
    shared_data: Path, tmp_path: Path
) -> None:
    found = compared(tmp_path / "told.json", str(shared_data / "ztf" / "ztf_public_20231018.tar.gz"))
    assert found["alerts"] == 549
    assert unexplained(found) == []
    assert problems(found) == {
        "bright_transients": ["Fink has none of this name"],
        "simbad_grav_candidates": ["ours needs columns that are not there: cdsxmatch"],
        "variable_stars": ["Fink has none of this name"],
    }
    filters = found["filters"]
    assert (filters["bright_transients"]["ours"], filters["variable_stars"]["ours"]) == (21, 27)
    # Fink draws random numbers for this one, and the next draw depends on all before it.
    assert counts(found, leaving_out=frozenset({"new_hostless"})) == COUNTS_20231018
    assert filters["new_hostless"]["ours"] == 15
    assert filters["new_hostless"]["theirs"] == pytest.approx(35, abs=4)
    assert filters["new_hostless"]["both"] >= 12
    assert by_choice(found).keys() == {"new_hostless", "unknowns"}
    assert by_choice(found)["unknowns"] == 27
    for name, told in filters.items():
        assert told["both"] + len(told["only_ours"]) == told["ours"] or told["problems"], name
        assert told["both"] + len(told["only_theirs"]) == told["theirs"] or told["problems"], name


def test_over_real_messages_of_rubin_every_difference_is_explained(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINK_LSST_SCHEMAS", str(shared_data / "schemas" / "lsst"))
    archive = shared_data / "lsst" / "lsst_v10_0_wire.tar.gz"
    found = compared(tmp_path / "told.json", str(archive), "--survey", "lsst")
    assert found["alerts"] == 136
    assert unexplained(found) == []
    assert problems(found) == {"in_simbad": ["ours needs columns that are not there: simbad_otype"]}
    assert counts(found) == COUNTS_RUBIN
    assert by_choice(found) == {"extragalactic_lt20mag_candidate": 5}


def test_with_the_answers_that_fink_had_both_select_the_same_alerts(shared_data: Path, tmp_path: Path) -> None:
    packets, outputs = (
        shared_data / "ztf" / "ztf_2025_packets.tar.gz",
        shared_data / "fink_outputs" / "ztf_2025.parquet",
    )
    found = compared(tmp_path / "told.json", str(packets), "--outputs", str(outputs))
    assert unexplained(found) == []
    ran = {name: told for name, told in found["filters"].items() if not told["problems"]}
    assert len(ran) == 21
    same = [name for name, told in ran.items() if not told["only_ours"] and not told["only_theirs"]]
    assert set(ran) - set(same) <= {"new_hostless", "intra_night_hostless", "inter_night_hostless"}
    assert sum(told["both"] for told in ran.values()) > 40
