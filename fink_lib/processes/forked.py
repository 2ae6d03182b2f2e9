"""A job of the ``jobs`` folder as a fork of this process: what is imported here, the job need not import again."""

import logging
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Literal, TextIO

from setproctitle import setproctitle

from fink_lib.processes.identity import TITLE, TOKEN_VARIABLE

_FIRST_OTHER = 3  # file descriptor after the three standard ones
_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)  # by Airflow, in the process that forks
_kept: list[object] = []  # streams of the process that forked


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
        """Wait for its end; return its exit code, negative when a signal ended it."""
        self.process.join()
        return self.process.exitcode or 0


def fork_job(job: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> Fork:
    """Run a job in a fork, in a session of its own, as if it were started by its command.

    No Delta table may have been opened by this process: the threads that read tables are not in a fork.

    Parameters
    ----------
    job
        Its file.
    arguments
        Of its command line.
    environment
        The whole of its variables; the token among them is shown as the title of the process too, since the system
        goes on telling of a fork the variables that the first process was started with.
    """
    (stdout, to_stdout), (stderr, to_stderr) = os.pipe(), os.pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_run, args=(job, list(arguments), dict(environment), to_stdout, to_stderr)
    )
    process.start()
    os.close(to_stdout)
    os.close(to_stderr)
    return Fork(process, _text(stdout, "r"), _text(stderr, "r"))


def _text(descriptor: int, mode: Literal["r", "w"]) -> TextIO:
    return open(descriptor, mode, buffering=1, encoding="utf-8", errors="replace")


def _run(job: Path, arguments: Sequence[str], environment: Mapping[str, str], stdout: int, stderr: int) -> None:
    """Be the job: nothing of the process that forked is left but what it imported."""
    os.setsid()
    setproctitle(f"{TITLE}{environment.get(TOKEN_VARIABLE, '')}")  # first: it finds its place by the old variables
    for handled in _HANDLED:
        signal.signal(handled, signal.SIG_DFL)
    _take_standard_streams(stdout, stderr)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [str(job), *arguments]
    runpy.run_path(str(job), run_name="__main__")


def _take_standard_streams(stdout: int, stderr: int) -> None:
    """Write to the two pipes; let every other file be the null device, and forget the log handlers that wrote to them.

    None is closed: an object that still believes it has a file would close one that was opened since under its number.
    """
    null, *pipes = (_above_standard(one) for one in (os.open(os.devnull, os.O_RDWR), stdout, stderr))
    for standard, descriptor in enumerate((null, *pipes)):
        os.dup2(descriptor, standard)
    for inherited in {int(one.name) for one in Path("/dev/fd").iterdir()} - {*range(_FIRST_OTHER), null}:
        os.dup2(null, inherited, inheritable=False)
    _kept.extend((sys.stdin, sys.stdout, sys.stderr))
    sys.stdin, sys.stdout, sys.stderr = _text(0, "r"), _text(1, "w"), _text(2, "w")
    for handler in logging.root.handlers[:]:
        logging.root.removeHandler(handler)


def _above_standard(descriptor: int) -> int:
    """Return the file under a number that none of the standard streams takes."""
    while descriptor < _FIRST_OTHER:
        descriptor = os.dup(descriptor)
    return descriptor
