"""Locks that a process holds for as long as it lives.

They tell whether the writer of a damaged file lives, where the file itself can no longer say who that was.
"""

from pathlib import Path

from fink_lib.locks import Lock, lock_at

_HELD: dict[Path, Lock] = {}


def hold(path: Path) -> bool:
    """Hold a lock until `let_go` or the end of this process; tell whether this process holds it."""
    if path not in _HELD:
        lock = lock_at(path)
        if not lock.acquire(patience_s=0):
            return False
        _HELD[path] = lock
    return True


def let_go(path: Path) -> None:
    """Give a lock back; one that this process does not hold is left alone."""
    if path in _HELD:
        _HELD.pop(path).release()


def is_held(path: Path) -> bool:
    """Tell whether a living process holds a lock, be it this one."""
    return path in _HELD or lock_at(path).is_held()
