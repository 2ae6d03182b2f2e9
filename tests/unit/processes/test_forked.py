"""A job that is a fork is as one that is started by its command: its words, variables, files, end and token."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR
from fink_lib.processes import forked
from fink_lib.processes.forked import Fork, fork_job
from fink_lib.processes.identity import TOKEN_VARIABLE, end_processes_of, processes_of

TELL = """
import json, logging, os, sys, warnings
logging.basicConfig(stream=sys.stderr, format="%(message)s")
logging.warning("to stderr")
links = {int(name): f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")}
files = sorted(one for one, link in links.items() if os.path.exists(link) and os.readlink(link) != os.devnull)
leads = os.getsid(0) == os.getpid()
warnings.warn("a word of warning")
print(json.dumps([sys.argv[1:], dict(os.environ), files, sys.stdin.read(), __name__, leads]))
"""
# A process that forks a job: what it does before, then how the job ended, or why it was not forked
FORKS = """
import signal, sys
from pathlib import Path
import deltalake, fink_lib.errors
from fink_lib.processes.forked import NotForkable, fork_job
job, *words = sys.argv[1:]
{before}
try:
    fork = fork_job(Path(job), words, {{"FINK_PROCESS_TOKEN": "ztf.2021-11-22.ztf_close_night." + 2000 * "x"}})
    print(fork.stdout.read().strip(), fork.stderr.read().strip(), fork.wait())
except NotForkable as why:
    print(why)
"""
TABLE = "deltalake.write_deltalake(words[0], __import__('pyarrow').table({'a': [1]}))"
LONG = {"LONG": 4000 * "x"}  # room for a title


def forks(job: Path, *words: str, before: str = "", environment: Mapping[str, str] = LONG) -> str:
    """Run a process that forks a job; return what it says."""
    command = [sys.executable, "-c", FORKS.format(before=before), str(job), *words]
    variables = {"PYTHONPATH": str(PROJECT_DIR), **environment}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)
    assert not done.returncode, done.stderr
    return done.stdout.strip()


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return tmp_path / "job.py"


@pytest.fixture(autouse=True)
def no_table_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test before these may have opened a table in this process; the jobs that it forks here open none."""
    monkeypatch.setattr(forked, "_names_of_threads", list)


def ended(fork: Fork) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of a fork."""
    with fork.stdout as out, fork.stderr as err:
        said, told = out.read(), err.read()
    return fork.wait(), said, told


def run(job: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    return ended(fork_job(job, arguments, environment or {}))


def test_a_fork_has_its_own_words_variables_and_files(
    job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_SECRET", "of the parent")
    job.write_text(TELL)
    with (tmp_path / "open").open("w") as open_file:
        handler = logging.StreamHandler(open_file)
        logging.root.addHandler(handler)
        try:
            code, said, told = run(job, "a", "b c", environment={"FINK_HOME": "here"})
        finally:
            logging.root.removeHandler(handler)
    assert code == 0
    words, variables, files, read, name, leads = json.loads(said)
    assert (words, variables, read, name, leads) == (["a", "b c"], {"FINK_HOME": "here"}, "", "__main__", True)
    assert files == [1, 2], "all others are the null device"
    assert told.startswith("to stderr\n")
    assert "UserWarning: a word of warning" in told
    assert (tmp_path / "open").read_text() == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL), ("1 / 0", 1)],
)
def test_a_fork_ends_as_a_command_does(job: Path, text: str, code: int) -> None:
    job.write_text(text)
    ends, _, told = run(job)
    assert ends == code
    assert ("ZeroDivisionError: division by zero" in told) == (code == 1)


def test_a_fork_is_found_and_ended_by_its_token(job: Path) -> None:
    job.write_text("import time; print('here', flush=True); time.sleep(60)")
    fork = fork_job(job, [], {TOKEN_VARIABLE: "ztf.2021-11-22.dag.a run, at 12:00/compact"})
    with fork.stdout, fork.stderr:
        assert fork.stdout.readline() == "here\n"
        assert [one.pid for one in processes_of("ztf.2021-11-22.dag.a run, at 12:00")] == [fork.process.pid]
        assert processes_of("ztf.2021-11-22.dag.a") == []
        assert end_processes_of("ztf.2021-11-22.dag.a run, at 12:00/compact", timeout_s=10) == 1
    assert fork.wait() == -signal.SIGKILL


def test_signals_end_a_fork_whatever_its_parent_does_with_them(job: Path) -> None:
    job.write_text("import time; print('here', flush=True); time.sleep(60)")
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        fork = fork_job(job, [], {})
        with fork.stdout, fork.stderr:
            assert fork.stdout.readline() == "here\n"
            assert fork.process.pid is not None
            os.kill(fork.process.pid, signal.SIGTERM)
            began = time.monotonic()
            assert fork.wait() == -signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)
    assert time.monotonic() - began < 30


def test_a_fork_may_open_tables(job: Path, tmp_path: Path) -> None:
    job.write_text(
        "import sys, deltalake, pyarrow\n"
        "deltalake.write_deltalake(sys.argv[1], pyarrow.table({'a': [1, 2]}))\n"
        "print(deltalake.DeltaTable(sys.argv[1]).to_pyarrow_table().num_rows)\n"
    )
    assert forks(job, str(tmp_path / "table")).split() == ["2", "0"]


def test_a_process_that_opened_a_table_forks_no_job(job: Path, tmp_path: Path) -> None:
    job.write_text("raise SystemExit(9)")
    assert forks(job, str(tmp_path / "table"), before=TABLE) == "this process has opened tables"


def test_a_job_that_could_not_be_found_again_does_not_begin(job: Path, tmp_path: Path) -> None:
    job.write_text(f"open({str(tmp_path / 'began')!r}, 'w')")
    assert forks(job, environment={}) == "its title has no room for what marks it"
    assert not (tmp_path / "began").exists()


def test_a_fork_reads_our_code_anew(job: Path) -> None:
    job.write_text(
        "import fink_lib.errors; print(hasattr(fink_lib.errors, 'STALE'), fink_lib.errors.FinkError.__name__)"
    )
    assert forks(job, before="fink_lib.errors.STALE = True").split() == ["False", "FinkError", "0"]


def test_an_end_that_nobody_can_tell_is_no_success(job: Path) -> None:
    job.write_text("raise SystemExit(3)")
    assert forks(job, before="signal.signal(signal.SIGCHLD, signal.SIG_IGN)") == "1"
