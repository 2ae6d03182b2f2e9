"""The process apart: it forms batches, runs modules on them, and says before each step where it stands."""

import ctypes
import faulthandler
import gc
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn, TypeAlias

import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.isolation.limits import Limits
from fink_lib.science.framework.isolation.shared import FORMING, Mark, Place, Tray
from fink_lib.science.framework.runner import ENDINGS, Step, resource_of, run, sentence

ERRORS = "science_errors"
RESULT = "result:"  # begins the name of a column that an earlier module wrote
MIB = 1024 * 1024
PR_SET_PDEATHSIG = 1

Form: TypeAlias = Callable[[pa.StructArray], AlertBatch]


@dataclass(frozen=True)
class Job:
    """What a process apart is there for.

    Attributes
    ----------
    modules
        All that it may be asked to run, in an order in which each stands after those that it needs.
    form
        Makes a batch of packets.
    cache
        Folder that modules load their catalogues and models from.
    limits
        What no module may exceed.
    """

    modules: Sequence[Module]
    form: Form
    cache: Path
    limits: Limits


@dataclass(frozen=True)
class Request:
    """Modules, by number, to run on what lies on the tray."""

    size: int
    chosen: Sequence[int]


@dataclass(frozen=True)
class Answer:
    """What lies on the tray, or why there is nothing and the process ends."""

    size: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    forming_s: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class Line:
    """What joins two processes: a connection, two trays and a mark."""

    connection: Connection
    there: Tray
    back: Tray
    mark: Mark


def run_apart(job: Job, line: Line, parent: int) -> NoReturn:
    """Be the process apart, from its fork to its end.

    Parameters
    ----------
    job
        The modules that may be asked for.
    line
        What joins it to its parent.
    parent
        Number of the parent's process: this one ends with it.
    """
    code = 1
    try:
        _settle(job, line, parent)
        _serve(job, line)
        code = 0
    except BaseException:  # noqa: BLE001 - what stands above on the stack is the parent's
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def _serve(job: Job, line: Line) -> None:
    """Answer requests until the connection is closed."""
    while True:
        try:
            request: Request = line.connection.recv()
        except EOFError:
            return
        try:
            answer = _answer(job, line, request)
        except MemoryError:
            answer = Answer(problem=f"asked for more than {job.limits.memory_mb} MB")
        except BaseException as problem:  # noqa: BLE001 - the other process finds out whose fault it is
            answer = Answer(problem=sentence(problem))
        line.connection.send(answer)
        if answer.problem:
            return


def _answer(job: Job, line: Line, request: Request) -> Answer:
    columns = line.there.look(request.size)
    names = [name for name in columns if not name.startswith(RESULT)]
    packets = pa.StructArray.from_arrays([columns[name] for name in names], names)
    line.mark.place = Place(FORMING, Step.COMPUTE, time.monotonic() + job.limits.batch_s(Cost.CHEAP, len(packets)))
    begin = time.perf_counter()
    results = {name.removeprefix(RESULT): columns[name] for name in columns if name.startswith(RESULT)}
    batch = replace(job.form(packets), results=results)
    forming_s = time.perf_counter() - begin
    modules = [job.modules[number] for number in request.chosen]
    numbers = dict(zip((module.name for module in modules), request.chosen, strict=True))

    def watch(module: Module, step: Step) -> None:
        allowed_s = job.limits.load_s if step is Step.LOAD else job.limits.batch_s(module.cost, len(batch))
        line.mark.place = Place(numbers[module.name], step, time.monotonic() + allowed_s)

    outcome = run(modules, batch, job.cache, watch=watch, passing=(*ENDINGS, MemoryError))
    size = line.back.put({**outcome.columns, ERRORS: outcome.error_maps(len(batch))})
    return Answer(size, dict(outcome.seconds), forming_s)


def _settle(job: Job, line: Line, parent: int) -> None:
    """Become a process of its own: nothing of the parent's is held, and it does not outlive the parent."""
    gc.freeze()  # what the parent made stays shared memory
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's affair, which then ends this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource_of.cache_clear()  # what the parent loaded may have had threads, which are not here
    kept = (0, 1, 2, line.connection.fileno(), line.there.descriptor, line.back.descriptor)
    _close_all_but(sorted(kept))
    faulthandler.enable(file=2)  # the log shows where a module crashed
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before it was asked for
            os._exit(0)
        _limit(resource.RLIMIT_DATA, _data_bytes() + job.limits.memory_mb * MIB)


def _close_all_but(kept: Sequence[int]) -> None:
    """Close what was inherited: a socket that stays open here would not look closed to whoever is at its other end."""
    most = os.sysconf("SC_OPEN_MAX")
    for low, high in zip((-1, *kept), (*kept, most), strict=True):
        if low + 1 < high:  # Python takes an empty range from 0 for all there are
            os.closerange(low + 1, high)


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _data_bytes() -> int:
    """Return the bytes of data that the process holds, as the limit counts them."""
    facts = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(facts["VmData"].split()[0]) * 1024
