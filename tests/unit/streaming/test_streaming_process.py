import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fink_lib.streaming.process import (
    TOKEN_VARIABLE,
    end_processes_of,
    is_same_process,
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
    assert is_same_process(sleeper.pid, started_at, SLEEP)
    assert is_same_process(sleeper.pid, started_at, [])
    assert not is_same_process(sleeper.pid, started_at - 60, SLEEP)
    assert not is_same_process(sleeper.pid, started_at, ["another", "command"])


def test_a_zombie_is_dead(sleeper: "subprocess.Popen[bytes]") -> None:
    started_at = process_started_at(sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # dead, but not reaped
    assert started_at is not None
    assert not is_same_process(sleeper.pid, started_at, SLEEP)


def test_what_carries_a_token_is_ended(sleeper: "subprocess.Popen[bytes]") -> None:
    assert [process.pid for process in processes_of("sleeper")] == [sleeper.pid]
    assert processes_of("another") == []
    assert end_processes_of("sleeper", timeout_s=5) == 1
    assert sleeper.wait(5) == -9
