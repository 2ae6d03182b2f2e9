import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from deltalake import write_deltalake

from fink_lib.config import Settings
from fink_lib.errors import ConfigError, JobFailed
from fink_lib.orchestration.assets import table_asset
from fink_lib.orchestration.closing_lock import TURN, Closing, take_turn
from fink_lib.orchestration.jobs import NightJobOperator
from fink_lib.processes.endings import EXIT_FATAL
from fink_lib.processes.forked import NotForkable
from fink_lib.processes.identity import processes_of
from fink_lib.streams.runner import job_environment


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FINK_PROJECT", str(tmp_path / "project"))
    path = tmp_path / "project" / "jobs" / "nightly" / "compact.py"
    path.parent.mkdir(parents=True)
    return path


def operator(**options: Any) -> NightJobOperator:
    mine = NightJobOperator(task_id="compact", survey="ztf", step="compact", night="2021-11-22", **options)
    mine.run = "run-1"
    return mine


def test_a_job_is_given_its_night_and_logged(
    job: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job.write_text("import os, sys; print(' '.join(sys.argv[1:]), os.environ['FINK_HOME'])")
    lines: list[str] = []
    mine = operator()
    monkeypatch.setattr(mine.log, "info", lambda text, *args: lines.append(text % args))
    mine.execute({})
    words = f"--survey ztf --night 2021-11-22 --run-id run-1 --dag-id {mine.dag_id} {Settings().home}"
    assert words in lines


def test_the_last_word_of_a_failing_job_is_the_error(job: Path) -> None:
    job.write_text("import sys; sys.stderr.write('noise\\ncompact failed: no space left\\n\\n'); sys.exit(2)")
    with pytest.raises(JobFailed, match=r"^compact failed: no space left$"):
        operator().execute({})
    job.write_text("raise SystemExit(1)")
    with pytest.raises(JobFailed, match="ended with code 1 and without a word"):
        operator().execute({})


def test_the_sentence_is_the_error_whatever_the_jvm_says_after_it(job: Path) -> None:
    after = "2026-01-02 03:04:05,678 INFO py4j.clientserver Closing down clientserver connection"
    job.write_text(
        f"import sys; sys.stderr.write('compact failed: no space left\\n{after}\\nOpenJDK: a word\\n'); sys.exit(2)"
    )
    with pytest.raises(JobFailed, match=r"^compact failed: no space left$"):
        operator().execute({})
    job.write_text(f"import sys; sys.stderr.write('ImportError: no module\\n{after}\\n'); sys.exit(1)")
    with pytest.raises(JobFailed, match=r"^ImportError: no module$"):
        operator().execute({})
    job.write_text(f"import sys; sys.stderr.write('{after}\\n'); sys.exit(1)")
    with pytest.raises(JobFailed, match="ended with code 1 and without a word"):
        operator().execute({})
    job.write_text("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(JobFailed, match="compact of night 2021-11-22 was ended by SIGKILL, perhaps for want of memory"):
        operator().execute({})


def test_a_job_that_says_that_a_retry_is_no_use_is_not_tried_again(job: Path) -> None:
    job.write_text(f"import sys; sys.stderr.write('quality failed: ra\\n'); sys.exit({EXIT_FATAL})")
    with pytest.raises(AirflowFailException, match=r"^quality failed: ra$"):
        operator().execute({})


def test_a_run_without_a_night_says_so(job: Path) -> None:
    mine = operator()
    mine.night = "None"
    with pytest.raises(ConfigError, match="'None' is not a night"):
        mine.execute({})


def test_killing_the_task_ends_the_job_with_its_children(job: Path) -> None:
    job.write_text(
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "time.sleep(60)\n"
    )
    mine = operator()
    failure: list[Exception] = []

    def run() -> None:
        try:
            mine.execute({})
        except JobFailed as error:
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 20
    while len(processes_of(mine.token)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    mine.on_kill()
    thread.join(10)
    assert processes_of(mine.token) == []
    assert len(failure) == 1


def running(*runs: str) -> dict[str, Any]:
    """Return the context of a task that finds these runs running."""

    def count(*, dag_id: str, run_ids: list[str], states: list[str]) -> int:
        assert states == ["running"]
        return len(set(run_ids) & set(runs))

    return {"ti": SimpleNamespace(get_dr_count=count)}


def test_another_run_that_closes_the_night_is_waited_for_and_not_killed(
    job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, lines = operator(), operator(), list[str]()
    second.run = "run-2"
    assert first.token != second.token
    first._take_turn({}, Settings(), "2021-11-22")
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    left = subprocess.Popen(words, env=job_environment(Settings(), first.token))
    monkeypatch.setattr(second.log, "info", lambda text, *args: lines.append(text % args))
    with pytest.raises(TaskDeferred) as waits:
        second.execute(running("run-1"))
    assert waits.value.method_name == "execute_again"
    assert lines == ["night=2021-11-22 is being closed by run run-1 of adhoc_airflow: waiting for its end"]
    assert left.poll() is None

    # The first run has ended without its worker: what it left behind goes, and the second takes its turn.
    job.write_text("")
    second.execute_again(running(), {})
    assert left.wait(10) != 0
    with pytest.raises(TaskDeferred):
        first.execute(running("run-2"))


@pytest.mark.parametrize("left", ["", "{", "[]", '{"dag_id": "a"}'])
def test_a_turn_that_a_power_cut_tore_is_nobodys(left: str, tmp_path: Path) -> None:
    mine = Closing("close_night", "run-2")
    (tmp_path / TURN).write_text(left)
    assert take_turn(tmp_path, "ztf.2021-11-22", mine, lambda _: True) is None
    assert take_turn(tmp_path, "ztf.2021-11-22", Closing("close_night", "run-3"), lambda _: True) == mine


def test_an_earlier_try_of_the_same_run_is_ended(job: Path) -> None:
    mine = operator()
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    left = subprocess.Popen(words, env=job_environment(Settings(), mine.token))
    other = subprocess.Popen(words, env=job_environment(Settings(), mine.token.replace("run-1", "run-11")))
    job.write_text("")
    mine.execute({})
    assert left.wait(10) != 0
    assert other.poll() is None
    other.kill()
    other.wait(10)


def test_events_tell_rows_and_version(job: Path) -> None:
    job.write_text("")
    table = Settings().lake / "bronze_ztf__alerts"
    write_deltalake(
        str(table), pa.table({"night": ["2021-11-22"] * 3 + ["2021-11-23"], "id": range(4)}), partition_by=["night"]
    )
    asset = table_asset("bronze_ztf__alerts")
    event = SimpleNamespace(extra={})
    operator(tables=[asset]).execute({"outlet_events": {asset: event}})
    assert event.extra == {
        "survey": "ztf", "nights": ["2021-11-22"], "rows": {"2021-11-22": 3}, "delta_version": 0,
    }  # fmt: skip


def test_a_job_that_cannot_be_a_fork_is_a_new_process(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise NotForkable("this process has opened tables")

    monkeypatch.setattr("fink_lib.orchestration.child.fork_job", refused)
    job.write_text("import sys; print('as', *sys.argv[1:3])")
    lines: list[str] = []
    mine = operator()
    monkeypatch.setattr(mine.log, "info", lambda text, *args: lines.append(text % args))
    mine.execute({})
    assert lines[-2:] == ["started as a new process: this process has opened tables", "as --survey ztf"]
