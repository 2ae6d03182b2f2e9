"""Runs an order in a process of its own, and tells in one sentence why it ended without an answer."""

import contextlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from fink_lib.api.http.errors import Refused
from fink_lib.vo.tap.order import OUTCOME, RESULT, Order

MODULE = "fink_lib.vo.tap.worker"
# What DuckDB calls a query's own mistakes: what it says of them is for the asker
ASKERS = {"BinderException", "ConversionException", "OutOfRangeException", "InvalidInputException", "ParserException",
          "CatalogException", "SyntaxException", "TypeMismatchException"}  # fmt: skip
TOO_MUCH = {"OutOfMemoryException", "Error", "IOException"}
INNER = re.compile(r"(Catalog|Binder|Parser|Conversion|Out of Range|Invalid Input|Syntax|Mismatch Type) Error:\s*")
SMALLER = "ask for less: a smaller part of the sky, TOP, or an upload"
Process: TypeAlias = "subprocess.Popen[bytes]"
Watch = Callable[[Process], None]


@dataclass(frozen=True)
class Answer:
    """The rows of a query.

    Attributes
    ----------
    rows
        The rows, mapped from a file.
    is_cut
        True where there were more.
    """

    rows: pa.Table
    is_cut: bool


class Runner:
    """Runs orders, each in a process of its own; one that waits is kept ready, since starting one takes a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: Process | None = None
        self._is_closed = False

    def run(self, order: Order, folder: Path, watch: Watch = lambda _process: None) -> Answer:
        """Run an order in a folder of its own.

        Parameters
        ----------
        order
            What to run.
        folder
            Where the answer is written.
        watch
            Is handed the process, so that somebody can end it.

        Raises
        ------
        Refused
            When the query is wrong, or needs more time, memory or room than it may have.
        """
        order.write(folder)
        (folder / OUTCOME).unlink(missing_ok=True)
        process = self._take()
        watch(process)
        try:
            _hand(process, folder)
            process.wait(order.seconds)  # its standard input stays open meanwhile: it ends with us
        except subprocess.TimeoutExpired as error:
            raise Refused(f"the query took longer than {order.seconds:g} s", parameter="QUERY",
                          fix=f"run it at /tap/async, which may take longer, or {SMALLER}") from error  # fmt: skip
        finally:
            _end(process)
            self._refill()
        return answer_of(order, folder)

    def close(self) -> None:
        """End the process that waits."""
        with self._lock:
            process, self._ready, self._is_closed = self._ready, None, True
        if process is not None:
            _end(process)

    def _take(self) -> Process:
        with self._lock:
            process, self._ready = self._ready, None
        return process if process is not None and process.poll() is None else _start()

    def _refill(self) -> None:
        with self._lock:
            if self._ready is None and not self._is_closed:
                self._ready = _start()


def _start() -> Process:
    command = [sys.executable, "-m", MODULE]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _hand(process: Process, folder: Path) -> None:
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    with contextlib.suppress(BrokenPipeError):  # it was ended before it began
        process.stdin.write(f"{folder}\n".encode())
        process.stdin.flush()


def _end(process: Process) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def answer_of(order: Order, folder: Path) -> Answer:
    """Return what a process left.

    Parameters
    ----------
    order
        What was run.
    folder
        Where it was run.

    Returns
    -------
    Its rows are mapped from the file in the folder.

    Raises
    ------
    Refused
        When it left no rows.
    """
    outcome = folder / OUTCOME
    if not outcome.exists():  # it died: its address space was too small, or somebody ended it
        raise _too_much(order)
    told = json.loads(outcome.read_text())
    if "error" in told:
        if told["error"] in ASKERS:
            raise Refused(_sentence(told["message"]), parameter="QUERY", fix="")
        raise _too_much(order)
    return Answer(read(folder), bool(told["is_cut"]))


def read(folder: Path) -> pa.Table:
    """Return the rows that a process wrote."""
    with pa.memory_map(str(folder / RESULT)) as source:
        return pa.ipc.open_file(source).read_all()


def _too_much(order: Order) -> Refused:
    return Refused(f"the query needs more than it may have ({order.memory_mb} MB of memory, {order.result_mb} MB of "
                   "scratch)", parameter="QUERY", status=400, fix=SMALLER)  # fmt: skip


def _sentence(message: str) -> str:
    """Return the first line of what DuckDB says, without its own words."""
    return INNER.sub("", message.splitlines()[0])[:300]
