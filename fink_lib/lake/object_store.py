"""Tables in an S3-compatible object store: how delta-rs reaches it, and whether it decides who commits first.

A commit there is one PUT with ``If-None-Match: *``: the store answers 412 to whoever comes second. A store that ignores
the condition answers 200 to both, and the first one's rows are gone from the table. Some do, so each is asked before it
is trusted.
"""

import time
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fink_lib.errors import HostError
from fink_lib.storage import LakePath
from fink_lib.storage.paths import in_store as place_in_store
from fink_lib.storage.paths import place_in, store_of

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

    from fink_lib.config import Settings

SCHEMES = ("s3", "s3a")
CLOCKS_S = 5.0  # between two clocks of a store
FIX = "see `Tables in an object store` in docs/operator.md for stores that decide"


def storage_options(settings: "Settings") -> dict[str, str]:
    """Return what delta-rs is told of the store; credentials it takes from the environment."""
    return settings.store.delta_options()


def file_system(settings: "Settings") -> "S3FileSystem":
    """Return the store as Arrow sees it; credentials are those of the environment."""
    return settings.store.file_system()


def in_store(url: str) -> str:
    """Return bucket and key of an address, as Arrow names them.

    Raises
    ------
    HostError
        When it is no address of an object store.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.netloc:
        raise HostError(f"'{url}' is no place in an object store: it is written s3://bucket/path")
    return f"{parts.netloc}{parts.path}".rstrip("/")


def require_conditional(url: str, settings: "Settings") -> None:
    """Make sure that the store of the settings lets one of two commits be the first; see `require_conditions`.

    Parameters
    ----------
    url
        Place in the store, ``s3://bucket/path``; nothing stays there.
    settings
        How the store is reached.
    """
    require_conditions(place_in_store(f"s3://{in_store(url)}", settings.store))


def require_conditions(place: LakePath) -> None:
    """Make sure that a store lets one of two commits be the first.

    An object is written twice, both times on the condition that it is not there: the second time must be refused, and
    so must a third writer, who names another object than the one that is there (locks are renewed and taken so). The
    times that the store tells must be of one clock, since they tell whether the lease of a lock is over.
    This shows that the store heeds conditions, not that it does so when two ask at the same instant: for that, let
    processes race (`fink bench commits --at`).

    Parameters
    ----------
    place
        Place in a store; nothing stays there.

    Raises
    ------
    HostError
        When it cannot be reached or written, or does not heed the conditions, or has no one clock.
    """
    store, name = store_of(place), str(place).rstrip("/")
    probe = f"{place_in(place).rstrip('/')}/fink-probe-{uuid.uuid4().hex}"
    if store is None:
        raise HostError(f"{place} is no place in an object store")
    began = time.monotonic()
    first, second = (store.ask("PUT", probe, {"If-None-Match": "*"}, body) for body in (b"first", b"second"))
    if first.status != HTTPStatus.OK:
        raise HostError(
            f"{name} cannot be written: the store answers {first.status} to a PUT; check bucket, rights and region"
        )
    kept = store.ask("PUT", probe, {"If-Match": '"of-no-object"'}, b"third")
    read = store.ask("GET", probe)
    waited_s = time.monotonic() - began
    store.ask("DELETE", probe)
    if second.status != HTTPStatus.PRECONDITION_FAILED:
        raise HostError(
            f"tables cannot be kept in {name}: the store answers {second.status} instead of 412 to a second writer "
            f"(If-None-Match: *), so both would be told that a commit is theirs; {FIX}"
        )
    if kept.status != HTTPStatus.PRECONDITION_FAILED:
        raise HostError(
            f"tables cannot be kept in {name}: the store answers {kept.status} instead of 412 to who would replace an "
            f"object that is another by now (If-Match), so that locks there would have two holders; {FIX}"
        )
    if not -CLOCKS_S <= (age_s := read.age_s()) <= waited_s + CLOCKS_S:
        raise HostError(
            f"tables cannot be kept in {name}: the store says that an object of the last {waited_s:.0f} s is "
            f"{age_s:.0f} s old (Date, Last-Modified), so that locks there would have two holders; set the clocks of "
            f"its hosts, or let a proxy before it pass Date on"
        )
