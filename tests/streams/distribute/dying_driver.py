"""The distribute stream dying: failing at a chosen moment, or as a process that can be killed at any."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fink_lib.config import Settings
from fink_lib.distribute import distributor, stream
from fink_lib.distribute.ledger import Ledger
from fink_lib.kafka.sending import Sender
from fink_lib.lake.spark.session import build_session
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import ZTF

Change = tuple[object, str, object]
# (class, method, the call at whose end it dies, seconds it waits before that)
MOMENTS: dict[str, tuple[type, str, int, float]] = {
    # long enough for the producer's own thread to send; nobody asks it for reports meanwhile
    "delivered without a report": (Sender, "send", 6, 2.0),
    "sent and not recorded": (Sender, "delivered", 1, 0.0),
    "one part recorded, the next only sent": (Sender, "delivered", 2, 0.0),
    "recorded and not committed": (Ledger, "record", 2, 0.0),  # the first settles
}
ALERTS_AT_ONCE = 8  # so that a batch has many parts to die between


def changes(moment: str, end: Callable[[], None]) -> Iterator[Change]:
    """Yield what to set so that a batch of small parts ends at a moment."""
    owner, method, calls, wait_s = MOMENTS[moment]
    yield distributor, "ALERTS_AT_ONCE", ALERTS_AT_ONCE
    yield owner, method, _then(getattr(owner, method), end, calls, wait_s)


def _then(work: Callable[..., Any], end: Callable[[], None], calls: int, wait_s: float) -> Callable[..., Any]:
    """Let some calls through, and end at the end of the last one."""
    left = iter(range(calls - 1, -1, -1))

    def run(*arguments: Any, **named: Any) -> Any:
        answer = work(*arguments, **named)
        if next(left) == 0:
            time.sleep(wait_s)
            end()
        return answer

    return run


def live(settings: Settings, gateway: tuple[int, str], planned: Path) -> None:
    """Be a driver until somebody kills it, on a JVM that was started before and outlives it.

    All that a driver knows and all that it offers to Kafka is in its Python process; what it leaves in the JVM is a
    query without anybody to call, which ends with the context that the next one stops.
    """
    os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"] = map(str, gateway)
    _stop_the_last_context()
    distributor.ALERTS_AT_ONCE = ALERTS_AT_ONCE
    session = build_session("dying", settings)
    plan = stream.plan(session, StreamSpec("ztf", Stage.DISTRIBUTE, settings), ZTF)
    query = plan.start()
    planned.touch()
    query.awaitTermination()


def lay_to_rest(gateway: tuple[int, str]) -> None:
    """End what the last driver left in the JVM: its query would go on writing the checkpoint of the next one."""
    os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"] = map(str, gateway)
    _stop_the_last_context()


def _stop_the_last_context() -> None:
    from pyspark import SparkContext

    SparkContext._ensure_initialized()
    assert SparkContext._jvm is not None
    last = SparkContext._jvm.SparkSession.getDefaultSession()  # type: ignore[operator]
    if last.isDefined():
        last.get().sparkContext().stop()
