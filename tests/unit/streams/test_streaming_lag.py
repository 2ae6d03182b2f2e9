import json
from pathlib import Path

import pytest

from fink_lib.streams.lag import delta_location, kafka_distance, source_lag, source_rows

KAFKA = "KafkaV2[SubscribePattern[ztf_.*]]"


def commit(table: Path, version: int, *actions: dict[str, object]) -> None:
    log = table / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    (log / f"{version:020d}.json").write_text("\n".join(json.dumps(action) for action in actions))


def test_kafka_lag_is_summed_over_partitions() -> None:
    source = {
        "description": KAFKA,
        "startOffset": {"t": {"0": 5, "1": 0}},
        "endOffset": {"t": {"0": 10, "1": 3}},
        "latestOffset": json.dumps({"t": {"0": 14, "1": 3}, "new": {"0": 7}}),
        "numInputRows": 99,
    }
    assert source_lag(source) == 11
    assert source_rows(source) == 8


@pytest.mark.parametrize("offset", [None, "", "not json", "12", 7])
def test_an_unknown_offset_has_no_lag(offset: object) -> None:
    assert source_lag({"description": KAFKA, "endOffset": offset, "latestOffset": {}}) is None


def test_rows_of_another_source_are_as_reported() -> None:
    assert source_rows({"description": "RateStreamV2", "startOffset": 1, "endOffset": 2, "numInputRows": 20}) == 20


def test_rows_of_a_first_batch_are_not_counted_as_often_as_it_read_them() -> None:
    first = {"description": KAFKA, "startOffset": None, "endOffset": {"t": {"0": 5, "1": 3}}}
    assert source_rows(first | {"numInputRows": 16}) == 8
    assert source_rows(first | {"numInputRows": 6}) == 6  # of a partition whose oldest messages were gone


def test_a_partition_that_shrank_is_no_negative_lag() -> None:
    assert kafka_distance({"t": {"0": 9}}, {"t": {"0": 4}}) == 0


def test_delta_lag_counts_commits_with_rows(tmp_path: Path) -> None:
    table = tmp_path / "a table"
    commit(table, 0, {"metaData": {}})
    commit(table, 1, {"add": {"path": "a", "dataChange": True}})
    commit(table, 2, {"add": {"path": "b", "dataChange": False}}, {"remove": {"path": "a"}})
    commit(table, 3, {"commitInfo": {}}, {"add": {"path": "c", "dataChange": True}})
    description = f"DeltaSource[file:{tmp_path}/a%20table]"
    assert delta_location(description) == table
    behind = {
        version: source_lag({"description": description, "endOffset": {"reservoirVersion": version}})
        for version in range(5)
    }
    assert behind == {0: 2, 1: 2, 2: 1, 3: 1, 4: 0}


def test_a_remote_delta_source_is_not_looked_at() -> None:
    assert delta_location("DeltaSource[s3a://lake/bronze]") is None
    assert delta_location(KAFKA) is None
