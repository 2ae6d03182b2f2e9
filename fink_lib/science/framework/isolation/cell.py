"""One process apart, from the side that asks it: started when needed, watched, killed when it takes too long."""

import multiprocessing
import os
import signal
import time
import warnings
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from fink_lib.errors import FinkError, ModelError
from fink_lib.science.framework import packages  # noqa: F401 - what is forked has them
from fink_lib.science.framework.isolation.found import Found
from fink_lib.science.framework.isolation.serve import ERRORS, RESULT, Answer, Job, Line, Request, run_apart
from fink_lib.science.framework.isolation.shared import IDLE, Mark, Place, Tray
from fink_lib.science.framework.runner import Step

TICK_S = 1.0  # a process that ended is noticed at once, and after this where a child of its own holds its connection


class Ended(Exception):
    """The process ended, or was ended, before it answered.

    Parameters
    ----------
    place
        What it was doing.
    why
        One clause.
    """

    def __init__(self, place: Place, why: str) -> None:
        super().__init__(why)
        self.place, self.why = place, why


@dataclass(frozen=True)
class Refusal:
    """Stands in for the loader of a module whose own one ended the process."""

    why: str

    def __call__(self, _cache: Path) -> Any:
        """Refuse."""
        raise ModelError(self.why)


class Cell:
    """Asks a process apart.

    Parameters
    ----------
    job
        What the process is there for. It is forked: nothing of it is pickled.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self._process: _Process | None = None

    def ask(self, packets: pa.StructArray, chosen: Sequence[int], results: Mapping[str, pa.Array]) -> Found:
        """Run modules on packets.

        Parameters
        ----------
        packets
            Fields of some alerts.
        chosen
            Numbers of the modules, in order.
        results
            What modules that ran before found on the same alerts.

        Raises
        ------
        Ended
            When a module, or what forms the batch, ended the process or took too long. The next request finds a
            new process.
        """
        columns = {packets.type.field(i).name: column for i, column in enumerate(packets.flatten())}
        columns |= {f"{RESULT}{name}": array for name, array in results.items()}
        fresh = self._process is None
        process = self._process = self._process or _Process(self.job)
        try:
            return process.ask(columns, chosen)
        except BaseException as problem:
            self.close()
            if isinstance(problem, Ended) and problem.place.module == IDLE:
                if fresh:
                    raise FinkError(f"the process of the science modules does not start: {problem.why}") from problem
                return self.ask(packets, chosen, results)  # it ended between two requests: nobody's fault
            raise

    def refuse(self, number: int, why: str) -> None:
        """Never load a module again: loading it ended the process.

        Parameters
        ----------
        number
            Place of the module in the job.
        why
            What its alerts are told in `science_errors`.
        """
        modules = list(self.job.modules)
        modules[number] = replace(modules[number], load=Refusal(why))
        self.job = replace(self.job, modules=modules)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
            self._process = None


class _Process:
    """A process that serves a job; it ends with this object."""

    def __init__(self, job: Job) -> None:
        ours, theirs = multiprocessing.Pipe()
        self._job, self._line = job, Line(ours, Tray(), Tray(), Mark())
        parent = os.getpid()
        with warnings.catch_warnings():
            # Threads of this process do not live on in the other, and what they may hold is not used there.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._pid = os.fork()
        if not self._pid:
            run_apart(job, replace(self._line, connection=theirs), parent)
        theirs.close()
        self.close = weakref.finalize(self, _end, self._pid, parent, self._line)

    def ask(self, columns: Mapping[str, pa.Array], chosen: Sequence[int]) -> Found:
        """Run modules on columns; see `Cell.ask`."""
        line = self._line
        line.mark.place = Place(IDLE, Step.COMPUTE, time.monotonic() + self._job.limits.load_s)
        request = Request(line.there.put(columns), tuple(chosen))
        try:
            line.connection.send(request)
            self._wait()
            answer: Answer = line.connection.recv()
        except (EOFError, ConnectionError):
            raise Ended(line.mark.place, f"the module ended its process{self._how()}") from None
        if answer.problem:
            raise Ended(line.mark.place, answer.problem)
        line.there.tidy()
        found = line.back.take(answer.size)
        errors = found.pop(ERRORS)
        return Found(found, errors, answer.seconds, answer.forming_s)

    def _wait(self) -> None:
        """Wait for the answer, or for the end of the process."""
        mark = self._line.mark
        while not self._line.connection.poll(max(min(mark.place.until_s - time.monotonic(), TICK_S), 0.0)):
            place = mark.place
            if time.monotonic() > place.until_s and place == mark.place:  # it may just have gone on
                limits = self._job.limits
                seconds = limits.load_s if place.step is Step.LOAD else limits.alert_s
                raise Ended(place, f"took longer than {seconds:g} s")
            if self._exit():
                raise EOFError

    def _exit(self) -> str:
        """Say how the process ended; nothing while it lives."""
        try:
            told = os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return " (nobody knows how)"  # somebody else was told
        if told is None:
            return ""
        by_signal = told.si_code != os.CLD_EXITED
        return f" ({signal.Signals(told.si_status).name})" if by_signal else f" (exit code {told.si_status})"

    def _how(self) -> str:
        """Say how the process ended; one that only closed its connection gets a moment, then it is killed."""
        until_s = time.monotonic() + TICK_S
        while not (how := self._exit()):
            if time.monotonic() > until_s:
                os.kill(self._pid, signal.SIGKILL)
            time.sleep(TICK_S / 100)
        return how


def _end(pid: int, owner: int, line: Line) -> None:
    """Kill a process and give back what was shared with it; a fork of its owner leaves it alone."""
    if os.getpid() != owner:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
    line.connection.close()
    for each in (line.there, line.back):
        each.close()
