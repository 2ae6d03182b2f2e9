"""The object that a lock of a store is: what it says of its holder, and the one write that takes or renews it."""

import json
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count

from fink_lib.errors import HostError, StoreSilent
from fink_lib.storage.paths import LakePath, place_in, store_of
from fink_lib.storage.request import Answer

REFUSED = frozenset({HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT})


@dataclass(frozen=True)
class Seen:
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


class LeasedObject:
    """The object of one lock, as one holder asks for it.

    Parameters
    ----------
    place
        Of the object.
    lease_s
        What the holder says of how long it may be silent.
    timeout_s
        How long the store may take to answer.
    """

    def __init__(self, place: LakePath, lease_s: float, timeout_s: float) -> None:
        store = store_of(place)
        if store is None:
            raise HostError(f"{place} is no place in an object store")
        self._store, self._place, self.name = store, place_in(place), str(place)
        self._lease_s, self._timeout_s = lease_s, timeout_s
        self.token, self._number = uuid.uuid4().hex, count()

    def look(self) -> Seen:
        """Read the object; one whose lease is over, or that is none of ours, is held by nobody."""
        answer = self._store.ask("GET", self._place, timeout_s=self._timeout_s)
        if answer.status == HTTPStatus.NOT_FOUND:
            return Seen(None, None)
        if answer.status != HTTPStatus.OK:
            raise self._error("read", answer.status)
        return Seen(answer.header("etag"), _holder(answer))

    def put(self, etag: str | None, *, held: bool) -> str | None:
        """Write the object if it is still the one that was read; return its new ETag, None when it is another.

        What it holds is new each time, so that no ETag comes back.

        Parameters
        ----------
        etag
            Of the object that was read; None where there was none.
        held
            What it is to say: that this holder has the lock, or that nobody has.
        """
        said = {"token": self.token, "number": next(self._number), "held": held, "lease_s": self._lease_s}
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        answer = self._store.ask("PUT", self._place, condition, json.dumps(said).encode(), self._timeout_s)
        is_gone = answer.status == HTTPStatus.NOT_FOUND and etag is not None
        if is_gone or answer.status in REFUSED:
            return None
        if answer.status != HTTPStatus.OK:
            raise self._error("written", answer.status)
        return answer.header("etag")

    def _error(self, done: str, status: int) -> HostError:
        what = f"lock {self.name} cannot be {done}: the store answers {status}"
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            return StoreSilent(f"{what}; it may answer later")
        return HostError(f"{what}; check the rights")


def _holder(answer: Answer) -> str | None:
    """Return who holds the lock that an object says of; None for nobody."""
    try:
        said = json.loads(answer.body)
        held, token, lease_s = said["held"] is True, str(said["token"]), float(said["lease_s"])
    except (ValueError, KeyError, TypeError):
        return None
    return token if held and answer.age_s() <= lease_s else None
