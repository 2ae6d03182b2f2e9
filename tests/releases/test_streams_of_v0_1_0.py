"""What lost, doubled or stopped the streams of v0.1.0; that today's do not is held beside each stream's own tests."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.simulator.sample import sample_night
from fink_lib.surveys import get_survey
from tests.releases.releases import V0_1_0

pytestmark = [pytest.mark.spark, pytest.mark.kafka]


@pytest.fixture(scope="module")
def found(own_kafka: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what its streams came to, by step."""
    folder = tmp_path_factory.mktemp("v0.1.0-streams")
    settings = Settings(home=folder / "home", kafka_bootstrap=own_kafka)
    (folder / "packets").mkdir()
    for packet in sorted(sample_night(Settings(), get_survey("ztf")).glob("*.avro"))[:60]:
        shutil.copy(packet, folder / "packets")
    script = Path(__file__).with_name("v0_1_0_streams.py")
    told = V0_1_0.run(V0_1_0.lay_out(folder / "code"), script, str(folder / "packets"), settings=settings)
    answers: dict[str, Any] = json.loads(told.splitlines()[-1])
    return answers


def test_new_alerts_never_reached_silver_once_enrich_had_lost_its_checkpoint(found: dict[str, Any]) -> None:
    """Today: `test_checkpoints::test_a_checkpoint_that_is_lost`."""
    assert found["silver once enrich lost its checkpoint"] == [16, 12]


def test_the_documented_recovery_doubled_the_tables_and_stopped_distribute(found: dict[str, Any]) -> None:
    """Today: `test_ingest_stream::test_a_checkpoint_that_is_lost_or_older_doubles_and_loses_nothing`."""
    bronze, silver = found["tables after the documented recovery"]
    assert bronze == 2 * 16
    assert silver > 16
    assert "the tables disagree; nothing of this batch was sent" in found["distribute after it"]


def test_a_death_between_two_tables_and_another_cut_lost_alerts(found: dict[str, Any]) -> None:
    """Today: `test_checkpoints::test_a_death_between_two_tables_and_another_cut_behind_it`."""
    bronze, silver, rejected = found["places of killed enrich"]
    assert bronze == 60
    assert silver > 0
    assert silver + rejected < bronze


def test_a_deleted_topic_stopped_ingest_for_ever(found: dict[str, Any]) -> None:
    """Today: `test_ingest_stream::test_a_topic_that_is_deleted_after_it_was_read_stops_nothing`."""
    assert ["have been deleted" in end for end in found["ingest after a topic was deleted"]] == [True, True]


def test_a_topic_made_anew_was_never_read(found: dict[str, Any]) -> None:
    """Today: `test_ingest_stream::test_a_topic_that_is_made_anew_is_another_topic`."""
    assert found["ingest of a topic made anew"] == ["", 4]
