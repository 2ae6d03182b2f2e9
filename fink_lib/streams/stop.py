"""How a driver is asked to stop: a marker file, or SIGTERM."""

import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


def ask_to_stop(marker: Path) -> None:
    """Leave the marker that asks a driver to finish its micro-batch and stop."""
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()


class StopRequest:
    """What a driver looks at between two waits.

    The signal handler only sets a flag: it may run while the main thread waits for the JVM,
    and an exception raised there would break the conversation with it.

    Parameters
    ----------
    marker
        File whose existence asks to stop.
    born_at
        Unix time at which the driver's process started: an older marker was meant for an earlier driver.
    """

    def __init__(self, marker: Path, born_at: float) -> None:
        self._marker = marker
        self._signal: str | None = None
        try:
            if marker.stat().st_mtime < born_at:
                marker.unlink(missing_ok=True)
        except FileNotFoundError:
            pass

    def listen(self) -> None:
        """Take SIGTERM and SIGINT; call it again after Spark has started, which takes SIGINT for itself."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signal = signal.Signals(number).name

    @property
    def reason(self) -> str | None:
        """Who asked, None as long as nobody did."""
        if self._signal is not None:
            return self._signal
        return "stop marker" if self._marker.exists() else None

    def done(self) -> None:
        """Remove the marker: it has been obeyed."""
        self._marker.unlink(missing_ok=True)


class GateClosed(Exception):  # not an error: it ends a query between two micro-batches
    """A micro-batch was not begun, because the driver is about to stop."""


class PlanOutdated(Exception):  # not an error: the query is made anew
    """A micro-batch was broken off: it is to be done again, under the plan that would be made now."""


class Gate(Generic[Frame]):
    """Stands before the work of a micro-batch: once closed, a running batch ends and no further one begins.

    Under backlog a query is never idle, and stopping it then interrupts a batch half way. A batch that the
    gate refuses has written nothing and is not committed: the next driver begins with it.

    Parameters
    ----------
    write_batch
        The work behind the gate.
    """

    def __init__(self, write_batch: Callable[[Frame, int], None]) -> None:
        self._write_batch = write_batch
        self._closed = False
        self.has_done = False
        self.has_refused = False
        self.wants_plan = False

    def close(self) -> None:
        """Let no further batch begin."""
        self._closed = True

    def __call__(self, frame: Frame, batch_id: int) -> None:
        """Do the work of one batch.

        Raises
        ------
        GateClosed
            When the gate is closed.
        PlanOutdated
            When the batch is to be done under another plan.
        """
        if self._closed:
            self.has_refused = True
            raise GateClosed(f"batch {batch_id} not begun: the driver stops")
        try:
            self._write_batch(frame, batch_id)
        except PlanOutdated:
            self.wants_plan = True  # Spark tells of an exception by its text alone
            raise
        self.has_done = True
