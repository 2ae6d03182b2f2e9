"""The server of short Spark jobs: two at once, errors, callers that go, changed code, and what dies in the middle."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.errors import ConfigError
from fink_lib.job_server import door
from fink_lib.job_server.door import run_on_spark
from fink_lib.job_server.kinds import Kind
from fink_lib.job_server.messages import BEGUN, received, send
from fink_lib.job_server.record import Record, read_record
from fink_lib.job_server.start import accepts_jobs, connect, stop
from fink_lib.processes.faults import Fault, fault_of
from fink_lib.processes.identity import processes_of
from tests.spark.job_server.planted_jobs import COUNT, FAIL, SLEEP, write_server

pytestmark = [pytest.mark.spark]

ONE = {"rows": 7, "ansi": "true"}
TIMEOUT_S = 60.0


@pytest.fixture(scope="module")
def served(jars: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home whose server knows the planted jobs; whatever of it runs is ended."""
    root = tmp_path_factory.mktemp("served")
    write_server(root / "project")
    settings = Settings(home=root / "home", project=root / "project", job_server_idle_s=600)
    settings.home.mkdir()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(PROJECT_DIR))
        yield settings
        stop(settings)


def the_server(settings: Settings) -> Record:
    record = read_record(settings)
    assert record is not None
    return record


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_two_jobs_at_once_do_not_meet(served: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    here, there = str(tmp_path / "one"), str(tmp_path / "other")
    asked = [
        {"rows": 7, "ansi": "true", "here": here, "there": there},
        {"rows": 11, "ansi": "false", "here": there, "there": here},
    ]
    said: list[str] = []
    with ThreadPoolExecutor(2) as both:
        one, other = both.map(lambda facts: run_on_spark(served, COUNT, facts, said.append), asked)
    assert [(found["rows"], found["ansi"]) for found in (one, other)] == [(7, "true"), (11, "false")]
    assert one["application"] == other["application"], "they share the Spark that runs"
    assert len({one["pid"], other["pid"], os.getpid()}) == 3
    assert len(said) == 1, "one server for both"
    assert {f"counts {rows} rows" for rows in (7, 11)} <= set(caplog.messages), "what a job logs is logged here"


def test_errors_are_raised_here_and_the_next_job_works(served: Settings) -> None:
    few = served.model_copy(update={"transfer_quota": 3})
    with pytest.raises(ConfigError, match="quota 3 is too small"):  # the settings are the caller's
        run_on_spark(few, FAIL, {"known": True})
    with pytest.raises(ConfigError, match="refused before Spark"):
        run_on_spark(served, COUNT, {"refused": True})
    with pytest.raises(Exception, match="No space left on device") as raised:
        run_on_spark(served, FAIL, {"known": False})
    assert type(raised.value).__name__ == "FileNotFoundError"
    assert fault_of(raised.value) is Fault.LASTING
    assert "planted_jobs.py" in raised.value.__notes__[0]
    assert run_on_spark(served, COUNT, ONE)["rows"] == 7


def test_a_job_ends_with_its_caller(served: Settings, tmp_path: Path) -> None:
    with connect(the_server(served)) as connection:
        begin_sleep(connection, tmp_path / "pid", served)
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not psutil.pid_exists(pid))
    until(lambda: run_on_spark(served, COUNT, ONE)["active"] == [])  # Spark does not go on with it either


def begin_sleep(connection: Any, here: Path, settings: Settings) -> None:
    asked = {"kind": SLEEP.name, "request": {"here": str(here)}, "environment": {"FINK_HOME": str(settings.home)}}
    send(connection, {**asked, "folder": "/", "level": 30})
    assert BEGUN in next(received(connection))
    until(lambda: here.exists() and here.read_text() != "")
    time.sleep(1)  # and Spark has begun


@pytest.mark.parametrize("killed", ["server", "jvm", "job"])
def test_what_dies_in_the_middle(
    killed: str, served: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The job is done again without the server, and the next one has a server again."""
    run_on_spark(served, COUNT, ONE)
    record, pid = the_server(served), tmp_path / "pid"
    again: list[str] = []

    def run_here(_settings: Settings, kind: Kind, _request: object) -> dict[str, bool]:
        again.append(kind.name)
        return {"again": True}

    monkeypatch.setattr(door, "run_here", run_here)
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(run_on_spark, served, SLEEP, {"here": str(pid)})
        until(lambda: pid.exists() and pid.read_text() != "")
        time.sleep(1)
        victims = {
            "server": [psutil.Process(record.pid)],
            "jvm": [one for one in psutil.Process(record.pid).children() if one.name() == "java"],
            "job": [psutil.Process(int(pid.read_text()))],
        }
        for process in victims[killed]:
            process.kill()
        assert victims[killed]
        assert asked.result(TIMEOUT_S) == {"again": True}
    assert again == ["sleep"]
    assert "the server of Spark jobs died in the middle of 'sleep': it is done again, here" in caplog.messages
    if killed != "job":
        until(lambda: processes_of(record.token) == [])
    found = run_on_spark(served, COUNT, ONE)
    assert (found["rows"], again) == (7, ["sleep"])
    assert (the_server(served).pid == record.pid) is (killed == "job")


def test_other_code_has_another_server_and_one_without_work_ends(served: Settings) -> None:
    first = run_on_spark(served, COUNT, ONE)
    before = the_server(served)
    write_server(served.project, comment="\n# changed\n")
    said: list[str] = []
    soon = served.model_copy(update={"job_server_idle_s": 2.0})
    second = run_on_spark(soon, COUNT, ONE, said.append)
    assert second["application"] != first["application"]
    assert said == ["spark: starting a server for jobs; it ends after 0.0333 min without any"]
    until(lambda: not before.alive)
    after = the_server(served)
    assert accepts_jobs(after)
    until(lambda: not after.alive)
    assert read_record(served) is None
    assert not Path(after.socket).parent.exists()
    until(lambda: processes_of(after.token) == [])
