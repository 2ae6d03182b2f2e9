"""Locks in an object store: an object with a lease, which its holder renews, and which others take once it is over.

Every step is one PUT with a condition, which the store decides: ``If-None-Match: *`` where there is no object, else
``If-Match`` with the ETag that was read. How old a lease is, is told by the store alone: the time of the answer less
the time of the object, which must be of one clock (`require_conditions` looks).
"""

import logging
import threading
import time

from fink_lib.errors import HostError, LockLost, StoreSilent
from fink_lib.locks.leased import LeasedObject, Seen
from fink_lib.storage.paths import LakePath

logger = logging.getLogger(__name__)

LEASE_S = 30.0  # without a renewal, until others may take the lock
RENEWALS = 3  # in the time of a lease; a store that takes longer to answer than from one to the next is not waited for
POLL_S = 1.0


class StoreLock:
    """A lock that is an object in a store; each of these is a holder of its own.

    Parameters
    ----------
    place
        Of the object, which nothing else is kept in.
    lease_s
        Time without a renewal after which others may take the lock, as this holder tells them.
    """

    def __init__(self, place: LakePath, lease_s: float = LEASE_S) -> None:
        self._renewal_s = lease_s / RENEWALS
        self._object = LeasedObject(place, lease_s, self._renewal_s)
        self._etag: str | None = None
        self._guard, self._ended = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self, patience_s: float | None = None) -> bool:
        """Take the lock; see `Lock`.

        Raises
        ------
        StoreSilent
            When the store does not answer for as long.
        """
        deadline = None if patience_s is None else time.monotonic() + patience_s
        while self._etag is None:
            silent = self._try()
            if self._etag is not None:
                self._keep()
            elif deadline is not None and time.monotonic() >= deadline:
                if silent is not None:
                    raise silent
                return False
            else:
                time.sleep(POLL_S)
        return True

    def release(self) -> None:
        """Give the lock back: the object stays, and says that nobody holds it.

        Where the store does not answer, others get the lock when its lease is over: what was done under it stands.
        """
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        with self._guard:
            try:
                if self._etag is not None:
                    self._put_own(held=False)
            except HostError as error:
                logger.warning("lock %s is free once its lease is over, not yet: %s", self._object.name, error)
            finally:
                self._etag, self._thread = None, None

    def require(self) -> None:
        """Make sure that this object holds the lock, by renewing it.

        Raises
        ------
        LockLost
            When another one has it, or had it since.
        StoreSilent
            When the store does not answer.
        """
        with self._guard:
            self._etag = self._put_own(held=True) if self._etag is not None else None
            if self._etag is None:
                raise LockLost(f"lock {self._object.name} is not held any more: begin again")

    def is_held(self) -> bool:
        """Tell whether anybody alive holds the lock."""
        return self._object.look().token is not None

    def _try(self) -> StoreSilent | None:
        """Take the lock if nobody has it; return why that cannot be told."""
        try:
            seen = self._object.look()
            if seen.token in {None, self._object.token}:  # its own, where an answer was lost
                self._etag = self._object.put(seen.etag, held=True)
        except StoreSilent as error:
            logger.warning("lock %s is waited for: %s", self._object.name, error)
            return error
        return None

    def _put_own(self, *, held: bool) -> str | None:
        """Write the object that this holder wrote last; return its new ETag, None when it is another's.

        A write that was done and whose answer was lost made an object with an ETag that was never told: it is read.
        """
        if (etag := self._object.put(self._etag, held=held)) is not None:
            return etag
        seen: Seen = self._object.look()
        return self._object.put(seen.etag, held=held) if seen.token == self._object.token else None

    def _keep(self) -> None:
        """Renew the lock in a thread until it is given back or lost; a process that dies renews nothing."""
        self._ended.set()  # the thread of an earlier time, which lost the lock and does not know yet
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, args=(self._ended,), name="lock renewal", daemon=True)
        self._thread.start()

    def _renew(self, ended: threading.Event) -> None:
        while not ended.wait(self._renewal_s):
            try:
                self.require()
            except LockLost:
                logger.warning("lock %s was taken over: it was not renewed in time", self._object.name)
                return
            except HostError as error:  # the store may answer again before the lease is over
                logger.warning("lock %s was not renewed: %s", self._object.name, error)
