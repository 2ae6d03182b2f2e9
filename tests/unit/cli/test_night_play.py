"""`fink night play`: what is refused before anything starts, and which end is a good one."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from fink_lib.cli import main as cli
from fink_lib.config import Settings
from fink_lib.errors import ConfigError, NightNotDrained, StreamBroken
from fink_lib.host import night_watch
from fink_lib.host.night_watch import (
    Expected,
    closed_nights,
    dead_streams,
    expectations,
    is_closed,
    is_running,
    wait_for_close,
    wait_for_streams,
)
from fink_lib.host.play import books
from fink_lib.streams.faults import note_end
from fink_lib.streams.heartbeat import Heartbeat, StreamState
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import SURVEYS

NIGHT = dt.date(2021, 11, 22)
UNDATED = {"offered": 0, "equation_holds": True}
GOOD: dict[str, Any] = {"night": "2021-11-22", "offered": 320, "equation_holds": True, "ok": True}


def beat_of(stage: Stage, state: StreamState = StreamState.RUNNING) -> Heartbeat:
    return Heartbeat(f"ztf.{stage}", "spec", "one", 1, "host", state)


def close(settings: Settings, night: dt.date, offered: int) -> None:
    folder = settings.night_dir("ztf", night.isoformat())
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({**GOOD, "night": night.isoformat(), "offered": offered}))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("no-such-folder",), "nothing to play: 'no-such-folder' does not exist"),
        (("notes", "--survey", "ztf"), "'notes' holds no packet of ztf: 1 files are something else"),
        (("notes", "--survey", "atlas"), f"unknown survey 'atlas': the broker knows {', '.join(SURVEYS)}"),
        (
            ("notes", "--survey", "lsst"),
            "no streams of survey 'lsst' run here, which could carry a night: FINK_SURVEYS=ztf,lsst starts them",
        ),
    ],
)
def test_what_cannot_be_played_is_one_sentence_and_nothing_is_started(
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "notes.txt").write_text("clear sky\n")
    with pytest.raises(SystemExit) as end:
        cli.main(["night", "play", *words, "--home", str(tmp_path / "home")])
    assert end.value.code == 2
    assert capsys.readouterr().err == f"fink: {sentence}\n"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("closed", "undated", "dead", "error", "ok"),
    [
        ([GOOD], UNDATED, [], None, True),
        ([{**GOOD, "ok": False}], UNDATED, [], None, False),
        ([GOOD, {"night": None, "equation_holds": False}], UNDATED, [], None, False),
        ([GOOD], {"offered": 3, "equation_holds": False}, [], None, False),
        ([GOOD], UNDATED, ["ztf.enrich (gone)"], None, False),
        ([], UNDATED, [], "not closed after 5 s", False),
    ],
)
def test_the_verdict_needs_every_part(
    closed: list[dict[str, Any]], undated: dict[str, Any], dead: list[str], error: str | None, *, ok: bool
) -> None:
    found = books(closed, undated, dead, error)
    assert found["ok"] is ok
    assert (found["dead_streams"], found["error"]) == (dead, error)
    assert len(found["nights"]) == len(closed) + (undated["offered"] > 0)


def test_a_night_is_closed_when_its_manifest_covers_all_that_was_played() -> None:
    (expected,) = expectations({NIGHT: 320}, {NIGHT: 10, None: 4})
    assert expected == Expected(NIGHT, 330)
    assert not is_closed(None, expected)
    assert not is_closed({"offered": 329}, expected)
    assert is_closed({"offered": 330}, expected)


def test_waiting_ends_in_time_and_says_which_night_is_open(settings: Settings) -> None:
    close(settings, NIGHT, 320)
    expected = [Expected(NIGHT, 320), Expected(dt.date(2021, 11, 23), 5)]
    with pytest.raises(NightNotDrained, match=r"still open, nothing moved for 0 s: ztf 2021-11-23; dead streams: ztf"):
        wait_for_close(settings, "ztf", expected, 0.0, lambda _: None)
    assert [night["night"] for night in closed_nights(settings, "ztf", expected)] == [NIGHT.isoformat()]
    said: list[str] = []
    wait_for_close(settings, "ztf", expected[:1], 0.0, said.append)
    assert said == ["1 closed, 0 open; bronze 0, quarantine 0, silver 0, rejected 0, published 0"]


def test_who_does_not_run_closes_no_night(settings: Settings) -> None:
    said: list[str] = []
    with pytest.raises(NightNotDrained, match="Airflow does not run, nobody closes a night"):
        wait_for_close(settings, "ztf", [Expected(NIGHT, 1)], 0.0, said.append)
    assert said[0].endswith("Airflow does not run, nobody closes a night: `fink up` starts it")


def test_a_night_is_waited_for_while_its_steps_are_at_work(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty-five nights, one after the other, take as long as they take; what counts is that something moves."""
    clock, looks = [0.0], iter(["reconcile", "quality", "crossmatch", "compact", "manifest"])
    monkeypatch.setattr(night_watch.time, "monotonic", lambda: clock[0])

    def wait(_seconds: float) -> None:
        clock[0] += 50.0
        step = next(looks, None)
        if step == "manifest":
            (settings.night_dir("ztf", NIGHT.isoformat()) / "manifest.json").write_text(json.dumps(GOOD))
        elif step is not None:
            path = settings.night_dir("ztf", NIGHT.isoformat()) / f"{step}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")

    monkeypatch.setattr(night_watch.time, "sleep", wait)
    wait_for_close(settings, "ztf", [Expected(NIGHT, 320)], 60.0, lambda _: None)
    assert clock[0] == 250.0
    with pytest.raises(NightNotDrained, match="still open, nothing moved for 100 s"):
        wait_for_close(settings, "ztf", [Expected(NIGHT, 321)], 60.0, lambda _: None)


