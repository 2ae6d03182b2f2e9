"""Which form a lock has: told by its place. A further form is a file beside this one and a line here."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from fink_lib.errors import ConfigError, LockHeld
from fink_lib.locks.base import Lock
from fink_lib.locks.local import LocalLock
from fink_lib.storage.paths import LakePath, store_of

Place: TypeAlias = LakePath | str | os.PathLike[str]
_SCHEME = re.compile(r"([a-z][a-z0-9+]+):/")  # pathlib makes one slash of two


def lock_at(place: Place) -> Lock:
    """Return the lock of a place: the path of a file, or of an object, that nothing else is kept in.

    Raises
    ------
    ConfigError
        When there is no form of lock for such a place.
    """
    found = _SCHEME.match(str(place))
    if found is None:
        return LocalLock(Path(str(place)))
    if isinstance(place, str | os.PathLike) or store_of(place) is None:
        raise ConfigError(f"no lock can lie at {place}: there are locks in a folder, and below FINK_LAKE_URL")
    from fink_lib.locks.object_store import StoreLock  # noqa: PLC0415 - who locks a file needs no client of HTTP

    return StoreLock(place)


@contextmanager
def locked(place: Place, patience_s: float | None = None) -> Iterator[Lock]:
    """Hold the lock of a place.

    Parameters
    ----------
    place
        See `lock_at`.
    patience_s
        Seconds to wait for another holder; None waits for ever.

    Raises
    ------
    LockHeld
        When another one holds it for longer.
    """
    lock = lock_at(place)
    if not lock.acquire(patience_s):
        raise LockHeld(f"another process holds {place}, since more than {patience_s:g} s: wait for it")
    try:
        yield lock
    finally:
        lock.release()
