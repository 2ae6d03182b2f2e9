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
from fink_lib.processes.forked import Fork, fork_job
from fink_lib.processes.identity import TOKEN_VARIABLE, end_processes_of, processes_of

TELL = """
import json, logging, os, sys
logging.basicConfig(stream=sys.stderr, format="%(message)s")
logging.warning("to stderr")
links = {int(name): f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")}
files = sorted(one for one, link in links.items() if os.path.exists(link) and os.readlink(link) != os.devnull)
leads = os.getsid(0) == os.getpid()
print(json.dumps([sys.argv[1:], dict(os.environ), files, sys.stdin.read(), __name__, leads]))
"""
# What a task does: it has packages, and has opened no table
OPENS = """
import sys
from pathlib import Path
import deltalake
from fink_lib.processes.forked import fork_job
fork = fork_job(Path(sys.argv[1]), sys.argv[2:], {})
print(fork.stdout.read().strip(), fork.stderr.read().strip(), fork.wait())
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return tmp_path / "job.py"


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
    assert told == "to stderr\n"
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
    command = [sys.executable, "-c", OPENS, str(job), str(tmp_path / "table")]
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["2", "0"], done.stderr
