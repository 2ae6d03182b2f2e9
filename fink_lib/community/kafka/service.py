"""The process that keeps log and topics together: takes up what others say, and sends what was said.

There is one at a time, whoever starts it: it holds a lock of the home. It renews a small file that says so, also within
a round, which takes long where much waits; who supervises it looks at nothing else.
"""

import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fink_lib.community.kafka.beat import Alive, folder_of
from fink_lib.community.kafka.incoming import collect, ensure_incoming
from fink_lib.community.kafka.outgoing import Outgoing
from fink_lib.community.log import Log
from fink_lib.config import Settings
from fink_lib.errors import BrokerError, LeaseHeld
from fink_lib.locks import lock_at

logger = logging.getLogger(__name__)

LOCK = "lock"
PAUSE_S, FAILED_S = 1.0, 2.0
MOST_FAILURES, A_WHILE_S = 10, 60.0  # in a row


def serve(settings: Settings, asked_to_end: Callable[[], bool] | None = None) -> None:
    """Take up and send until asked to end: by a signal where nothing else is given.

    Parameters
    ----------
    settings
        Of Kafka, the lake and the folder of the service.
    asked_to_end
        Asked between two rounds; the signals that end a process if none.

    Raises
    ------
    LeaseHeld
        When another process does so.
    BrokerError
        When Kafka does not answer; who starts it again loses nothing.
    """
    folder = folder_of(settings)
    ends = asked_to_end or _signalled().is_set
    with _alone(folder):
        log = Log.of(settings)
        failed = 0
        while True:
            began = time.monotonic()
            try:
                return _go_on(settings, log, ends)
            except BrokerError as error:
                failed = failed + 1 if time.monotonic() - began < A_WHILE_S else 1
                logger.warning("round failed attempt=%d: %s", failed, error)
                if failed == MOST_FAILURES:
                    raise
            if ends():
                return None
            time.sleep(FAILED_S)


def _go_on(settings: Settings, log: Log, ends: Callable[[], bool]) -> None:
    """Do round after round until it is to end. What failed is given up whole: its producer may hold messages."""
    alive = Alive(settings)
    alive()
    ensure_incoming(settings)
    with closing(Outgoing(settings, log, folder_of(settings), alive)) as outgoing:
        while True:
            alive()
            told = collect(settings, log, alive) + Counter(sent=outgoing.send())
            if told.total():
                logger.info("community %s", " ".join(f"{name}={n}" for name, n in sorted(told.items()) if n))
            if ends():
                return
            time.sleep(PAUSE_S)


def _signalled() -> threading.Event:
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    return asked


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    lock = lock_at(folder / LOCK)
    if not lock.acquire(patience_s=0):
        raise LeaseHeld(f"another process already carries statements for {folder.parent}")
    try:
        yield
    finally:
        lock.release()
