import datetime as dt
import json
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from fink_lib.config import Settings
from fink_lib.errors import LakeError
from fink_lib.streams.drain import (
    NightCounts,
    counted_nights,
    delta_version,
    lake_state,
    nights_to_close,
    not_announced,
    rows_by_night,
    rows_in_all,
    survey_not_drained,
    why_not_drained,
)
from fink_lib.streams.heartbeat import Heartbeat, StreamState
from fink_lib.streams.spec import Stage, StreamSpec

NOW = 100_000.0


def quiet(**changes: object) -> Heartbeat:
    beat = Heartbeat(
        "ztf.x", "hash", "token", 1, "here", state=StreamState.RUNNING, beat_at=NOW - 1, event_at=NOW - 1,
        started_at=NOW - 5000, last_data_at=NOW - 100, lag=0,
    )  # fmt: skip
    return replace(beat, **changes)


def reason(stage: Stage, **changes: object) -> str:
    beats: dict[Stage, Heartbeat | None] = dict.fromkeys(Stage, quiet())
    beats[stage] = quiet(**changes)
    return why_not_drained(beats, NOW, quiet_s=20, silence_s=60)


def test_three_quiet_streams_are_drained() -> None:
    assert reason(Stage.INGEST) == ""
    assert reason(Stage.ENRICH, last_data_at=0.0, lag=None) == ""


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": StreamState.STARTING}, "does not run"),
        ({"state": StreamState.FAILED}, "does not run"),
        ({"beat_at": NOW - 61}, "does not run"),
        ({"lag": 3}, "is 3 behind"),
        ({"batch_since": NOW - 9}, "at work on a batch for 9 s"),
        ({"event_at": NOW - 11}, "busy"),
        ({"event_at": 0.0}, "busy"),
        ({"last_data_at": NOW - 19}, "19 s ago"),
        ({"started_at": NOW - 5, "last_data_at": 0.0}, "5 s ago"),
    ],
)
def test_each_stream_can_hold_it_up(stage: Stage, changes: dict[str, object], words: str) -> None:
    assert words in reason(stage, **changes)
    assert str(stage) in reason(stage, **changes)


def test_a_stream_must_have_looked_after_its_upstream_had_data() -> None:
    beats = {
        Stage.INGEST: quiet(last_data_at=NOW - 25),
        Stage.ENRICH: quiet(event_at=NOW - 26, last_data_at=NOW - 200),
        Stage.DISTRIBUTE: quiet(),
    }
    assert "enrich is busy, or has not yet looked" in why_not_drained(beats, NOW, quiet_s=20, silence_s=60)


def test_a_missing_stream_is_named() -> None:
    assert "ingest does not run" in why_not_drained({}, NOW, quiet_s=20, silence_s=60)


def test_heartbeats_are_read_from_the_home(settings: Settings) -> None:
    assert "ingest does not run" in survey_not_drained(settings, "ztf")
    for stage in Stage:
        now = time.time()
        beat = quiet(beat_at=now, event_at=now, started_at=now - 900, last_data_at=now - 900)
        beat.write(StreamSpec("ztf", stage, settings).paths.heartbeat)
    assert survey_not_drained(settings, "ztf") == ""


def append(settings: Settings, table: str, nights: list[str | None]) -> None:
    days = [None if night is None else dt.date.fromisoformat(night) for night in nights]
    rows = pa.table({"night": pa.array(days, pa.date32()), "id": pa.array(range(len(nights)), pa.int64())})
    write_deltalake(str(settings.lake / table), rows, mode="append", partition_by=["night"])


def close(settings: Settings, night: str, rows: dict[str, int]) -> None:
    path = settings.night_dir("ztf", night) / "manifest.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"partition_rows": rows}))


def test_nights_are_counted_from_the_log_and_closed_by_their_manifest(settings: Settings) -> None:
    assert counted_nights(settings, "ztf") == {}
    append(settings, "bronze_ztf__alerts", ["2021-11-22", "2021-11-22", "2021-11-23"])
    append(settings, "bronze_ztf__alerts", ["2021-11-22"])
    append(settings, "bronze_ztf__quarantine", ["2021-11-22", None, "2021-11-24"])
    counts = {"2021-11-22": NightCounts(3, 1), "2021-11-23": NightCounts(1, 0), "2021-11-24": NightCounts(0, 1)}
    assert counted_nights(settings, "ztf") == counts
    assert rows_in_all(settings.lake / "bronze_ztf__quarantine") == 3  # that of no night is one too
    assert rows_in_all(settings.lake / "silver_ztf__alerts") == 0
    close(settings, "2021-11-22", {"bronze": 3, "quarantine": 1})
    close(settings, "2021-11-23", {})  # written by a run that could not count
    assert set(nights_to_close(settings, "ztf")) == {"2021-11-23", "2021-11-24"}
    append(settings, "bronze_ztf__alerts", ["2021-11-22"])
    assert nights_to_close(settings, "ztf")["2021-11-22"] == NightCounts(4, 1)


def test_compaction_reopens_nothing(settings: Settings) -> None:
    for _ in range(3):
        append(settings, "bronze_ztf__alerts", ["2021-11-22"])
    close(settings, "2021-11-22", {"bronze": 3, "quarantine": 0})
    before = lake_state(settings, ["bronze_ztf__alerts"])
    DeltaTable(str(settings.lake / "bronze_ztf__alerts")).optimize.compact()
    assert lake_state(settings, ["bronze_ztf__alerts"]) > before
    assert nights_to_close(settings, "ztf") == {}


def test_a_night_is_announced_once_for_the_same_counts() -> None:
    nights = {"2021-11-22": NightCounts(3, 1), "2021-11-23": NightCounts(1, 0)}
    assert not_announced(nights, {"2021-11-22": "3+1"}) == {"2021-11-23": NightCounts(1, 0)}
    assert not_announced(nights, {"2021-11-22": "2+1", "2021-11-23": "1+0"}) == {"2021-11-22": NightCounts(3, 1)}


def test_a_table_without_nights_is_refused(settings: Settings) -> None:
    path = settings.lake / "bronze_ztf__alerts"
    write_deltalake(str(path), pa.table({"id": [1]}))
    with pytest.raises(LakeError, match="not partitioned by night"):
        rows_by_night(path)


def test_nights_are_counted_at_a_version(settings: Settings) -> None:
    path = settings.lake / "silver_ztf__alerts"
    for night in ("2021-11-22", "2021-11-23"):
        rows = pa.table({"id": [1], "night": [dt.date.fromisoformat(night)]})
        write_deltalake(str(path), rows, mode="append", partition_by=["night"])
    assert (set(rows_by_night(path, 0)), set(rows_by_night(path))) == ({"2021-11-22"}, {"2021-11-22", "2021-11-23"})
    with pytest.raises(LakeError, match="silver_ztf__alerts cannot be read at version 7"):
        rows_by_night(path, 7)


def test_the_version_of_a_missing_table(tmp_path: Path) -> None:
    assert delta_version(tmp_path / "none") == -1
