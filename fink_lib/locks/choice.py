"""Which form a lock has: told by the scheme of its place. A further form is a file beside this one and a line here."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fink_lib.errors import ConfigError, LockHeld
from fink_lib.locks.base import Lock
from fink_lib.locks.local import LocalLock

Place = str | os.PathLike[str]
_SCHEME = re.compile(r"([a-z][a-z0-9+]+):/")  # pathlib makes one slash of two

FORMS: Mapping[str, Callable[[Place], Lock]] = {"file": lambda place: LocalLock(Path(place))}


def lock_at(place: Place) -> Lock:
    """Return the lock of a place: the path of a file that nothing else is kept in.

    Raises
    ------
    ConfigError
        When there is no form of lock for such a place.
    """
    found = _SCHEME.match(os.fspath(place))
    scheme = found[1] if found else "file"
    if scheme not in FORMS:
        raise ConfigError(f"no lock can lie at {place}: there are locks for {', '.join(FORMS)} only")
    return FORMS[scheme](place)


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
