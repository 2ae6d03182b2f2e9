from pathlib import Path

import pytest

from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.listener import Recorder

REPORT = {
    "batchId": 4,
    "batchDuration": 500,
    "sources": [
        {
            "description": "KafkaV2[Subscribe[t]]",
            "startOffset": {"t": {"0": 0}},
            "endOffset": {"t": {"0": 10}},
            "latestOffset": {"t": {"0": 12}},
            "numInputRows": 30,
        }
    ],
}


def recorder(path: Path) -> Recorder:
    return Recorder(Heartbeat("ztf.ingest", "hash", "token", 1, "here"), path)


def test_a_heartbeat_survives_its_file(tmp_path: Path) -> None:
    beat = Heartbeat("ztf.ingest", "hash", "token", 1, "here", state=StreamState.FAILED, error="boom", lag=3)
    beat.write(tmp_path / "deep" / "heartbeat.json")
    assert read_heartbeat(tmp_path / "deep" / "heartbeat.json") == beat
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["heartbeat.json"]
    assert read_heartbeat(tmp_path / "none.json") is None


def test_progress_is_counted_once_however_often_the_batch_was_read(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.json"
    recorder(path).progress(REPORT)
    beat = read_heartbeat(path)
    assert beat is not None
    assert (beat.batch_id, beat.rows_total, beat.rows_per_s, beat.batch_s, beat.lag) == (4, 10, 20.0, 0.5, 2)
    assert beat.last_data_at == beat.event_at == beat.beat_at or beat.last_data_at <= beat.event_at <= beat.beat_at


def test_an_idle_stream_has_no_lag_and_keeps_its_last_data(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.json"
    mine = recorder(path)
    mine.progress(REPORT)
    last_data_at = mine.heartbeat.last_data_at
    mine.idle()
    beat = read_heartbeat(path)
    assert beat is not None
    assert (beat.lag, beat.last_data_at, beat.rows_total) == (0, last_data_at, 10)


def test_the_loop_tells_since_when_a_batch_is_at_work(tmp_path: Path) -> None:
    mine = recorder(tmp_path / "heartbeat.json")
    mine.tick(trigger_active=True)
    since = mine.heartbeat.trigger_active_since
    mine.tick(trigger_active=True)
    assert mine.heartbeat.trigger_active_since == since > 0
    mine.idle()
    assert mine.heartbeat.trigger_active_since == 0


def test_a_batch_is_told_of_before_its_work_and_forgotten_after_it(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.json"
    mine = recorder(path)
    for end in (lambda: mine.progress(REPORT), mine.idle):
        mine.batch_begins()
        begun = read_heartbeat(path)
        assert begun is not None
        assert begun.batch_since == begun.beat_at or 0 < begun.batch_since <= begun.beat_at
        mine.tick(trigger_active=False)
        assert mine.heartbeat.batch_since == begun.batch_since, "only the query itself says that it has ended"
        end()
        assert mine.heartbeat.batch_since == 0


def test_observing_never_hurts(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    mine = recorder(blocked / "heartbeat.json")
    mine.progress({"nothing": "expected"})
    mine.failed(RuntimeError("boom"))
    assert mine.heartbeat.error == "RuntimeError: boom"


@pytest.mark.parametrize("left", ["", "{", "[]", '{"state": "asleep"}'])
def test_a_heartbeat_that_a_power_cut_damaged_is_none(tmp_path: Path, left: str) -> None:
    (tmp_path / "heartbeat.json").write_text(left)
    assert read_heartbeat(tmp_path / "heartbeat.json") is None
