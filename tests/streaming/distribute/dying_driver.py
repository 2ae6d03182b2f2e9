"""The distribute stream dying at a chosen moment: run as a driver, it kills itself as ``kill -9`` would."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from fink_lib.config import Settings
from fink_lib.distribute import stream
from fink_lib.distribute.ledger import Ledger
from fink_lib.distribute.sender import Sender
from fink_lib.spark import build_session
from fink_lib.streaming.spec import Stage, StreamSpec
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


def kill_myself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def changes(moment: str, end: Callable[[], None]) -> Iterator[Change]:
    """Yield what to set so that a batch of small parts ends at a moment."""
    owner, method, calls, wait_s = MOMENTS[moment]
    yield stream, "ALERTS_AT_ONCE", 8
    yield owner, method, _then(getattr(owner, method), end, calls, wait_s)


def _then(work: Callable[..., Any], end: Callable[[], None], calls: int, wait_s: float) -> Callable[..., Any]:
    """Let some calls through, and end at the end of the last one."""
    left = iter(range(calls - 1, -1, -1))

    def run(*arguments: Any) -> Any:
        answer = work(*arguments)
        if next(left) == 0:
            time.sleep(wait_s)
            end()
        return answer

    return run


def main(moment: str) -> None:
    for owner, name, value in changes(moment, kill_myself):
        setattr(owner, name, value)
    settings = Settings()
    session = build_session("dying", settings, memory="1g")
    plan = stream.plan(session, StreamSpec("ztf", Stage.DISTRIBUTE, settings), ZTF)
    plan.start(available_now=True).awaitTermination()


if __name__ == "__main__":
    main(sys.argv[1])
