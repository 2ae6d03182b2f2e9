"""The lease: one driver at a time may write a stream; a dead driver's lease is taken over, a live one's never."""

import json
import logging
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from fink_lib.errors import LeaseHeld
from fink_lib.files import replace_text
from fink_lib.locks import locked
from fink_lib.processes.identity import ProcessMark, end_processes_of, find_process, own_command, process_started_at
from fink_lib.streams.holding import hold, is_held, let_go
from fink_lib.streams.spec import StreamPaths

logger = logging.getLogger(__name__)

LEFTOVER_TIMEOUT_S = 15.0


class Leased(Protocol):
    """What has one writer at a time: a stream, or anything else with a name and a folder."""

    @property
    def name(self) -> str:
        """Identity of it."""

    @property
    def hash(self) -> str:
        """Changes with what it is made of."""

    @property
    def paths(self) -> StreamPaths:
        """Its files; the lease is one of them."""


@dataclass(frozen=True)
class Handle:
    """One driver process, told apart from every other that ever ran.

    Attributes
    ----------
    stream, spec_hash
        What it runs, as specified how.
    token
        Random name of this run of the driver; in the environment of each of its processes.
    pid, host
        Where it runs.
    process_started_at
        Unix time at which the process started: a recycled pid has another.
    command
        Its command line.
    """

    stream: str
    spec_hash: str
    token: str
    pid: int
    host: str
    process_started_at: float
    command: tuple[str, ...]

    @classmethod
    def of_this_process(cls, spec: Leased, token: str) -> "Handle":
        """Describe the process that calls this.

        Parameters
        ----------
        spec
            What the process writes.
        token
            Random name of this run.
        """
        return cls(
            stream=spec.name,
            spec_hash=spec.hash,
            token=token,
            pid=os.getpid(),
            host=socket.gethostname(),
            process_started_at=process_started_at(os.getpid()) or 0.0,
            command=own_command(),
        )

    @property
    def is_local(self) -> bool:
        """True when the driver runs on this host."""
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """True while the very process runs; on another host it cannot be looked at and counts as alive."""
        mark = ProcessMark(self.pid, self.process_started_at, self.command)
        return not self.is_local or find_process(mark) is not None


def read_lease(path: Path) -> Handle | None:
    """Read a lease; None where there is none, and where one is damaged whose process is gone: nobody holds it.

    A lease is damaged when the machine loses power, or its disk has no room. Who wrote it cannot be told any more,
    but a process that lives still has the file beside it locked.

    Raises
    ------
    LeaseHeld
        When it cannot be read, and its holder lives.
    """
    try:
        facts = json.loads(path.read_text())
        return Handle(**{**facts, "command": tuple(facts["command"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as damage:
        if not is_held(_holding(path)):
            logger.warning("lease %s is damaged and its process is gone: nobody holds it", path)
            return None
        raise LeaseHeld(f"lease {path} cannot be read, and a driver of that stream lives: end it first") from damage


def write_lease(path: Path, handle: Handle) -> None:
    """Replace the lease at once, and so that it outlives a loss of power.

    Parameters
    ----------
    path
        File of the lease.
    handle
        The new holder; nobody asks here whether there is another one, see `take_lease`.
    """
    replace_text(path, json.dumps(asdict(handle), sort_keys=True), durable=True)


def take_lease(spec: Leased, token: str) -> Handle:
    """Become the one writer of a stream.

    A dead holder's JVM may outlive it for a moment: what carries its token is ended first.

    Parameters
    ----------
    spec
        The stream, or what else has one writer.
    token
        Random name of this run; who holds the lease under it already takes it again.

    Returns
    -------
    The holder: this process.

    Raises
    ------
    LeaseHeld
        When another driver lives, or runs on a host that cannot be looked at from here.
    """
    path = spec.paths.lease
    with locked(path.with_suffix(".lock")):
        holder = read_lease(path)
        if holder is not None and holder.token != token:
            if holder.is_alive:
                raise LeaseHeld(_refusal(holder, path))
            left = end_processes_of(holder.token, LEFTOVER_TIMEOUT_S)
            logger.warning("lease taken over stream=%s dead_pid=%d leftovers=%d", spec.name, holder.pid, left)
        mine = Handle.of_this_process(spec, token)
        hold(_holding(path))
        write_lease(path, mine)
    return mine


def release_lease(spec: Leased, token: str) -> None:
    """Give the lease back, if it is still held under this token.

    Parameters
    ----------
    spec
        The stream, or what else has one writer.
    token
        That it was taken under; a lease under another one is left as it is.
    """
    path = spec.paths.lease
    with locked(path.with_suffix(".lock")):
        holder = read_lease(path)
        if holder is not None and holder.token == token:
            path.unlink()
            let_go(_holding(path))


def _holding(path: Path) -> Path:
    """Return the file that the holder of a lease has locked while it lives."""
    return path.with_suffix(".held")


def _refusal(holder: Handle, path: Path) -> str:
    who = f"process {holder.pid} on {holder.host}"
    if holder.is_local:
        return f"stream '{holder.stream}' is already written by {who}: stop that one first"
    return f"stream '{holder.stream}' is leased to {who}: stop it there, or remove {path} if that host is gone"
