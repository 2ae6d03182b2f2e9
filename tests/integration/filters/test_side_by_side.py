"""Our filters and Fink's own, unmodified, over real nights: every difference has a named cause."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fink_lib.cli.filters import app
from fink_lib.filters.plugins.loader import PACKAGE
from fink_lib.offline.filter_causes import UNEXPLAINED

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


def test_without_simbad_every_difference_of_a_night_of_all_topics_is_explained(
    shared_data: Path, tmp_path: Path
) -> None:
    found = compared(tmp_path / "told.json", str(shared_data / "ztf" / "ztf_public_20231018.tar.gz"))
    assert found["alerts"] == 549
    assert unexplained(found) == []
    filters = found["filters"]
    assert len([one for one in filters.values() if one["ours"] or one["theirs"]]) >= 14
    for name, told in filters.items():
        assert told["both"] + len(told["only_ours"]) == told["ours"] or told["problems"], name
        assert told["both"] + len(told["only_theirs"]) == told["theirs"] or told["problems"], name
    assert filters["sso_ztf_candidates"]["problems"] == []
    assert filters["sso_ztf_candidates"]["both"] == filters["sso_ztf_candidates"]["theirs"] > 0
    assert filters["sn_candidates"]["only_ours"] == []
    assert len(filters["sn_candidates"]["only_theirs"]) > 0


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
