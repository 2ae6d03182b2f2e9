"""The server: takes jobs up, forks for each, and stops those whose caller is gone."""

import gc
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from fink_lib.config import Settings
from fink_lib.files import JsonObject
from fink_lib.job_server.kinds import Kind
from fink_lib.job_server.messages import BEGUN, RETIRE, received, send
from fink_lib.job_server.record import forget, read_record
from fink_lib.job_server.spark.job import run_to_end
from fink_lib.job_server.spark.jvm import Jvm
from fink_lib.lake.spark.exercise import exercise
from fink_lib.lake.spark.session import session_conf

logger = logging.getLogger(__name__)

TICK_S = 0.5
REQUEST_TIMEOUT_S = 10.0
FULLEST_HEAP = 0.6  # above it the server ends when it has nothing to do, and the next job starts another one


@dataclass(frozen=True)
class Job:
    """A job that runs.

    Attributes
    ----------
    pid
        Process of the job.
    connection
        To the caller; it closes when the caller is gone.
    link
        To the process; it closes when either ends.
    group
        Name of Spark's jobs of this job.
    """

    pid: int
    connection: socket.socket
    link: socket.socket
    group: str


class JobServer:
    """Runs jobs until there are none for a while.

    Parameters
    ----------
    settings
        When it ends, and where it is remembered.
    kinds
        What it can do, by name.
    jvm
        With a Spark context.
    listener
        Where callers come; no longer when it retires.
    """

    def __init__(self, settings: Settings, kinds: Mapping[str, Kind], jvm: Jvm, listener: socket.socket) -> None:
        self._settings, self._kinds, self._jvm, self._listener = settings, kinds, jvm, listener
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, None)
        self._jobs: list[Job] = []
        self._retired, self._is_tidy = False, True
        self._count, self._idle_since = 0, time.monotonic()

    def serve(self) -> str:
        """Take jobs up until it is time to end; return why."""
        while not (why := self._over()):
            events = self._selector.select(TICK_S)
            for key, _ in events:
                if key.data is None:
                    self._accept()
                elif key.data in self._jobs:
                    self._look_after(key.data, caller=key.fileobj is key.data.connection)
            if not events and not self._jobs and not self._is_tidy:
                self._tidy()
        return why

    def retire(self, *_: int | FrameType | None) -> None:
        """Take no further jobs."""
        self._retired = True

    def close(self) -> None:
        """End every job."""
        for job in list(self._jobs):
            self._end(job)

    def _over(self) -> str:
        """Return why the server is to end; empty as long as it is not."""
        if not self._jvm.is_alive:
            return "its JVM has died"
        if self._jobs:
            return ""
        if self._retired:
            return "it was asked to"
        record = read_record(self._settings)
        if record is None or record.pid != os.getpid():
            return "another one has its place, or its home is gone"
        is_idle = time.monotonic() - self._idle_since > self._settings.job_server_idle_s
        return "it had nothing to do" if is_idle else ""

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        try:
            connection.settimeout(REQUEST_TIMEOUT_S)
            asked = next(received(connection), None)
            connection.settimeout(None)
            if asked is None or self._retired or RETIRE in asked:
                self._retired = self._retired or (asked is not None and RETIRE in asked)
                connection.close()
                return
            send(connection, {BEGUN: True})
        except (OSError, ValueError):
            connection.close()
            return
        self._begin(connection, asked)

    def _begin(self, connection: socket.socket, asked: JsonObject) -> None:
        mine, its = socket.socketpair()
        self._count += 1
        group = f"{asked['kind']} {os.getpid()}.{self._count}"
        pid = os.fork()
        if pid == 0:
            mine.close()
            self._leave_to_parent()
            run_to_end(connection, its, self._jvm, self._kinds, {**asked, "group": group})
        its.close()
        job = Job(pid, connection, mine, group)
        self._jobs.append(job)
        for end in (connection, mine):
            self._selector.register(end, selectors.EVENT_READ, job)
        logger.info("job begins kind=%s pid=%d", asked["kind"], pid)

    def _leave_to_parent(self) -> None:
        """Close, in a fork, what is the server's: it would hold the JVM, or other jobs, when the server is gone."""
        self._jvm.let_go()
        self._listener.close()
        self._selector.close()
        for job in self._jobs:
            job.connection.close()
            job.link.close()

    def _look_after(self, job: Job, *, caller: bool) -> None:
        """End a job whose process or caller is gone; whatever else a caller says is not for here."""
        with suppress(OSError):
            if caller and job.connection.recv(1024):
                return
        self._end(job)

    def _end(self, job: Job) -> None:
        with suppress(ProcessLookupError):
            os.kill(job.pid, signal.SIGKILL)
        _, status = os.waitpid(job.pid, 0)
        if status != 0:
            self._jvm.cancel(job.group)
        for end in (job.connection, job.link):
            self._selector.unregister(end)
            end.close()
        self._jobs.remove(job)
        logger.info("job ended pid=%d status=%d", job.pid, status)
        self._idle_since, self._is_tidy = time.monotonic(), False

    def _tidy(self) -> None:
        """Look, when there is nothing else to do, whether jobs have left too much behind in the JVM."""
        self._is_tidy = True
        if self._jvm.is_alive and self._jvm.heap_share() > FULLEST_HEAP:
            logger.info("more than %.0f %% of the heap is in use: the next job starts another one", FULLEST_HEAP * 100)
            self._retired = True


def serve(settings: Settings, kinds: Iterable[Kind], place: Path, *, ahead: bool) -> int:
    """Be the server of a home until it is time to end; return an exit code.

    Parameters
    ----------
    settings
        Memory of the JVM, when it ends.
    kinds
        What it can do.
    place
        Socket to listen at.
    ahead
        Do a little before the first job.
    """
    known = {kind.name: kind for kind in kinds}
    conf = session_conf("job-server", settings, memory=settings.job_server_memory)
    conf["spark.driver.extraJavaOptions"] += " -XX:+ExitOnOutOfMemoryError"
    with ThreadPoolExecutor(1) as beside:  # the JVM starts while Python imports
        started = beside.submit(Jvm, conf)
        for kind in known.values():
            kind.load()
        jvm = started.result()
    gc.freeze()  # what is there now need not be looked through in each fork
    try:
        if not _in_fork(jvm, ahead=ahead):
            return 1
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(place))
            listener.listen()
            server = JobServer(settings, known, jvm, listener)
            signal.signal(signal.SIGTERM, server.retire)
            logger.info("server takes jobs socket=%s", place)
            try:
                logger.info("server ends: %s", server.serve())
            finally:
                place.unlink(missing_ok=True)
                server.close()
        return 0
    finally:
        forget(settings, os.getpid())
        with suppress(OSError):
            place.parent.rmdir()
        jvm.end()


def _in_fork(jvm: Jvm, *, ahead: bool) -> bool:
    """Make the Spark context in a process apart: this one forks, and must have no connection that it uses itself."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            jvm.let_go()
            session = jvm.new_context()
            if ahead:
                with TemporaryDirectory() as folder:
                    exercise(session, folder)
            code = 0
        except Exception:
            logger.exception("the Spark context could not be made")
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0
