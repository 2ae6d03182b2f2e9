"""Which operating-system process is this very one: identified so that a recycled pid is never mistaken for it."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass

import psutil

TOKEN_VARIABLE = "FINK_PROCESS_TOKEN"  # noqa: S105  # the name of a variable; its value marks every process of one driver or job
TITLE = "fink job "  # what a forked job is called by the system, before its token
# Start times are derived from the boot time, which the clock service may shift a little. A pid comes round again after
# thousands of processes; to take a living driver for dead would let a second one write.
START_TOLERANCE_S = 2.0
POLL_S = 0.05


@dataclass(frozen=True)
class ProcessMark:
    """What identifies a process for as long as the machine is up.

    Attributes
    ----------
    pid
        Process id.
    started_at
        Unix time of its start: a recycled pid has another one.
    command
        Its command line; empty is not compared.
    """

    pid: int
    started_at: float
    command: tuple[str, ...] = ()


def find_process(mark: ProcessMark) -> psutil.Process | None:
    """Return the process that is marked while it runs; None when it ended, is a zombie, or its pid is another's."""
    started_at = process_started_at(mark.pid)
    if started_at is None or abs(started_at - mark.started_at) > START_TOLERANCE_S:
        return None
    try:
        process = psutil.Process(mark.pid)
        return process if not mark.command or process.cmdline() == list(mark.command) else None
    except psutil.NoSuchProcess:
        return None


def process_started_at(pid: int) -> float | None:
    """Return the Unix time at which a process started; None when it is gone or only a zombie."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.NoSuchProcess:
        return None


def own_command() -> tuple[str, ...]:
    """Return the command line of this process as `find_process` will read it: some programs rewrite theirs."""
    return tuple(psutil.Process().cmdline())


def processes_of(token: str) -> list[psutil.Process]:
    """Return the living processes that carry a driver's token: itself, its JVM, its Python workers.

    A token with a slash names a part of what stands before it: the whole is all of its parts.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            theirs = _token_of(process)
            mine = theirs == token or theirs.startswith(f"{token}/")
            if mine and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def own_token() -> str:
    """Return what marks this process for others; empty where nothing does."""
    return _token_of(psutil.Process())


def _token_of(process: psutil.Process) -> str:
    """Return what marks a process: its title where it is a forked job, else its variable; empty where nothing does."""
    title = " ".join(process.cmdline()).strip()  # after a title its room is filled with zeros
    return title.removeprefix(TITLE) if title.startswith(TITLE) else process.environ().get(TOKEN_VARIABLE, "")


def end_processes_of(token: str, timeout_s: float) -> int:
    """Kill what is left of a driver and wait until it is gone; return how many processes that were.

    Parameters
    ----------
    token
        See `processes_of`; this process itself is spared.
    timeout_s
        Longest time to wait, seconds.

    Raises
    ------
    TimeoutError
        When some still live after ``timeout_s`` seconds: they may still write.
    """
    deadline = time.monotonic() + timeout_s
    killed: set[int] = set()
    while left := processes_of(token):
        for process in left:
            killed.add(process.pid)
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        if time.monotonic() > deadline:
            pids = ", ".join(str(process.pid) for process in left)
            raise TimeoutError(f"processes {pids} of a dead driver cannot be ended: end them by hand")
        time.sleep(POLL_S)
    return len(killed)
