"""Memory that a process shares with the one that it forks: where the other one stands, and batches of alerts."""

import math
import mmap
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from fink_lib.science.framework.runner import Step

IDLE, FORMING = -2, -1  # in place of a module
KEPT_BYTES = 64 * 1024 * 1024
END_BYTES = 64  # more than the mark at the end of a stream of batches


@dataclass(frozen=True)
class Place:
    """What a process is doing.

    Attributes
    ----------
    module
        Number of the module in the list that both processes hold, `IDLE`, or `FORMING` (packets into arrays).
    step
        What is done with it.
    until_s
        When it must be done, on the monotonic clock.
    """

    module: int = IDLE
    step: Step = Step.COMPUTE
    until_s: float = math.inf


class Mark:
    """Where the process stands: written by one, read by the other, at the price of a copy of 24 bytes.

    Each number is written in one piece (`struct` would lay zeros there first); the three together are not.
    """

    def __init__(self) -> None:
        memory = memoryview(mmap.mmap(-1, mmap.PAGESIZE))
        self._until_s, self._numbers = memory[:8].cast("d"), memory[8:24].cast("q")
        self.place = Place()

    @property
    def place(self) -> Place:
        """Where it stands."""
        module, step = self._numbers
        return Place(module, Step(step), self._until_s[0])

    @place.setter
    def place(self, place: Place) -> None:
        self._until_s[0] = place.until_s
        self._numbers[0], self._numbers[1] = place.module, place.step


class Tray:
    """A file without a name, in memory where the system has such, that carries one batch at a time, one way.

    Its memory is kept from batch to batch, for fresh pages cost more than the copy; what a large batch took is not.
    """

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):
            self.descriptor = os.memfd_create("fink-science")
        else:
            with tempfile.TemporaryFile() as file:
                self.descriptor = os.dup(file.fileno())
        self._memory: mmap.mmap | None = None

    def put(self, columns: Mapping[str, pa.Array]) -> int:
        """Lay arrays of one length into it; return the bytes that they take."""
        batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        room = batch.schema.serialize().size + pa.ipc.get_record_batch_size(batch) + END_BYTES
        if self._memory is None or len(self._memory) < room:
            os.ftruncate(self.descriptor, room)
            self._memory = mmap.mmap(self.descriptor, room)
        sink = pa.FixedSizeBufferWriter(pa.py_buffer(self._memory))
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        return int(sink.tell())

    def look(self, size: int) -> dict[str, pa.Array]:
        """Return the arrays that lie in it, where they lie: the next batch takes their place."""
        return _arrays(pa.py_buffer(memoryview(self._mapped(size))[:size]))

    def take(self, size: int) -> dict[str, pa.Array]:
        """Return a copy of the arrays that lie in it."""
        return _arrays(pa.py_buffer(self._mapped(size)[:size]))

    def tidy(self) -> None:
        """Give back what only a large batch needs; whoever laid it there may do so once it was looked at."""
        if self._memory is not None and len(self._memory) > KEPT_BYTES:
            self._memory = None
            os.ftruncate(self.descriptor, 0)

    def _mapped(self, size: int) -> mmap.mmap:
        if self._memory is None or len(self._memory) < size:
            self._memory = mmap.mmap(self.descriptor, size)
        return self._memory

    def close(self) -> None:
        """Give the memory back."""
        self._memory = None
        os.close(self.descriptor)


def _arrays(content: pa.Buffer) -> dict[str, pa.Array]:
    batch = pa.ipc.open_stream(content).read_next_batch()
    return dict(zip(batch.schema.names, batch.columns, strict=True))