def test_a_broken_stream_ends_the_wait_and_one_that_restarts_is_told_of(settings: Settings) -> None:
    spec, said = StreamSpec("ztf", Stage.ENRICH, settings), list[str]()
    beat = Heartbeat(spec.name, spec.hash, "one", 1, "host", restarts=2, error="ValueError: row 7")
    beat.write(spec.paths.heartbeat)
    with pytest.raises(NightNotDrained, match="nothing moved"):
        wait_for_close(settings, "ztf", [Expected(NIGHT, 1)], 0.0, said.append)
    assert "stream ztf.enrich was started again 2 times: ValueError: row 7" in said[0]
    note_end(beat, ConfigError("no column"))
    beat.write(spec.paths.heartbeat)
    sentence = r"stream 'ztf.enrich' cannot go on: ConfigError: no column after 2 restarts; see .*driver\.log"
    with pytest.raises(StreamBroken, match=sentence):
        wait_for_close(settings, "ztf", [Expected(NIGHT, 1)], 900.0, said.append)
    with pytest.raises(StreamBroken, match=sentence):
        wait_for_streams(settings, "ztf", 300.0, said.append)


def test_a_driver_that_was_killed_is_dead_though_its_heartbeat_says_it_runs(settings: Settings) -> None:
    for stage in Stage:
        beat_of(stage).write(StreamSpec("ztf", stage, settings).paths.heartbeat)
    dead = dead_streams(settings, "ztf")
    assert [one.partition(" ")[0] for one in dead] == ["ztf.ingest", "ztf.enrich", "ztf.distribute"]
    assert "the driver of 'ztf.ingest' is gone; the last it said was: running" in dead[0]


def test_a_heartbeat_is_believed_when_it_is_the_living_drivers() -> None:
    assert is_running(beat_of(Stage.INGEST), "one")
    assert not is_running(beat_of(Stage.INGEST), "two")
    assert not is_running(beat_of(Stage.INGEST, StreamState.STARTING), "one")
