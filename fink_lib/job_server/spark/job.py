"""One job: a fork of the server, which has imported everything, with a session of its own."""

import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress

from fink_lib.config import Settings
from fink_lib.files import JsonObject
from fink_lib.job_server.kinds import Kind
from fink_lib.job_server.messages import ANSWER, ERROR, LOG, send, told
from fink_lib.job_server.spark.jvm import Jvm
from fink_lib.lake.decided import require_decided
from fink_lib.storage import on_disk

JVM_DIES_S = 0.5  # its connections may close a moment before its process is gone


class Forwarded(logging.Handler):
    """Sends what a job logs to its caller."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection

    def emit(self, record: logging.LogRecord) -> None:
        """Send one line."""
        text = self.format(record)  # with the trace of an error, if there is one
        with suppress(OSError):
            send(self._connection, {LOG: {"name": record.name, "level": record.levelno, "text": text}})


def run_to_end(
    connection: socket.socket, lifeline: socket.socket, jvm: Jvm, kinds: Mapping[str, Kind], asked: JsonObject
) -> None:
    """Run a job in this process, a fork of the server, and end the process.

    Parameters
    ----------
    connection
        To the caller.
    lifeline
        Closed when the server dies, and this process with it.
    jvm, kinds
        Of the server.
    asked
        What the caller sent, and the name that the server gave to its Spark jobs, as ``group``.
    """
    try:
        threading.Thread(target=_die_with, args=(lifeline,), daemon=True).start()
        _become(connection, asked)
        answer = _answer(jvm, kinds[asked["kind"]], asked["request"], asked["group"])
        gc.collect()  # the JVM keeps what Python still names
        if ANSWER in answer or jvm_lives(jvm):
            send(connection, answer)
    except OSError:
        pass  # the caller is gone
    finally:
        sys.stderr.flush()
        os._exit(0)


def _answer(jvm: Jvm, kind: Kind, request: JsonObject, group: str) -> JsonObject:
    try:
        settings = Settings()
        kind.check(settings, request)
        require_decided(on_disk(settings.lake, "Spark"))
        return {ANSWER: kind.load()(jvm.session(group), settings, request)}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        trace = traceback.format_exc()
        sys.stderr.write(trace)
        return {ERROR: told(error, trace)}


def jvm_lives(jvm: Jvm) -> bool:
    """Tell whether an error is the job's own, and not that of a JVM that died."""
    if not jvm.answers():
        return False
    time.sleep(JVM_DIES_S)
    return jvm.answers()


def _become(connection: socket.socket, asked: JsonObject) -> None:
    """Take over the caller's settings, folder and level of logging."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    for name in [name for name in os.environ if name.startswith("FINK_")]:
        del os.environ[name]
    os.environ.update(asked["environment"])
    with suppress(OSError):
        os.chdir(asked["folder"])
    logging.basicConfig(level=asked["level"], handlers=[Forwarded(connection)], format="%(message)s", force=True)
    logging.captureWarnings(True)
    logging.getLogger("py4j").setLevel(logging.WARNING)


def _die_with(lifeline: socket.socket) -> None:
    lifeline.recv(1)
    os._exit(1)
