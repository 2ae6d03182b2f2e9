"""Drivers that end themselves by SIGKILL between two commits of a batch: the real ones, with one function wrapped."""

import importlib
import os
import runpy
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fink_lib.config import PROJECT_DIR
from tests.kills.planted_module import DAEMON, DEED

VARIABLE = "KILL_AFTER"
CLOCK = "CLOCK_AHEAD_S"


@dataclass(frozen=True)
class FaultPoint:
    """A moment between two commits.

    Attributes
    ----------
    stage
        Whose driver dies.
    owner, function
        Module or class, and what of it is called at that moment.
    calls
        The call after which it dies.
    """

    stage: str
    owner: str
    function: str
    calls: int


POINTS = {
    "bronze written, quarantine not": FaultPoint("ingest", "fink_lib.ingest.stream", "append_files", 1),
    "quarantine written, checkpoint not": FaultPoint("ingest", "fink_lib.ingest.stream", "_append", 1),
    "rejected written, silver not": FaultPoint("enrich", "fink_lib.enrich.stream", "append_rows", 1),
    "silver written, checkpoint not": FaultPoint("enrich", "fink_lib.enrich.stream", "append_files", 1),
    "some handed to Kafka": FaultPoint("distribute", "fink_lib.kafka.sending:Sender", "send", 6),
    "sent, not recorded": FaultPoint("distribute", "fink_lib.kafka.sending:Sender", "delivered", 1),
    # the first call settles what the driver before it left
    "recorded, checkpoint not": FaultPoint("distribute", "fink_lib.distribute.ledger:Ledger", "record", 2),
}


def run(stage: str) -> None:
    """Be the driver of a stage; die where the environment says, by a clock that is ahead if it says so."""
    ahead_s = float(os.environ.pop(CLOCK, "0"))
    if ahead_s:
        now = time.time
        time.time = lambda: now() + ahead_s
    if DEED in os.environ:
        loop: Any = importlib.import_module("fink_lib.streams.loop")
        usual = loop.daemon_conf
        loop.daemon_conf = lambda names: {**usual(names), "spark.python.daemon.module": DAEMON}
    point = POINTS.get(os.environ.get(VARIABLE, ""))
    if point is not None and point.stage == stage:
        install(point)
    runpy.run_path(str(PROJECT_DIR / "jobs" / "streaming" / f"{stage}.py"), run_name="__main__")


def install(point: FaultPoint) -> None:
    """Wrap the function so that its process dies after a call."""
    module, _, name = point.owner.partition(":")
    owner: Any = importlib.import_module(module)
    owner = getattr(owner, name) if name else owner
    setattr(owner, point.function, deadly(getattr(owner, point.function), point.calls))


def deadly(work: Callable[..., Any], calls: int) -> Callable[..., Any]:
    """Return a function that does its work some times, and kills its process after the last one."""
    left = iter(range(calls - 1, -1, -1))

    def worked(*arguments: Any, **named: Any) -> Any:
        answer = work(*arguments, **named)
        if next(left, None) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return worked
