"""Runs one piece of code in a sandbox, watches its clock, and tells how it ended; its result is not read here."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from fink_lib.errors import ConfigError
from fink_lib.files import replace_text, to_json
from fink_lib.processes.identity import TOKEN_VARIABLE
from fink_lib.user_jobs.sandbox import inside
from fink_lib.user_jobs.sandbox.command import sandbox_command
from fink_lib.user_jobs.sandbox.filters import end_filter, start_filter

LOG, RESULT, HANDED = "log.txt", "result", "handed"
MOST_LOG_BYTES, MOST_OUTCOME_BYTES = 256 * 1024, 64 * 1024
MOST_ROWS = 2**63  # a larger number is nothing that Parquet or JSON could tell
POLL_S = 0.1
PATIENCE_S = 10.0  # for the last words of a process that has ended
FIRST_USER, USERS = 1_900_000_000, 100_000_000  # who runs a job of root's: nobody else's number


@dataclass(frozen=True)
class Limits:
    """What a job may have.

    Attributes
    ----------
    seconds, memory_mb, result_mb
        How long it may run, how much memory it may take, how large its result may be.
    scratch_mb
        Size of the folder that it may write, which is memory too.
    threads
        How many threads it may have.
    """

    seconds: float
    memory_mb: int
    result_mb: int
    scratch_mb: int = 512
    threads: int = 64


@dataclass(frozen=True)
class Code:
    """What is run, and on what.

    Attributes
    ----------
    language, text
        ``sql`` or ``python``, and the code.
    form
        What its result is written as: ``parquet`` or ``csv``.
    views
        Table → SQL over files, as the sandbox has them.
    files
        Path in the sandbox → file that is bound there.
    """

    language: str
    text: str
    form: str
    views: Mapping[str, str]
    files: Mapping[str, Path]


@dataclass(frozen=True)
class Ended:
    """How it ended.

    Attributes
    ----------
    rows
        Rows of its result; None where there is none.
    error
        Why it failed; empty where it did not.
    is_cancelled
        Whether it was ended on demand.
    seconds
        How long it took.
    """

    rows: int | None
    error: str
    is_cancelled: bool
    seconds: float


def run(folder: Path, code: Code, limits: Limits, is_cancelled: Callable[[], bool] = lambda: False) -> Ended:
    """Run some code; its log, and its result where it has one, lie in the folder then.

    Parameters
    ----------
    folder
        Where it is kept; its name decides which user runs it, where root does not.
    code, limits
        What is run, and what it may have.
    is_cancelled
        Asked all the while.

    Raises
    ------
    HostError
        When this machine lacks what a sandbox needs.
    ConfigError
        When a file is gone that it reads.
    """
    began = time.monotonic()
    scratch = folder / f"{RESULT}.new"
    with scratch.open("wb") as result, _pipe() as (reading, writing), _opened(start_filter()) as filter_handle:
        order = _order(folder, code, limits, result.fileno(), writing)
        bound = {**order, **_gathered(folder / HANDED, code.files)}
        command = sandbox_command(bound, filter_handle=filter_handle, scratch_mb=limits.scratch_mb)
        handles = (result.fileno(), writing, filter_handle)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              pass_fds=handles, env=_marked(), cwd="/", start_new_session=True) as process:  # fmt: skip
            os.close(writing)
            keeping = _kept_log(process, folder / LOG)
            stopped = _watched(process, began + limits.seconds, is_cancelled)
            keeping.join(PATIENCE_S)
        told = os.read(reading, MOST_OUTCOME_BYTES) if not stopped else b""
    rows, error = _understood(told, limits)
    if stopped:
        error = "" if stopped == "cancelled" else f"it was not done after the {limits.seconds:.0f} s of a job"
    if error or stopped or rows is None:
        scratch.unlink()
    else:
        scratch.replace(folder / f"{RESULT}.{code.form}")
    return Ended(rows if not error else None, error, stopped == "cancelled", time.monotonic() - began)


def _order(folder: Path, code: Code, limits: Limits, result: int, outcome: int) -> dict[str, Path]:
    """Write what the sandbox is told; return path in the sandbox → file."""
    handed = folder / HANDED
    user = FIRST_USER + zlib.crc32(f"{folder.name} {os.getpid()}".encode()) % USERS
    order: dict[str, Any] = {
        "language": code.language, "code": code.text, "format": code.form, "views": dict(code.views),
        "files": sorted(code.files), "user": user, "result": result, "outcome": outcome, "seconds": int(limits.seconds),
        "memory_mb": limits.memory_mb, "result_mb": limits.result_mb, "scratch_mb": limits.scratch_mb,
        "threads": limits.threads,
    }  # fmt: skip
    replace_text(handed / "order.json", to_json(order))
    (handed / "end.bpf").write_bytes(end_filter())
    for one in handed.iterdir():
        one.chmod(0o644)
    return {f"{inside.JOB}/{name}": handed / name for name in ("order.json", "end.bpf")}


def _gathered(handed: Path, files: Mapping[str, Path]) -> dict[str, Path]:
    """Return what is bound so that a sandbox has some files: one folder of links to them where links can be made.

    Each further bind takes bubblewrap longer than the one before, and it takes 3,000 at most: tables have more files.
    """
    inner = {place: path for place, path in files.items() if place.startswith(f"{inside.DATA}/")}
    root = handed / "data"
    shutil.rmtree(root, ignore_errors=True)
    try:
        for place, path in inner.items():
            link = root / place.removeprefix(f"{inside.DATA}/")
            link.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, link)
    except FileNotFoundError:
        raise ConfigError("rows that it reads were dropped or replaced meanwhile: run it again") from None
    except OSError:  # of another disk, or another owner
        shutil.rmtree(root, ignore_errors=True)
        return dict(files)
    for one in {root, *(link.parent for link in root.rglob("*"))} if inner else ():
        one.chmod(0o755)
    return {place: path for place, path in files.items() if place not in inner} | ({inside.DATA: root} if inner else {})


def _marked() -> dict[str, str]:
    """Return what marks bubblewrap as a part of the task that started it; nothing of it reaches the sandbox."""
    return {TOKEN_VARIABLE: os.environ[TOKEN_VARIABLE]} if TOKEN_VARIABLE in os.environ else {}


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    """Make a pipe; its writing end is closed by whoever hands it on."""
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)


@contextmanager
def _opened(content: bytes) -> Iterator[int]:
    """Hold some bytes as an open file without a name."""
    handle = os.memfd_create("filter")
    try:
        os.write(handle, content)
        os.lseek(handle, 0, os.SEEK_SET)
        yield handle
    finally:
        os.close(handle)


def _kept_log(process: "subprocess.Popen[bytes]", path: Path) -> threading.Thread:
    """Keep the beginning of what is said, as it is said; the rest is read and forgotten."""
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    said: IO[bytes] = process.stdout

    def keep() -> None:
        room = MOST_LOG_BYTES
        with path.open("wb") as log:
            while part := os.read(said.fileno(), 65536):
                log.write(part[:room])
                log.flush()
                if 0 < room < len(part):
                    log.write(f"\n… the log of a job has {MOST_LOG_BYTES} bytes at most\n".encode())
                room = max(room - len(part), 0)

    made = threading.Thread(target=keep, name="job-log", daemon=True)
    made.start()
    return made


def _watched(process: "subprocess.Popen[bytes]", until: float, is_cancelled: Callable[[], bool]) -> str:
    """Wait for the end; return why it was brought about, or an empty text where it came by itself."""
    while process.poll() is None:
        why = "cancelled" if is_cancelled() else "late" if time.monotonic() > until else ""
        if why:
            os.killpg(process.pid, signal.SIGKILL)  # bubblewrap and the first process of its space, both: that ends it
            process.wait()
            return why
        time.sleep(POLL_S)
    return ""


def _understood(told: bytes, limits: Limits) -> tuple[int | None, str]:
    """Return rows and error out of what a sandbox said, which may be anything."""
    ended = f"it was ended: it needs more than the {limits.memory_mb} MB and {limits.seconds:.0f} s of a job"
    try:
        facts = json.loads(told)
        rows, error = facts.get("rows"), str(facts.get("error") or "")[: inside.LONGEST]
    except (ValueError, AttributeError, RecursionError):
        return None, ended
    is_number = rows is None or (type(rows) is int and 0 <= rows < MOST_ROWS)
    return (rows, error.encode("utf-8", "backslashreplace").decode()) if is_number else (None, ended)


def sandbox_works() -> str:
    """Try the smallest sandbox; return what is wrong, or an empty text."""
    with _opened(start_filter()) as handle:
        command = sandbox_command({}, filter_handle=handle, scratch_mb=1)
        tried = subprocess.run([*command[:-1], "-c", "print('here')"], capture_output=True, text=True, check=False,
                               pass_fds=(handle,), env={}, cwd="/", timeout=30)  # fmt: skip
    return "" if tried.stdout == "here\n" else (tried.stderr.strip().splitlines() or ["it says nothing"])[-1]
