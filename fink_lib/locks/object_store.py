"""Locks in an object store: an object with a lease, which its holder renews, and which others take once it is over.

Every step is one PUT with a condition, which the store decides: ``If-None-Match: *`` where there is no object, else
``If-Match`` with the ETag that was read. How old a lease is, is told by the clock of the store alone: the time of the
answer less the time of the object. What an object holds is new with each PUT, so that no ETag comes back.
"""

import json
import logging
import threading
import time
import uuid
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import count

from fink_lib.errors import HostError, LockLost
from fink_lib.storage.paths import LakePath, place_in, store_of
from fink_lib.storage.request import Answer

logger = logging.getLogger(__name__)

LEASE_S = 30.0  # without a renewal, until others may take the lock
RENEWALS = 3  # in the time of a lease
POLL_S = 1.0
REFUSED = frozenset({HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT})


@dataclass(frozen=True)
class _Seen:
    """The object as it was read.

    Attributes
    ----------
    etag
        Its own; None where there is no object.
    token
        Who holds the lock; None for nobody.
    """

    etag: str | None
    token: str | None


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
        store = store_of(place)
        if store is None:
            raise HostError(f"{place} is no place in an object store")
        self._store, self._place, self._name, self._lease_s = store, place_in(place), str(place), lease_s
        self._token, self._number = uuid.uuid4().hex, count()
        self._etag: str | None = None
        self._guard, self._ended = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self, patience_s: float | None = None) -> bool:
        """Take the lock; see `Lock`."""
        if self._etag is not None:
            return True
        deadline = None if patience_s is None else time.monotonic() + patience_s
        while True:
            seen = self._look()
            if seen.token in {None, self._token} and self._put(seen.etag, held=True):
                self._keep()
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
            if seen.token is not None:
                time.sleep(POLL_S)

    def release(self) -> None:
        """Give the lock back: the object stays, and says that nobody holds it."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        with self._guard:
            if self._etag is not None:
                self._put(self._etag, held=False)
            self._etag, self._thread = None, None

    def require(self) -> None:
        """Make sure that this object holds the lock, by renewing it.

        Raises
        ------
        LockLost
            When another one has it, or had it since.
        """
        with self._guard:
            if self._etag is None or not self._put(self._etag, held=True):
                self._etag = None
                raise LockLost(f"lock {self._name} is not held any more: begin again")

    def is_held(self) -> bool:
        """Tell whether anybody alive holds the lock."""
        return self._look().token is not None

    def _look(self) -> _Seen:
        """Read the object; one whose lease is over, or that is none of ours, is held by nobody."""
        answer = self._store.ask("GET", self._place)
        if answer.status == HTTPStatus.NOT_FOUND:
            return _Seen(None, None)
        if answer.status != HTTPStatus.OK:
            raise HostError(f"lock {self._name} cannot be read: the store answers {answer.status}; check the rights")
        return _Seen(answer.headers["etag"], _holder(answer))

    def _put(self, etag: str | None, *, held: bool) -> bool:
        """Write the object if it is still the one that was read; tell whether that was done."""
        said = {"token": self._token, "number": next(self._number), "held": held, "lease_s": self._lease_s}
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        answer = self._store.ask("PUT", self._place, condition, json.dumps(said).encode())
        is_gone = answer.status == HTTPStatus.NOT_FOUND and etag is not None
        if is_gone or answer.status in REFUSED:
            return False
        if answer.status != HTTPStatus.OK:
            raise HostError(f"lock {self._name} cannot be written: the store answers {answer.status}; check the rights")
        self._etag = answer.headers["etag"]
        return True

    def _keep(self) -> None:
        """Renew the lock in a thread until it is given back or lost; a process that dies renews nothing."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, args=(self._ended,), name="lock renewal", daemon=True)
        self._thread.start()

    def _renew(self, ended: threading.Event) -> None:
        while not ended.wait(self._lease_s / RENEWALS):
            try:
                self.require()
            except LockLost:
                logger.warning("lock %s was taken over: it was not renewed for %g s", self._name, self._lease_s)
                return
            except HostError as error:  # the store may answer again before the lease is over
                logger.warning("lock %s was not renewed: %s", self._name, error)


def _holder(answer: Answer) -> str | None:
    """Return who holds the lock that an object says of; None for nobody."""
    try:
        said = json.loads(answer.body)
        held, token, lease_s = said["held"] is True, str(said["token"]), float(said["lease_s"])
    except (ValueError, KeyError, TypeError):
        return None
    return token if held and _age_s(answer) <= lease_s else None


def _age_s(answer: Answer) -> float:
    """Return how long ago an object was written, by the clock of its store, which tells whole seconds."""
    now, then = (parsedate_to_datetime(answer.headers[name]) for name in ("date", "last-modified"))
    return (now - then).total_seconds()
