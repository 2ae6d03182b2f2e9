"""Locks of the local disk: the kernel keeps them, and gives back those of a process that dies."""

import fcntl
import os
import time
from pathlib import Path

from fink_lib.errors import LockLost

POLL_S = 0.1


class LocalLock:
    """A lock on a file, which is made where it is missing and stays; what it holds is of no weight.

    Parameters
    ----------
    path
        The file; each object is a holder of its own, within one process too.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self, patience_s: float | None = None) -> bool:
        """Take the lock; see `Lock`."""
        if self._handle is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        deadline = None if patience_s is None else time.monotonic() + patience_s
        while True:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            if not _lock(handle, wait=deadline is None):
                os.close(handle)
                if deadline is not None and time.monotonic() >= deadline:
                    return False
                time.sleep(POLL_S)
            elif self._is_file_of(handle):
                self._handle = handle
                return True
            else:  # somebody removed the file meanwhile: others lock the one that is there now
                os.close(handle)

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            fcntl.flock(self._handle, fcntl.LOCK_UN)  # a fork that still has the file open keeps nothing
            os.close(self._handle)
            self._handle = None

    def require(self) -> None:
        """Make sure that this object holds the lock: it does until it gives it back, unless the file was removed.

        Raises
        ------
        LockLost
            When it does not.
        """
        if self._handle is None or not self._is_file_of(self._handle):
            raise LockLost(f"lock {self._path} is not held any more: begin again")

    def is_held(self) -> bool:
        """Tell whether anybody alive holds the lock."""
        if self._handle is not None or not self._path.exists():
            return self._handle is not None
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            return not _lock(handle, wait=False)
        finally:
            os.close(handle)

    def _is_file_of(self, handle: int) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        ours = os.fstat(handle)
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def _lock(handle: int, *, wait: bool) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
