"""What is kept of a transfer between runs: the request, the version of silver that it reads, and who sends it now."""

import contextlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import ConfigError, LeaseHeld
from fink_lib.files import replace_text, to_json
from fink_lib.streams.lease import release_lease, take_lease
from fink_lib.streams.spec import StreamPaths
from fink_lib.transfer.request import TransferRequest

REQUEST = "request.json"


def folder_of(settings: Settings, transfer_id: str) -> Path:
    """Return the folder of a transfer.

    Parameters
    ----------
    settings
        Of the broker.
    transfer_id
        Name of the transfer.
    """
    return settings.home / "transfers" / transfer_id


def kept(settings: Settings, request: TransferRequest) -> tuple[TransferRequest, int] | None:
    """Return the request as it was first sent, with its version of silver; None when it was not sent yet.

    Parameters
    ----------
    settings
        Of the broker.
    request
        What is asked; the day on which it is asked may be another.

    Raises
    ------
    ConfigError
        When another transfer has this name.
    """
    try:
        facts = json.loads(_path(settings, request).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    version = int(facts.pop("silver_version"))
    first = TransferRequest.from_json(facts)
    if first != request.asked_on(first.asked_at):
        raise ConfigError(f"transfer '{request.transfer_id}' asks for something else already: take another name")
    return first, version


def keep(settings: Settings, request: TransferRequest, version: int) -> None:
    """Keep a request and the version of silver that each run of it reads.

    Parameters
    ----------
    settings
        Of the broker.
    request
        As it is first sent.
    version
        Of silver.
    """
    replace_text(_path(settings, request), to_json({**request.as_json(), "silver_version": version}))


def forget(settings: Settings, request: TransferRequest) -> None:
    """Let the next run begin anew, on a topic of its own day and the newest silver.

    Parameters
    ----------
    settings
        Of the broker.
    request
        One that was never sent is nothing to forget.
    """
    _path(settings, request).unlink(missing_ok=True)


def _path(settings: Settings, request: TransferRequest) -> Path:
    return folder_of(settings, request.transfer_id) / REQUEST


@dataclass(frozen=True)
class _Lease:
    """A transfer as something that one process at a time may write."""

    name: str
    paths: StreamPaths
    hash: str = ""


@contextlib.contextmanager
def sole_sender(settings: Settings, request: TransferRequest) -> Iterator[None]:
    """Be the one process that sends this transfer.

    Parameters
    ----------
    settings
        Of the broker.
    request
        The transfer, by its name.

    Raises
    ------
    LeaseHeld
        When another one does.
    """
    folder, token = folder_of(settings, request.transfer_id), uuid.uuid4().hex
    lease = _Lease(f"transfer.{request.transfer_id}", StreamPaths(folder))
    try:
        take_lease(lease, token)
    except LeaseHeld as error:
        raise LeaseHeld(f"transfer '{request.transfer_id}' is being sent by another process: wait for it") from error
    try:
        yield
    finally:
        release_lease(lease, token)
