"""Detached processes: started in a session of their own, stopped as a whole, never mistaken for another."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from fink_lib.processes.identity import POLL_S, START_TOLERANCE_S, ProcessMark, find_process

# Kept so that a child that ends is reaped, and none is collected while it runs.
_children: dict[int, subprocess.Popen[bytes]] = {}


def start_detached(
    command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> ProcessMark:
    """Start a process that outlives this one, its output appended to a log file.

    Parameters
    ----------
    command
        Program and arguments.
    log
        File; its folder is made where it is missing.
    env
        All of its environment; that of this process when None.
    cwd
        Its working directory; that of this process when None.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    _children[child.pid] = child
    return ProcessMark(child.pid, psutil.Process(child.pid).create_time())


def is_alive(mark: ProcessMark) -> bool:
    """Tell whether this very process still runs."""
    _reap(mark.pid)
    return find_process(mark) is not None


def session_members(mark: ProcessMark) -> list[psutil.Process]:
    """Return the living processes of the session that the marked process leads or led.

    A pid is not given out again while it still names a session, so orphans of a dead leader are recognised;
    where the pid is another process by now, or the machine was restarted, nothing is ours.
    """
    if mark.started_at < psutil.boot_time() - START_TOLERANCE_S:
        return []
    if psutil.pid_exists(mark.pid) and find_process(mark) is None and not _is_zombie(mark.pid):
        return []
    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == mark.pid and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members


def stop_session(mark: ProcessMark, *, timeout_s: float, children_timeout_s: float = 5.0) -> bool:
    """End a detached process and everything it started in its session.

    The leader is asked first and given time; what is left is asked, then killed.

    Parameters
    ----------
    mark
        The leader.
    timeout_s
        How long the leader is given, seconds.
    children_timeout_s
        How long the others are given, seconds; none before they are killed when the leader took too long.

    Returns
    -------
    bool
        True when the leader ended by itself within the time.
    """
    leader = find_process(mark)
    if leader is not None:
        _send(leader, signal.SIGTERM)
    graceful = _wait(lambda: is_alive(mark), timeout_s)
    for each in session_members(mark):
        _send(each, signal.SIGTERM)
    _wait(lambda: bool(session_members(mark)), children_timeout_s if graceful else 0.0)
    for each in session_members(mark):
        _send(each, signal.SIGKILL)
    _wait(lambda: bool(session_members(mark)), children_timeout_s)
    _reap(mark.pid)
    return graceful


def end_children(mark: ProcessMark, *, timeout_s: float) -> bool:
    """Ask the direct children of a process to end; return whether all did in time.

    For a parent that would leave its children behind when it is asked itself.

    Parameters
    ----------
    mark
        The parent; nothing is done when it has ended.
    timeout_s
        How long they are given, seconds.
    """
    leader = find_process(mark)
    if leader is None:
        return True
    children = leader.children()
    for child in children:
        _send(child, signal.SIGTERM)
    # A parent that does not look after its dead keeps them as zombies: those have ended.
    return _wait(lambda: any(child.is_running() and not _is_zombie(child.pid) for child in children), timeout_s)


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _reap(pid: int) -> None:
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]


def _wait(busy: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while busy():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_S)
    return True
