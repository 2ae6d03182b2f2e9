"""Finds the server of a home, starts one, and ends it."""

import shutil
import socket
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.job_server.messages import RETIRE, send
from fink_lib.job_server.record import LOG, Record, folder_of, key_of, read_record, write_record
from fink_lib.locks import locked
from fink_lib.processes.command import job_command
from fink_lib.processes.detached import is_alive, start_detached
from fink_lib.processes.identity import POLL_S, end_processes_of, find_process
from fink_lib.streams.runner import job_environment

JOB = Path("jobs", "on_demand", "job_server.py")
SOCKET_FOLDER = "fink-jobs-"  # below the system's folder for such: the path of a socket may have 100 characters
START_TIMEOUT_S = 180.0
END_TIMEOUT_S = 15.0
LARGEST_LOG = 10_000_000  # bytes; then it is put aside, over the one before
Say = Callable[[str], None]


def is_served(settings: Settings) -> bool:
    """Tell whether jobs of this home go to a server: one that waits would keep the cores of a cluster."""
    return settings.job_server_idle_s > 0 and settings.spark_master.startswith("local")


def running(settings: Settings) -> Record | None:
    """Return the server of a home, if it is one of today's code and settings; another one is asked to end."""
    record = read_record(settings)
    if record is None or not record.alive:
        return None
    if record.key == key_of(settings):
        return record
    retire(record)
    return None


def start(settings: Settings, say: Say, *, ahead: bool = False) -> Record:
    """Start a server unless one runs; it takes jobs some seconds later.

    Parameters
    ----------
    say
        Receives a line when one is started.
    ahead
        Nobody waits for it: it does a little before the first job, which is then as quick as the next ones.
    """
    with locked(folder_of(settings) / "start.lock"):
        record = running(settings)
        if record is not None:
            return record
        last = read_record(settings)
        if last is not None and not last.alive:
            clear(last)
        say(f"spark: starting a server for jobs; it ends after {settings.job_server_idle_s / 60:.3g} min without any")
        key, token = key_of(settings), uuid.uuid4().hex
        place = Path(tempfile.mkdtemp(prefix=SOCKET_FOLDER)) / "jobs"
        words = job_command(settings.project / JOB, f"--socket={place}", *(["--ahead"] if ahead else []))
        log = folder_of(settings) / LOG
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        mark = start_detached(words, log=log, env=job_environment(settings, token), cwd=settings.home)
        record = Record(mark.pid, mark.started_at, token, str(place), key, str(log))
        write_record(settings, record)
        return record


def connect(record: Record) -> socket.socket:
    """Return a connection to a server, as soon as it takes jobs.

    Raises
    ------
    HostError
        When it ends before that, or takes too long.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(record.socket)
        except OSError:
            connection.close()
        else:
            return connection
        if not record.alive:
            raise HostError(f"the server of Spark jobs (pid {record.pid}) has ended: {_last_word(Path(record.log))}")
        if time.monotonic() > deadline:
            raise HostError(f"the server of Spark jobs took no job in {START_TIMEOUT_S:.0f} s: see {record.log}")
        time.sleep(POLL_S)


def accepts_jobs(record: Record) -> bool:
    """Tell whether a server takes jobs now."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(record.socket)
        return True
    return False


def retire(record: Record) -> None:
    """Ask a server to take no further jobs, and to end after those that run."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(record.socket)
        send(connection, {RETIRE: True})
        return
    process = find_process(record.mark)  # it starts still, and has no job
    if process is not None:
        process.terminate()


def stop(settings: Settings) -> bool:
    """End the server of a home with whatever it does; return whether there was one."""
    with locked(folder_of(settings) / "start.lock"):
        record = read_record(settings)
        if record is None:
            return False
        was_there = record.alive
        clear(record)
        return was_there


def clear(record: Record) -> None:
    """End what is left of a server, and remove its socket."""
    end_processes_of(record.token, END_TIMEOUT_S)
    is_alive(record.mark)  # where it is a child of this process, it is one no longer
    folder = Path(record.socket).parent
    if folder.name.startswith(SOCKET_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)


def _last_word(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "it said nothing"
