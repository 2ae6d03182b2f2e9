"""Locks: the right of one process at a time to do something. The form of a lock is chosen here, by where it lies."""

from fink_lib.locks.base import Lock
from fink_lib.locks.choice import lock_at, locked

__all__ = ["Lock", "lock_at", "locked"]
