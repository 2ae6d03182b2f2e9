import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fink_lib.processes.detached import is_alive
from fink_lib.processes.identity import (
    START_TOLERANCE_S,
    TOKEN_VARIABLE,
    ProcessMark,
    end_processes_of,
    find_process,
    process_started_at,
    processes_of,
)

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(SLEEP, env={**os.environ, TOKEN_VARIABLE: "sleeper"}) as process:
        yield process
        process.kill()


def test_a_process_is_told_apart_by_start_and_command(sleeper: "subprocess.Popen[bytes]") -> None:
    started_at = process_started_at(sleeper.pid)
    assert started_at is not None
    for known in (ProcessMark(sleeper.pid, started_at), ProcessMark(sleeper.pid, started_at, tuple(SLEEP))):
        found = find_process(known)
        assert found is not None
        assert found.pid == sleeper.pid
    assert find_process(ProcessMark(sleeper.pid, started_at - 60, tuple(SLEEP))) is None
    assert find_process(ProcessMark(sleeper.pid, started_at, ("another", "command"))) is None


def test_a_clock_that_is_set_makes_no_other_process_of_it(sleeper: "subprocess.Popen[bytes]") -> None:
    started_at = process_started_at(sleeper.pid)
    assert started_at is not None
    for shift_s in (0.9 * START_TOLERANCE_S, -0.9 * START_TOLERANCE_S):
        assert find_process(ProcessMark(sleeper.pid, started_at + shift_s)) is not None
        assert is_alive(ProcessMark(sleeper.pid, started_at + shift_s))
    assert find_process(ProcessMark(sleeper.pid, started_at + 1.5 * START_TOLERANCE_S)) is None


def test_a_zombie_is_dead(sleeper: "subprocess.Popen[bytes]") -> None:
    started_at = process_started_at(sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # dead, but not reaped
    assert started_at is not None
    assert find_process(ProcessMark(sleeper.pid, started_at, tuple(SLEEP))) is None


def test_what_carries_a_token_is_ended(sleeper: "subprocess.Popen[bytes]") -> None:
    assert [process.pid for process in processes_of("sleeper")] == [sleeper.pid]
    assert processes_of("another") == []
    assert end_processes_of("sleeper", timeout_s=5) == 1
    assert sleeper.wait(5) == -9
