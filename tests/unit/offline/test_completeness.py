"""What filters find of planted objects: shares by class, a picture, and a section of the report."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fink_lib.cli.science import app
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.offline.completeness import FILE, PICTURE, TARGETS, facts_of, shadow
from fink_lib.offline.packets import packets_of
from fink_lib.science.planting.transients import KINDS
from fink_lib.surveys import get_survey


def test_filters_find_what_they_are_for_and_say_what_else(shared_data: Path) -> None:
    survey = get_survey("ztf")
    donors = list(packets_of(shared_data / "ztf" / "ztf_public_20231018.tar.gz", survey))[:40]
    cache = Settings().cache
    facts = facts_of(shadow(donors, survey, cache, 5, count=8), "ztf", None, 5)
    assert facts["planted"] == 8 * len(KINDS)
    assert facts["alerts_looked_at"] == 40
    found = {one["filter"]: one for one in facts["filters"]}
    assert set(TARGETS) <= set(found)
    share = {name: float(one["found"].split()[0]) for name, one in found.items() if one["finds"]}
    assert share["sn_candidates"] > 40.0
    assert share["sso_fink_candidates"] > 40.0
    assert found["sn_candidates"]["by_class"]["RR Lyrae"].startswith("0.0 ")
    assert {"new_hostless", "early_kn_candidates"} <= set(facts["left_out"])
    again = facts_of(shadow(donors, survey, cache, 5, count=8), "ztf", None, 5)
    assert facts == again


def test_the_command_writes_figures_and_a_picture(shared_data: Path, tmp_path: Path) -> None:
    packets = str(shared_data / "ztf" / "ztf_2025_packets.tar.gz")
    asked = ["completeness", packets, "--out", str(tmp_path), "--count", "2", "--seed", "5"]
    result = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert result.exit_code == 0
    assert "28 planted among 55 alerts" in result.output
    assert json.loads((tmp_path / FILE).read_text())["seed"] == 5
    assert (tmp_path / PICTURE).read_bytes().startswith(b"\x89PNG")


def test_alerts_must_be_named() -> None:
    with pytest.raises(ConfigError, match="PATH, or --night"):
        CliRunner().invoke(app, ["completeness"], catch_exceptions=False)
