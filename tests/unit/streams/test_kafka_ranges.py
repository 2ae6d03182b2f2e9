import json
from pathlib import Path

from fink_lib.lake.places import Range
from fink_lib.streams.kafka_ranges import kafka_ranges


def note(checkpoint: Path, batch_id: int, ends: dict[str, dict[str, int]]) -> None:
    (checkpoint / "offsets").mkdir(exist_ok=True)
    text = "\n".join(["v1", json.dumps({"batchWatermarkMs": 0}), json.dumps(ends)])
    (checkpoint / "offsets" / str(batch_id)).write_text(text)


def test_a_batch_is_what_lies_between_two_ends(tmp_path: Path) -> None:
    note(tmp_path, 0, {"a": {"0": 5, "1": 0}})
    note(tmp_path, 1, {"a": {"0": 9, "1": 3}, "b": {"0": 2}})
    assert kafka_ranges(tmp_path, 0) == [Range("a", 0, 0, 4)]
    assert kafka_ranges(tmp_path, 1) == [Range("a", 0, 5, 8), Range("a", 1, 0, 2), Range("b", 0, 0, 1)]


def test_what_the_checkpoint_does_not_tell_is_not_made_up(tmp_path: Path) -> None:
    assert kafka_ranges(tmp_path, 0) is None
    (tmp_path / "offsets").mkdir()
    (tmp_path / "offsets" / "3").write_text("v1\n{}\n")
    assert kafka_ranges(tmp_path, 3) is None
