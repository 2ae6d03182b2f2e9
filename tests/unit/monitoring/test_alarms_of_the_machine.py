"""Alarms of disk, services and Kafka, each by its fault."""

import importlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fink_lib.host.ports import free_ports
from fink_lib.host.services import KAFKA, Service, Services
from fink_lib.monitoring import disk
from fink_lib.processes.detached import start_detached
from tests.builders.watched_home import Watched

SMALL_DISK, BALLAST_BYTES = "size=2100m", 300 * 10**6


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2.2 GB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", SMALL_DISK, "tmpfs", place]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here: this needs the right to (root)")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_small_disk_that_is_filled(watched: Watched, small_disk: Path) -> None:
    """Of 2.2 GB, 0.3 go within an hour: the rest does for six."""
    watched = Watched(watched.settings.model_copy(update={"home": small_disk / "home"}))
    watched.settings.home.mkdir()
    assert watched.after() == {}
    (watched.settings.home / "ballast").write_bytes(bytes(BALLAST_BYTES))
    assert watched.after(3600)["DiskNearlyFull"].severity == "critical"
    assert watched.after(600)["DiskFills"].sentence.startswith("the disk of the home is full in ")
    (watched.settings.home / "ballast").unlink()
    assert watched.after(60) == {}, "there is room again"


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


def test_a_kafka_that_does_not_answer(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens there: the other parts are looked at, and it is told that this one was not."""
    monkeypatch.setattr(importlib.import_module("fink_lib.monitoring.unread"), "ANSWER_S", 0.2)
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    watched = Watched(watched.settings.model_copy(update={"kafka_bootstrap": nowhere}), has_kafka=True)
    for _ in range(2):
        assert "LookFails" not in watched.after(15)
    watched.after(15)
    assert watched.after(15)["LookFails"].sentence == "the monitor could not look at kafka 8 times in a row"
    assert watched.monitor.facts.disk_free is not None
