"""What a caller and the server say to each other: a JSON object a line, over a socket of this machine."""

import json
import socket
from collections.abc import Iterator
from typing import Any, Final

from fink_lib.errors import FinkError, JobFailed
from fink_lib.files import JsonObject
from fink_lib.processes.faults import OURS

# What the server says: it took the job up, a line of a log, and the end by one of the last two.
BEGUN: Final = "begun"
LOG: Final = "log"
ANSWER: Final = "answer"
ERROR: Final = "error"
# What a caller says beside a job: take no further ones, and end after those that run.
RETIRE: Final = "retire"


def send(connection: socket.socket, message: JsonObject) -> None:
    """Say one thing.

    Parameters
    ----------
    connection
        Connected to the other side.
    message
        What JSON does not know is sent as its text.
    """
    connection.sendall(json.dumps(message, default=str).encode() + b"\n")


def received(connection: socket.socket) -> Iterator[JsonObject]:
    """Yield what the other side says until it closes."""
    with connection.makefile("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)


def told(error: BaseException, trace: str) -> JsonObject:
    """Return an error as it is sent.

    Parameters
    ----------
    error
        What a job raised.
    trace
        Its trace, as text.
    """
    return {"kind": type(error).__name__, "text": str(error), "trace": trace}


def as_raised(facts: JsonObject) -> Exception:
    """Return an error as it was raised on the other side: of ours by its class, of others by name and text.

    Whatever reads an error of others, `fink_lib.processes.faults` say, goes by its name and its text.
    """
    name, text = str(facts["kind"]), str(facts["text"])
    ours = OURS.get(name)
    if ours is not None and ours.__init__ is not FinkError.__init__:  # it is made of more than a text
        return JobFailed(text)
    if ours is not None:
        return ours(text)
    kind: Any = type(name, (Exception,), {})
    error: Exception = kind(text)
    error.add_note(f"It was raised in the server of Spark jobs:\n{facts['trace']}")
    return error
