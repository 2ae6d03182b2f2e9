"""Where ingest goes on when Kafka no longer has what its checkpoint asks for."""

import json
from pathlib import Path

import pytest

from fink_lib.errors import ConfigError
from fink_lib.ingest.start import partitions, shorter, starting_offsets
from fink_lib.kafka.reading import Watermarks
from fink_lib.lake.losses import Loss
from fink_lib.streams.kafka_ranges import Ends
from fink_lib.testing.nights import FakeKafka

PATTERN = r"ztf_\d+"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "v1"
    note(folder, 7, {"ztf_1": {"0": 5, "1": 3}})
    return folder


def note(folder: Path, batch: int, ends: Ends) -> None:
    (folder / "offsets").mkdir(parents=True, exist_ok=True)
    (folder / "offsets" / str(batch)).write_text(f"v1\n{{}}\n{json.dumps(ends)}")


def started(checkpoint: Path, ends: dict[tuple[str, int], tuple[int, int]], *anew: str) -> tuple[object, list[str]]:
    kafka = FakeKafka({where: Watermarks(*pair) for where, pair in ends.items()})
    noted: list[Loss] = []
    found = starting_offsets(checkpoint, partitions(kafka, PATTERN), anew, noted.extend)  # type: ignore[arg-type]
    return (json.loads(found) if found.startswith("{") else found), [loss.label for loss in noted]


WHOLE = {("ztf_1", 0): (0, 9), ("ztf_1", 1): (3, 3), ("other", 0): (5, 5)}


def test_a_checkpoint_that_can_go_on_is_left_alone(checkpoint: Path, tmp_path: Path) -> None:
    assert started(tmp_path / "none", WHOLE) == ("earliest", [])
    assert started(checkpoint, WHOLE | {("ztf_2", 0): (0, 4)}) == ("earliest", [])
    assert checkpoint.is_dir()


@pytest.mark.parametrize(
    ("ends", "starts", "told"),
    [
        ({("ztf_2", 0): (0, 4)}, {"ztf_2": {"0": 0}}, ("ztf_1 partition=0 is gone: it was read up to offset 5", [])),
        ({}, "earliest", ("ztf_1 partition=1 is gone: it was read up to offset 3", [])),
        (
            WHOLE | {("ztf_1", 0): (8, 9)},
            {"ztf_1": {"0": 8, "1": 3}},
            ("lost: offsets 5 to 7 expired", ["ztf_1:0:5-7"]),
        ),
        (
            WHOLE | {("ztf_2", 0): (2, 4)},
            {"ztf_1": {"0": 5, "1": 3}, "ztf_2": {"0": 2}},
            ("lost: offsets 0 to 1 expired", ["ztf_2:0:0-1"]),
        ),
    ],
)
def test_what_kafka_no_longer_has_is_named_and_passed_over(
    checkpoint: Path,
    caplog: pytest.LogCaptureFixture,
    ends: dict[tuple[str, int], tuple[int, int]],
    starts: object,
    told: tuple[str, list[str]],
) -> None:
    assert started(checkpoint, ends) == (starts, told[1])
    assert told[0] in caplog.text
    assert not checkpoint.exists()
    assert len(list(checkpoint.parent.glob("v1.until-*"))) == 1


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ends = {("ztf_1", 0): (0, 2), ("ztf_1", 1): (0, 9), ("ztf_2", 0): (0, 1)}
    assert started(checkpoint, ends, "ztf_1") == ({"ztf_1": {"0": 0, "1": 0}, "ztf_2": {"0": 0}}, [])
    assert "ztf_1 partition=1 was deleted and made anew: the old one was read up to offset 3" in caplog.text
    assert not checkpoint.exists()


def test_a_topic_that_lost_messages_is_refused(checkpoint: Path) -> None:
    ends = WHOLE | {("ztf_1", 0): (0, 2)}
    there = {where: Watermarks(*pair) for where, pair in ends.items()}
    assert shorter({"ztf_1": {"0": 5, "1": 3}, "gone": {"0": 1}}, there) == {"ztf_1"}
    with pytest.raises(ConfigError, match="ztf_1 ends at 2 in partition 0, and 5 messages of it were read"):
        started(checkpoint, ends)
    assert checkpoint.is_dir()
