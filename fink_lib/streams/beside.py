"""What a driver does beside its micro-batches, on a thread of its own: however long it takes, the driver beats.

It may wait for a micro-batch of minutes. The run loop, which did so, would be taken for dead, and would not hear who
asks it to stop.
"""

import threading
import time
from collections.abc import Callable
from typing import Self

PAUSE_S = 0.5
LAST_WAIT_S = 30.0  # for what is at work when the driver fails


class Beside:
    """Does something again and again, until it is ended or raises.

    Parameters
    ----------
    work
        What is done.
    pause_s
        Seconds between two times.
    """

    def __init__(self, work: Callable[[], object], pause_s: float = PAUSE_S) -> None:
        self._work, self._pause_s = work, pause_s
        self._ends = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._go, name="beside", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End: what it works with is closed next."""
        self.end(LAST_WAIT_S)

    def ask_to_end(self) -> None:
        """Begin nothing more."""
        self._ends.set()

    def look(self) -> None:
        """Raise what it raised, if it did."""
        if self._error is not None:
            raise self._error

    def end(self, timeout_s: float, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Begin nothing more and wait for what is at work; return whether it has ended.

        Parameters
        ----------
        timeout_s
            How long at most.
        meanwhile
            Called again and again.
        """
        self.ask_to_end()
        deadline = time.monotonic() + timeout_s
        while self._thread.is_alive() and time.monotonic() < deadline:
            meanwhile()
            self._thread.join(min(self._pause_s, max(deadline - time.monotonic(), 0.0)))
        return not self._thread.is_alive()

    def _go(self) -> None:
        try:
            while not self._ends.is_set():
                self._work()
                self._ends.wait(self._pause_s)
        except BaseException as error:  # noqa: BLE001 - the run loop raises it
            self._error = error
