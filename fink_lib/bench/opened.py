"""Count what some work opens and reads: by the kernel, so that Rust, Arrow and Python count alike, on any machine."""

import ctypes
import os
import re
import struct
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

IN_OPEN, IN_ISDIR, IN_Q_OVERFLOW = 0x20, 0x4000_0000, 0x4000
EVENT = struct.Struct("iIII")  # watch, mask, cookie, bytes of the name
READ_BYTES = 1 << 20
ENTRY = re.compile(rb"\d{20}\.json")


@dataclass
class Counts:
    """What some work cost.

    Attributes
    ----------
    files
        Files below the watched folder that were opened, to read or to write.
    entries
        Entries of commit logs among them.
    folders
        Times that a folder was listed.
    bytes
        Bytes that the process read, of files and of anything else (``rchar`` of the kernel).
    cpu_ms
        Processor time of the process, all its threads, in ms.
    """

    files: float = 0.0
    entries: float = 0.0
    folders: float = 0.0
    bytes: float = 0.0
    cpu_ms: float = 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def per(self, alerts: int) -> "Counts":
        """Return the cost of one alert."""
        return Counts(*(getattr(self, one.name) / alerts for one in fields(self)))


class Watched:
    """Watches a folder and all below it; use as a context.

    Parameters
    ----------
    root
        The folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> Self:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queue = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._queue < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._queue)

    @contextmanager
    def counting(self, into: Counts) -> Iterator[None]:
        """Add what is done inside; folders that are made meanwhile are watched from the next time on."""
        for folder, _, _ in os.walk(self._root):
            self._libc.inotify_add_watch(self._queue, os.fsencode(folder), IN_OPEN)
        self._drained()  # the walk itself
        read, cpu = read_bytes(), time.process_time()
        yield
        spent, read = time.process_time() - cpu, read_bytes() - read
        seen = self._drained()
        added = Counts(seen["files"], seen["entries"], seen["folders"], read, 1000 * spent)
        for one in fields(into):
            setattr(into, one.name, getattr(into, one.name) + getattr(added, one.name))

    def _drained(self) -> Counter[str]:
        """Return what was opened since the last time."""
        seen: Counter[str] = Counter()
        while True:
            try:
                events = os.read(self._queue, READ_BYTES)
            except BlockingIOError:
                return seen
            at = 0
            while at < len(events):
                _, mask, _, size = EVENT.unpack_from(events, at)
                name = events[at + EVENT.size : at + EVENT.size + size].rstrip(b"\0")
                at += EVENT.size + size
                if mask & IN_Q_OVERFLOW:
                    raise OSError("more was opened than the kernel keeps events of")
                if mask & IN_ISDIR:
                    seen["folders"] += not name  # of the folder itself: its parent tells of it too
                else:
                    seen["files"] += 1
                    seen["entries"] += ENTRY.fullmatch(name) is not None


def read_bytes() -> int:
    """Return how many bytes this process has read so far."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])
