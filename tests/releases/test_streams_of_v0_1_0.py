"""What lost, doubled or stopped the streams of v0.1.0; that today's do not is held beside each stream's own tests.

v0.1.0 changes no more: `FINK_TEST_V0_1_0=1` shows it again, which takes some minutes.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from fault_inputs import of_one_time

from fink_lib.config import Settings
from fink_lib.simulator.sample import sample_night
from fink_lib.surveys import get_survey
from tests.releases.releases import V0_1_0

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.skipif(
        not os.environ.get("FINK_TEST_V0_1_0"),
        reason="v0.1.0's streams fail as they did: FINK_TEST_V0_1_0=1 shows it again, in some minutes",
    ),
]


@pytest.fixture(scope="module")
def found(own_kafka: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what its streams came to, by step."""
    folder = tmp_path_factory.mktemp("v0.1.0-streams")
    settings = Settings(home=folder / "home", kafka_bootstrap=own_kafka)
    (folder / "packets").mkdir()
    for packet in sorted(sample_night(Settings(), get_survey("ztf")).glob("*.avro"))[:60]:
        shutil.copy(packet, folder / "packets")
    (folder / "panic").mkdir()
    (folder / "panic" / "1.avro").write_bytes(of_one_time())
    script = Path(__file__).with_name("v0_1_0_streams.py")
    told = V0_1_0.run(V0_1_0.lay_out(folder / "code"), script, str(folder / "packets"), settings=settings)
    answers: dict[str, Any] = json.loads(told.splitlines()[-1])
    return answers


@pytest.mark.parametrize(("checkpoint", "alerts"), [("an older copy", 14), ("no", 16)])
def test_new_alerts_never_reached_silver_once_enrich_had(checkpoint: str, alerts: int, found: dict[str, Any]) -> None:
    """Today: `test_checkpoints::test_a_checkpoint_restored_from_an_older_copy` and the one before it."""
    assert found[f"tables once enrich had {checkpoint} checkpoint"] == [alerts, 12]


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


def test_a_topic_whose_first_messages_were_gone_stopped_ingest(found: dict[str, Any]) -> None:
    """Today: `test_start::test_what_kafka_no_longer_has_is_named_and_passed_over`."""
    end, rows = found["ingest of a topic that began before"]
    assert "may have been lost" in end
    assert rows == 4


def test_a_message_of_a_transaction_that_was_given_up_was_ingested(found: dict[str, Any]) -> None:
    """Today: `test_ingest_stream::test_messages_of_a_transaction_that_was_given_up_are_none`."""
    assert found["rows of an alert that was sent once"] == 2


def test_a_panic_stopped_enrich_again_and_again(found: dict[str, Any]) -> None:
    """Today: `test_returned`, `test_isolation` and `test_isolated_science`."""
    panics = "PanicException: All points of the light curve have the same time"
    assert [panics in end for end in found["enrich of an alert of one time"]] == [True, True]
