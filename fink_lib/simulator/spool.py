"""Messages on disk while they wait for their turn: a night need not fit into memory."""

import tempfile
from typing import BinaryIO, NamedTuple, Self


class Slot(NamedTuple):
    """Where a message lies in the spool."""

    offset: int
    length: int


class Spool:
    """An append-only temporary file, gone when it is closed."""

    def __init__(self) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(prefix="fink-play-")  # noqa: SIM115 - closed in __exit__
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, message: bytes) -> Slot:
        """Keep a message and return where."""
        self._file.seek(self._end)
        self._file.write(message)
        slot = Slot(self._end, len(message))
        self._end += len(message)
        return slot

    def read(self, slot: Slot) -> bytes:
        """Return a message."""
        self._file.seek(slot.offset)
        return self._file.read(slot.length)
