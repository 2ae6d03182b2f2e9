"""A job of the ``jobs`` folder as a fork of this process: what is imported here, the job need not import again."""

import logging
import multiprocessing
import os
import runpy
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Literal, TextIO

from setproctitle import setproctitle

from fink_lib.processes.identity import TITLE, TOKEN_VARIABLE, own_token

_OURS = ("fink_lib", "expectations")  # packages that a job reads anew
_DELTA_THREAD = "tokio"  # how the names of the threads begin by which delta-rs reads tables
_FIRST_OTHER = 3  # file descriptor after the three standard ones
_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)  # by Airflow, in the process that forks
_UNHEEDED = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)  # as Python begins
_kept: list[object] = []  # streams of the process that forked


class NotForkable(Exception):
    """Why the job cannot be a fork of this process: it is to be started by its command."""


@dataclass(frozen=True)
class Fork:
    """A job that runs.

    Attributes
    ----------
    process
        The job.
    stdout, stderr
        What it says.
    """

    process: ForkProcess
    stdout: TextIO
    stderr: TextIO

    def wait(self) -> int:
        """Wait for its end; return its exit code, negative when a signal ended it, 1 when nobody can tell."""
        self.process.join()
        return 1 if self.process.exitcode is None else self.process.exitcode


def fork_job(job: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> Fork:
    """Run a job in a fork, in a session of its own, much as if it were started by its command.

    It reads the library's code anew. Handlers of `atexit` do not run at its end.

    Parameters
    ----------
    job
        Its file.
    arguments
        Of its command line.
    environment
        The whole of its variables. The token among them is shown as the title of the process, since the system does
        not tell what variables a fork was given.

    Raises
    ------
    NotForkable
        When this process has opened a table, whose threads are not in a fork, or the title has no room.
    """
    if any(name.startswith(_DELTA_THREAD) for name in _names_of_threads()):
        raise NotForkable("this process has opened tables")
    (stdout, to_stdout), (stderr, to_stderr), (marked, to_marked) = os.pipe(), os.pipe(), os.pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_run, args=(job, list(arguments), dict(environment), (to_stdout, to_stderr, to_marked))
    )
    process.start()
    for descriptor in (to_stdout, to_stderr, to_marked):
        os.close(descriptor)
    fork = Fork(process, _text(stdout, "r"), _text(stderr, "r"))
    with os.fdopen(marked, "rb") as answer:
        if answer.read(1):
            return fork
    with fork.stdout, fork.stderr:
        fork.wait()
    raise NotForkable("its title has no room for what marks it")


def _names_of_threads() -> Iterator[str]:
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it ended just now
            yield (thread / "comm").read_text()


def _text(descriptor: int, mode: Literal["r", "w"]) -> TextIO:
    return open(descriptor, mode, buffering=1, encoding="utf-8", errors="replace")


def _run(
    job: Path, arguments: Sequence[str], environment: Mapping[str, str], descriptors: tuple[int, int, int]
) -> None:
    """Be the job: nothing of the process that forked is left but the packages that it imported."""
    stdout, stderr, marked = descriptors
    os.setsid()
    token = environment.get(TOKEN_VARIABLE, "")
    setproctitle(f"{TITLE}{token}")  # before the variables change: it writes over the place where they began
    if own_token() != token:
        return
    os.write(marked, b"1")
    for handled in _HANDLED:
        signal.signal(handled, signal.SIG_DFL)
    _take_standard_streams(stdout, stderr)
    _forget_what_was_set()
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [str(job), *arguments]
    runpy.run_path(str(job), run_name="__main__")


def _forget_what_was_set() -> None:
    """Drop the library's modules, which may have changed since, and what the parent does with logs and warnings."""
    for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
        del sys.modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__.partition(".")[0] not in _OURS]
    sys.excepthook = sys.__excepthook__
    for handler in logging.root.handlers[:]:
        logging.root.removeHandler(handler)
    warnings.resetwarnings()
    for unheeded in _UNHEEDED:
        warnings.simplefilter("ignore", unheeded)
    logging.captureWarnings(capture=False)
    logging.captureWarnings(capture=True)  # into the log of the job, whoever took them before


def _take_standard_streams(stdout: int, stderr: int) -> None:
    """Write to the two pipes; let every other file be the null device.

    None is closed: an object that still believes it has a file would close one that was opened since under its number.
    """
    null, *pipes = (_above_standard(one) for one in (os.open(os.devnull, os.O_RDWR), stdout, stderr))
    for standard, descriptor in enumerate((null, *pipes)):
        os.dup2(descriptor, standard)
    for inherited in {int(one.name) for one in Path("/dev/fd").iterdir()} - {*range(_FIRST_OTHER), null}:
        os.dup2(null, inherited, inheritable=False)
    _kept.extend((sys.stdin, sys.stdout, sys.stderr))
    sys.stdin, sys.stdout, sys.stderr = _text(0, "r"), _text(1, "w"), _text(2, "w")


def _above_standard(descriptor: int) -> int:
    """Return the file under a number that none of the standard streams takes."""
    while descriptor < _FIRST_OTHER:
        descriptor = os.dup(descriptor)
    return descriptor
