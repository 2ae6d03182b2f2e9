"""Why an object is on no topic: the clauses that its alerts in silver do not meet, night by night."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from fink_lib.cli.main import build_app
from fink_lib.config import Settings
from fink_lib.errors import LakeError
from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.detection import BRIGHTER
from fink_lib.filters.conditions import above, below
from fink_lib.filters.registry import filters_of
from fink_lib.offline.why_not import in_short, why_not
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import arrive, later

LIMIT_MAG = 18.0
SIMPLE = Filter(
    name="bright",
    version="1.0",
    survey="ztf",
    clauses=(below("candidate.magpsf", LIMIT_MAG), BRIGHTER, above("candidate.rb", 0.0)),
    description="Bright sources.",
    example="A test.",
    owner="transients",
    reference="Definition; no publication",
)


@pytest.fixture
def packet(settings: Settings) -> dict[str, Any]:
    """Return a real packet that has arrived on its night, and a fainter one of the same object on the next."""
    first = sample_packets(1)[0]
    first = {**first, "candidate": {**first["candidate"], "magpsf": 17.0, "isdiffpos": "t", "rb": 0.9}}
    arrive(settings, [first, later(first, 1, magpsf=19.0, isdiffpos="f")])
    return first


def test_each_night_tells_the_clauses_that_kept_an_alert_off(settings: Settings, packet: dict[str, Any]) -> None:
    rows = why_not(settings.lake, "ztf", packet["objectId"], [SIMPLE])
    assert [row["selected"] for row in rows] == [True, False]
    assert [row["kept_off_by"] for row in rows] == [[], [f"candidate.magpsf < {LIMIT_MAG:g}", BRIGHTER.name]]
    short = list(in_short(rows))
    assert [(row["alerts"], row["selected"]) for row in short] == [(1, 1), (1, 0)]
    assert short[1]["kept_off_by"] == f"{BRIGHTER.name} (1); candidate.magpsf < {LIMIT_MAG:g} (1)"


def test_all_filters_of_the_survey_are_asked_by_the_command(settings: Settings, packet: dict[str, Any]) -> None:
    words = ["filters", "why", packet["objectId"], "--json", "--home", str(settings.home)]
    done = CliRunner().invoke(build_app(words), words)
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert {row["filter"] for row in rows} == {one.name for one in filters_of("ztf")}
    assert len(rows) == 2 * len(filters_of("ztf"))
    assert all(row["selected"] == (row["kept_off_by"] == []) for row in rows)


def test_an_unknown_object_and_an_empty_lake_are_told(settings: Settings) -> None:
    with pytest.raises(LakeError, match="no alerts of ztf yet"):
        why_not(settings.lake, "ztf", "ZTF00nothing", [SIMPLE])
    arrive(settings, sample_packets(1))
    with pytest.raises(LakeError, match="no alert of 'ZTF00nothing'"):
        why_not(settings.lake, "ztf", "ZTF00nothing", [SIMPLE])
