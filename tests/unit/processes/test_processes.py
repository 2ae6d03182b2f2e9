"""Detached processes: stopped as a whole, and never mistaken for another."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from fink_lib.processes.detached import (
    end_children,
    is_alive,
    session_members,
    start_detached,
    stop_session,
)
from fink_lib.processes.identity import ProcessMark

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# A leader that starts a child in its session and tells when that is done.
FAMILY = f"""
import subprocess, sys, time
subprocess.Popen({SLEEP!r})
print("ready", flush=True)
time.sleep(60)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


def start_and_wait(code: str, log: Path) -> ProcessMark:
    mark = start_detached([sys.executable, "-c", code], log=log)
    deadline = time.monotonic() + 30
    while "ready" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return mark


def test_start_and_stop(tmp_path: Path) -> None:
    mark = start_detached(SLEEP, log=tmp_path / "log")
    assert is_alive(mark)
    assert os.getsid(mark.pid) == mark.pid
    assert stop_session(mark, timeout_s=10)
    assert not is_alive(mark)


def test_children_are_stopped_too(tmp_path: Path) -> None:
    mark = start_and_wait(FAMILY, tmp_path / "log")
    assert len(session_members(mark)) == 2
    stop_session(mark, timeout_s=10)
    assert session_members(mark) == []


def test_orphans_of_a_killed_leader_are_stopped(tmp_path: Path) -> None:
    mark = start_and_wait(FAMILY, tmp_path / "log")
    psutil.Process(mark.pid).kill()
    deadline = time.monotonic() + 10
    while is_alive(mark):
        assert time.monotonic() < deadline
    assert len(session_members(mark)) == 1
    stop_session(mark, timeout_s=1)
    assert session_members(mark) == []


def test_the_stubborn_are_killed(tmp_path: Path) -> None:
    mark = start_and_wait(STUBBORN, tmp_path / "log")
    assert not stop_session(mark, timeout_s=0.3)
    assert not is_alive(mark)


def test_a_recycled_pid_is_left_alone() -> None:
    with subprocess.Popen(SLEEP, start_new_session=True) as other:
        impostor = ProcessMark(other.pid, psutil.Process(other.pid).create_time() - 3600)
        assert not is_alive(impostor)
        assert session_members(impostor) == []
        stop_session(impostor, timeout_s=0.2)
        assert other.poll() is None
        other.kill()


def test_nothing_of_an_earlier_boot_is_ours() -> None:
    mark = ProcessMark(os.getsid(0), psutil.boot_time() - 1000)
    assert session_members(mark) == []


def test_end_children_leaves_the_parent(tmp_path: Path) -> None:
    mark = start_and_wait(FAMILY, tmp_path / "log")
    try:
        assert end_children(mark, timeout_s=10)
        assert [each.pid for each in session_members(mark)] == [mark.pid]
    finally:
        stop_session(mark, timeout_s=5)
