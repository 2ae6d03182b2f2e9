"""The door to Spark for jobs of seconds: run on the server of the home, or in a session of this process."""

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.files import JsonObject
from fink_lib.job_server.kinds import Kind
from fink_lib.job_server.messages import ANSWER, BEGUN, ERROR, LOG, as_raised, received, send
from fink_lib.job_server.record import Record
from fink_lib.job_server.start import clear, connect, is_served, running, start
from fink_lib.streams.runner import settings_environment

logger = logging.getLogger(__name__)

TRIES: Final = 3  # a server may end, for want of work or for other code, just when it is asked
Say = Callable[[str], None]


class NoServer(Exception):
    """There is none that takes the job up, and why."""


class NotBegun(Exception):
    """The server ended before it took the job up."""


class JobLost(Exception):
    """What ran the job has died."""


def run_on_spark(settings: Settings, kind: Kind, request: JsonObject, say: Say = logger.info) -> JsonObject:
    """Run a job where Spark is, and return its answer; what it logs is logged here, what it raises is raised here.

    The server of the home is started if need be. Without one, because the settings want none or it cannot be started,
    and when one has died in the middle of the job, the job runs in a session of this process, from its beginning.

    Parameters
    ----------
    settings
        Settings of the job.
    kind, request
        Which job, and what it is asked.
    say
        Receives a line when a server is started.
    """
    if is_served(settings):
        try:
            return _served(settings, kind, request, say)
        except JobLost:
            logger.warning("the server of Spark jobs died in the middle of '%s': it is done again, here", kind.name)
        except NoServer as error:
            logger.warning("'%s' runs without the server of Spark jobs: %s", kind.name, error)
    return run_here(settings, kind, request)


def run_here(settings: Settings, kind: Kind, request: JsonObject) -> JsonObject:
    """Run a job in a session of this process.

    Parameters
    ----------
    settings
        Settings of the job.
    kind, request
        Which job, and what it is asked; it is checked before the session begins.
    """
    kind.check(settings, request)
    run = kind.load()
    from fink_lib.lake.spark.session import build_session  # noqa: PLC0415 - a job that is refused starts no JVM

    session = build_session(kind.name.replace(" ", "-"), settings)
    try:
        return run(session, settings, request)
    finally:
        session.stop()


def _served(settings: Settings, kind: Kind, request: JsonObject, say: Say) -> JsonObject:
    for _ in range(TRIES):
        if running(settings) is None:
            kind.check(settings, request)
        record, connection = _connected(settings, say)
        with connection, suppress(NotBegun):
            return _asked(connection, record, settings, kind, request)
    raise NoServer(f"it ended {TRIES} times before it began")


def _connected(settings: Settings, say: Say) -> tuple[Record, socket.socket]:
    try:
        record = start(settings, say)
        return record, connect(record)
    except (HostError, OSError) as error:
        raise NoServer(str(error)) from error


def _asked(
    connection: socket.socket, record: Record, settings: Settings, kind: Kind, request: JsonObject
) -> JsonObject:
    """Hand a job to the server, and wait for its end.

    Raises
    ------
    NotBegun, JobLost
        When the server ends first.
    """
    ours = {key: value for key, value in settings_environment(settings).items() if key.startswith("FINK_")}
    level = logging.getLogger("fink_lib").getEffectiveLevel()
    asked = {"kind": kind.name, "request": request, "environment": ours, "folder": str(Path.cwd()), "level": level}
    begun = False
    try:
        send(connection, asked)
        for message in received(connection):
            begun = begun or BEGUN in message
            if ANSWER in message:
                answer: JsonObject = message[ANSWER]
                return answer
            if ERROR in message:
                raise as_raised(message[ERROR])
            if LOG in message:
                _log(message[LOG])
    except (BrokenPipeError, ConnectionResetError):
        pass
    if not begun:
        raise NotBegun
    if not record.alive:
        clear(record)  # a job that outlives its server would go on beside the one that is done again
    raise JobLost


def _log(facts: JsonObject) -> None:
    """Log here what a job logged there."""
    there = logging.getLogger(facts["name"])
    if there.isEnabledFor(facts["level"]):
        there.handle(logging.LogRecord(facts["name"], facts["level"], "", 0, facts["text"], None, None))
