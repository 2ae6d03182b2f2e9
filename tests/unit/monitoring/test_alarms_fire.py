"""Each alarm fires by the fault that it is about, brought about in a home, and is over when the fault is."""

import datetime as dt
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fink_lib.config import Settings
from fink_lib.errors import NightError, StreamBroken, StreamFailed
from fink_lib.lake.losses import Loss, accept_losses, note_losses
from fink_lib.lake.places import Range
from fink_lib.lake.small import append_rows
from fink_lib.lake.versions import Table
from fink_lib.nightly import manifest
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.results import Step
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.listener import Recorder
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import NIGHT, TOPIC, bronze_row, quarantine_row, rejected_row
from tests.builders.watched_home import Watched


def enrich(settings: Settings) -> StreamSpec:
    return StreamSpec("ztf", Stage.ENRICH, settings)


def plant(settings: Settings, table: Table, rows: list[dict[str, object]]) -> None:
    append_rows(night_specs(get_survey("ztf"))[table], settings.lake, rows)


def test_a_driver_that_was_killed(watched: Watched) -> None:
    spec, runner = enrich(watched.settings), LocalRunner(watched.settings)
    os.kill(runner.submit(spec).pid, signal.SIGKILL)
    while runner.find(spec) is not None:
        time.sleep(0.02)
    assert "StreamDown" not in watched.after(179)
    assert watched.after(1)["StreamDown"].sentence == "stream ztf.enrich has been dead for three minutes"


def test_drivers_that_die_one_after_the_other(watched: Watched, tmp_path: Path) -> None:
    job = tmp_path / "jobs" / "streaming" / "enrich.py"
    job.parent.mkdir(parents=True)
    job.write_text("raise SystemExit('no memory left')")
    settings = watched.settings.model_copy(update={"project": tmp_path})
    for _ in range(4):
        with pytest.raises(StreamFailed):
            LocalRunner(settings).submit(enrich(settings))
    assert watched.after()["StreamRestarts"].sentence == "stream ztf.enrich was started 3 times and has not got on"


def test_a_stream_that_cannot_go_on(watched: Watched) -> None:
    gone = watched.settings.model_copy(update={"project": watched.settings.home})
    with pytest.raises(StreamBroken):
        LocalRunner(gone).submit(enrich(gone))
    assert watched.after()["StreamBroken"].severity == "critical"


def test_a_stream_that_does_not_follow(watched: Watched) -> None:
    spec = enrich(watched.settings)
    report = {"batchId": 0, "batchDuration": 500, "sources": [{
        "description": "KafkaV2[Subscribe[t]]", "startOffset": {"t": {"0": 0}}, "endOffset": {"t": {"0": 10}},
        "latestOffset": {"t": {"0": 12}}, "numInputRows": 10}]}  # fmt: skip
    recorder = Recorder(Heartbeat(spec.name, spec.hash, "token", os.getpid(), "here"), spec.paths.heartbeat)
    recorder.progress(report)
    assert "StreamBehind" not in watched.after(900)
    assert watched.after(1)["StreamBehind"].sentence == "stream ztf.enrich has been behind its input for 901 s"
    recorder.idle()
    assert "StreamBehind" not in watched.after()


def test_messages_that_cannot_be_used(watched: Watched) -> None:
    plant(watched.settings, Table.BRONZE, [bronze_row(offset) for offset in range(98)])
    plant(watched.settings, Table.QUARANTINE, [quarantine_row(98, quarantine_time=dt.datetime.now(dt.UTC))])
    assert watched.after(61)["QuarantineGrows"].sentence.startswith("0.0101 of the newest night's messages of ztf")
    plant(watched.settings, Table.BRONZE, [bronze_row(offset) for offset in range(99, 199)])
    assert "QuarantineGrows" not in watched.after(61)


def test_alerts_that_come_again(watched: Watched) -> None:
    plant(watched.settings, Table.BRONZE, [bronze_row(offset) for offset in range(10)])
    plant(watched.settings, Table.REJECTED, [rejected_row(6), rejected_row(7, is_duplicate=True)])
    assert watched.after(61)["RepeatsGrow"].sentence.startswith("0.1 of the newest night's alerts of ztf")


def test_messages_that_are_gone(watched: Watched) -> None:
    lost = Loss(Range(TOPIC, 0, 3, 5), NIGHT, "expired")
    note_losses(watched.settings.lake, "ztf", [lost])
    assert watched.after()["LossesWait"].sentence == "3 messages of ztf are lost, and nobody has accepted it"
    accept_losses(watched.settings.lake, "ztf", [lost], "who", "why")
    assert "LossesWait" not in watched.after()


def test_a_night_that_nobody_closes(watched: Watched) -> None:
    """Its alerts came long after it: what counts is when the last of them did."""
    plant(watched.settings, Table.BRONZE, [bronze_row(0)])
    beat = Heartbeat("ztf.ingest", "hash", "token", 1, "here", state=StreamState.STOPPED)
    last = replace(beat, last_data_at=watched.now, started_at=watched.now)
    last.write(StreamSpec("ztf", Stage.INGEST, watched.settings).paths.heartbeat)
    assert "NightWaits" not in watched.after(6 * 3600)
    assert watched.after(60)["NightWaits"].severity == "warning"


def test_a_night_that_was_closed_and_whose_books_nobody_could_count(watched: Watched) -> None:
    context = NightContext(watched.settings, get_survey("ztf"), NIGHT, "run-1")
    with pytest.raises(NightError, match="reconcile was not computed"):
        perform(context, Step.MANIFEST, manifest.run)
    assert watched.after()["NightRed"].sentence.startswith("1 nights of ztf do not balance")
    closed = context.folder / "manifest.json"
    closed.write_text(json.dumps({**json.loads(closed.read_text()), "ok": True}))
    assert "NightRed" not in watched.after()


def test_a_home_at_rest_fires_nothing(watched: Watched) -> None:
    spec = enrich(watched.settings)
    runner = LocalRunner(watched.settings)
    runner.submit(spec)
    try:
        assert watched.after(15) == {}
        beat = read_heartbeat(spec.paths.heartbeat)
        assert beat is not None
    finally:
        runner.stop(spec, 5)
    assert watched.after(3600) == {}, "a stream that was asked to stop is no alarm"
