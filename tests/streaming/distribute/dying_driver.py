"""A driver of the distribute stream that kills itself, as ``kill -9`` would, at one chosen moment."""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from fink_lib.config import Settings
from fink_lib.distribute import stream
from fink_lib.distribute.ledger import Ledger
from fink_lib.distribute.sender import Sender
from fink_lib.spark import build_session
from fink_lib.streaming.spec import Stage, StreamSpec
from fink_lib.surveys import ZTF


def die(*_: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def then_die(work: Callable[..., Any], *, calls: int, wait_s: float = 0.0) -> Callable[..., Any]:
    """Let some calls through, and die at the end of the last one."""
    left = iter(range(calls - 1, -1, -1))

    def run(*arguments: Any) -> Any:
        answer = work(*arguments)
        if next(left) == 0:
            time.sleep(wait_s)
            die()
        return answer

    return run


def main() -> None:
    moment = sys.argv[1]
    stream.ALERTS_AT_ONCE = 8
    if moment == "delivered without a report":
        # long enough for the producer's own thread to send; nobody asks it for reports meanwhile
        Sender.send = then_die(Sender.send, calls=6, wait_s=2.0)  # type: ignore[method-assign]  # the point of this file
    elif moment == "sent and not recorded":
        Sender.delivered = then_die(Sender.delivered, calls=1)  # type: ignore[method-assign]  # the same
    elif moment == "one part recorded, the next only sent":
        Sender.delivered = then_die(Sender.delivered, calls=2)  # type: ignore[method-assign]  # the same
    elif moment == "recorded and not committed":
        Ledger.record = then_die(Ledger.record, calls=2)  # type: ignore[method-assign]  # the first settles
    else:
        raise SystemExit(f"unknown moment: {moment}")
    settings = Settings()
    session = build_session("dying", settings, memory="1g")
    plan = stream.plan(session, StreamSpec("ztf", Stage.DISTRIBUTE, settings), ZTF)
    plan.start(available_now=True).awaitTermination()


if __name__ == "__main__":
    main()
