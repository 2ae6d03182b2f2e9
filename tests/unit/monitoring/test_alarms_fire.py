"""Each alarm fires by the fault that it is about, brought about in a home, and is over when the fault is."""

import datetime as dt
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.errors import StreamBroken, StreamFailed
from fink_lib.host.health import RUNNING
from fink_lib.host.monitor_server import services_up
from fink_lib.host.services import KAFKA, Service, Services
from fink_lib.lake.losses import Loss, accept_losses, note_losses
from fink_lib.lake.places import Range
from fink_lib.lake.small import append_rows
from fink_lib.lake.versions import Table
from fink_lib.monitoring import disk
from fink_lib.monitoring.alarms import Alarm, Alarms
from fink_lib.monitoring.look import Monitor
from fink_lib.processes.detached import start_detached
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.listener import Recorder
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import NIGHT, TOPIC, bronze_row, quarantine_row, rejected_row

STUB_PROJECT = PROJECT_DIR / "tests" / "integration" / "airflow" / "stub_project"
DAY_S = 86400.0


class Watched:
    """A home whose monitor is asked to look at chosen times; Kafka is nobody's here but for the test of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.now = settings, time.time()
        self.monitor = Monitor(settings, lambda: services_up(settings), lambda: self.now)
        self.monitor._parts = {name: part for name, part in self.monitor._parts.items() if name != "kafka"}
        self.alarms = Alarms()

    def after(self, seconds: float = 0.0) -> dict[str, Alarm]:
        """Look now, and again after some time; return what fires then, by name."""
        self.alarms.judge(self.monitor.collect() if self.monitor.look() else (), self.now)
        self.now += seconds
        self.monitor.look()
        return {one.name: one for one in self.alarms.judge(self.monitor.collect(), self.now)}


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    settings = Settings(home=tmp_path / "home", project=STUB_PROJECT, stop_timeout_s=5)
    settings.home.mkdir()
    return Watched(settings)


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


def test_a_night_whose_books_do_not_balance(watched: Watched) -> None:
    folder = watched.settings.night_dir("ztf", NIGHT.isoformat())
    folder.mkdir(parents=True)
    closed = {"ok": False, "closed_at": dt.datetime.now(dt.UTC).isoformat()}
    (folder / "manifest.json").write_text(json.dumps(closed))
    assert watched.after()["NightRed"].sentence.startswith("1 nights of ztf do not balance")
    (folder / "manifest.json").write_text(json.dumps({**closed, "ok": True}))
    assert "NightRed" not in watched.after()


def test_a_disk_that_fills(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of ten GB went in an hour: at that rate the other eight do for four."""
    free = iter([10 * 10**9, 8 * 10**9, 8 * 10**9, 10**9])
    usage = type("Usage", (), {})
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: type("Usage", (usage,), {"free": next(free)}))
    fired = watched.after(3600)
    assert "DiskFills" not in fired, "it must have been so for ten minutes"
    fired = watched.after(600)
    assert fired["DiskFills"].severity == "warning"
    assert fired["DiskNearlyFull"].severity == "critical"


def test_the_rate_at_which_a_disk_fills() -> None:
    known = disk.Disk()
    for at, free in ((0, 100), (1800, 90), (3600, 80)):
        known.note(at, free)
    assert known.full_in_h == pytest.approx(4.0)
    known.note(7200, 100)
    assert known.full_in_h is None, "it does not fill"


def test_a_service_that_died(watched: Watched, tmp_path: Path) -> None:
    mark = start_detached(["sleep", "60"], log=tmp_path / "log")
    Services(watched.settings.home).put(KAFKA, Service(mark.pid, mark.started_at, 1, ""))
    os.kill(mark.pid, signal.SIGKILL)
    assert watched.after(60)["ServiceDown"].sentence == "kafka does not run, or does not answer"
    assert RUNNING == "running"


def test_a_look_that_fails_keeps_the_others_and_is_told(watched: Watched) -> None:
    def broken(_: float) -> dict[str, object]:
        raise OSError("no answer")

    watched.monitor._parts = {"kafka": broken, **watched.monitor._parts}
    for _ in range(2):
        assert "LookFails" not in watched.after(15)
    assert "LookFails" not in watched.after(0) or watched.monitor.facts.failures["kafka"] == 6
    assert watched.after(0)["LookFails"].sentence == "the monitor could not look at kafka 8 times in a row"
    assert watched.monitor.facts.disk_free is not None


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
