"""Jobs (UWS 1.1): each is a folder, so that they outlive the process that runs them."""

import contextlib
import datetime as dt
import json
import logging
import secrets
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from fink_lib.api.http.errors import Refused
from fink_lib.vo.tap.order import DESCRIBED, RESULT

logger = logging.getLogger(__name__)

JOB = "job.json"
USUAL_S, MOST_S = 600.0, 3600.0
KEPT = dt.timedelta(days=7)
AT_ONCE = 2
MOST_JOBS, MOST_BYTES = 1_000, 20 * 10**9  # that are kept
LONGEST_PART = 60
STAYS = {JOB, RESULT, DESCRIBED}  # of a job that has ended


class Phase(StrEnum):
    """Where a job stands."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"


WAITS = {Phase.QUEUED, Phase.EXECUTING}


def now() -> dt.datetime:
    """Return the time, in whole milliseconds."""
    at = dt.datetime.now(dt.UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def iso(at: dt.datetime) -> str:
    """Return a time as DALI writes it."""
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Job:
    """A query that is run later.

    Attributes
    ----------
    name
        Its identifier: whoever knows it may see and end it.
    phase
        Where it stands.
    parameters
        Names and values as they were sent.
    created, started, ended, destruction
        Times (ISO 8601, UTC); empty where not yet.
    seconds
        How long it may take.
    error
        Why there is no answer.
    run_id
        What its owner calls it.
    """

    name: str
    phase: Phase
    parameters: tuple[tuple[str, str], ...]
    created: str
    destruction: str
    seconds: float = USUAL_S
    started: str = ""
    ended: str = ""
    error: str = ""
    run_id: str = ""

    @classmethod
    def of(cls, said: dict[str, Any]) -> "Job":
        """Return a job as it was written."""
        pairs = tuple((name, value) for name, value in said["parameters"])
        return cls(**{**said, "phase": Phase(said["phase"]), "parameters": pairs})

    @property
    def is_over(self) -> bool:
        """Whether its time is over: it is forgotten."""
        return dt.datetime.fromisoformat(self.destruction) < now()


Run = Callable[[Job, Path, Callable[[subprocess.Popen[bytes]], None]], None]


class Jobs:
    """The jobs of a home.

    Parameters
    ----------
    folder
        Where they are kept.
    run
        Does the work of one in its folder; raises `Refused` where that cannot be done.
    """

    def __init__(self, folder: Path, run: Run) -> None:
        self._folder, self._run = folder, run
        self._lock = threading.RLock()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="tap-job")
        self._is_closing = False
        folder.mkdir(parents=True, exist_ok=True)
        self.expire()
        for job in self._all():  # what a process that ended has left
            if job.phase in WAITS:
                self._save(replace(job, phase=Phase.QUEUED, started=""))
                self._pool.submit(self._work, job.name)

    def folder(self, name: str) -> Path:
        """Return where a job is kept."""
        return self._folder / name

    def create(self, parameters: Iterable[tuple[str, str]], files: dict[str, bytes], run_id: str = "") -> Job:
        """Return a new job, which waits to be told to run.

        Parameters
        ----------
        parameters
            Names and values as they were sent.
        files
            Name of a part → its content.
        run_id
            What its owner calls it.

        Raises
        ------
        Refused
            When too much is kept of others that have not ended.
        """
        self.expire()
        self._make_room(sum(map(len, files.values())))
        job = Job(secrets.token_hex(16), Phase.PENDING, tuple(parameters), iso(now()), iso(now() + KEPT), run_id=run_id)
        self.folder(job.name).mkdir()
        self.attach(job.name, files)
        self._save(job)
        return job

    def attach(self, name: str, files: dict[str, bytes]) -> None:
        """Keep files that came with a job.

        Parameters
        ----------
        name
            The job.
        files
            Name of a part → its content; the name has at most `LONGEST_PART` bytes.

        Raises
        ------
        Refused
            When there is no room for them, or a name cannot be used.
        """
        if wrong := [part for part in files if len(part.encode()) > LONGEST_PART]:
            raise Refused(f"'{wrong[0][:LONGEST_PART]}…' cannot be the name of a part", fix="give it a shorter one")
        self._make_room(sum(map(len, files.values())), name)
        for part, content in files.items():
            (self.folder(name) / f"part-{part.encode().hex()}").write_bytes(content)

    def attached(self, name: str) -> dict[str, bytes]:
        """Return the files that came with a job."""
        found = self.folder(name).glob("part-*")
        return {bytes.fromhex(one.name.removeprefix("part-")).decode(): one.read_bytes() for one in found}

    def get(self, name: str) -> Job:
        """Return a job.

        Raises
        ------
        Refused
            When there is none of that name.
        """
        path = self.folder(name) / JOB
        job = _read(path) if name.isalnum() else None
        if job is None or job.is_over:
            raise Refused(f"there is no job '{name}'", parameter="job", value=name, status=404,
                          fix="it was deleted, or its time was over")  # fmt: skip
        return job

    def change(self, name: str, **to: Any) -> Job:
        """Change a job and return it."""
        with self._lock:
            job = replace(self.get(name), **to)
            self._save(job)
            return job

    def start(self, name: str) -> None:
        """Let a job run as soon as there is room; one that runs or has run stays as it is."""
        with self._lock:
            if self.get(name).phase is Phase.PENDING:
                self.change(name, phase=Phase.QUEUED)
                self._pool.submit(self._work, name)

    def abort(self, name: str) -> None:
        """End a job that has not ended."""
        with self._lock:
            job = self.get(name)
            if job.phase in {Phase.PENDING, *WAITS}:
                self.change(name, phase=Phase.ABORTED, ended=iso(now()))
                self._kill(name)

    def delete(self, name: str) -> None:
        """End a job and forget it with all that it made."""
        with self._lock:
            self.get(name)
            self._forget(name)

    def expire(self) -> None:
        """Forget jobs whose time is over."""
        for job in self._all():
            if job.is_over:
                self._forget(job.name)

    def close(self) -> None:
        """End what runs; the next process runs it again."""
        self._is_closing = True
        with self._lock:
            for name in list(self._processes):
                self._kill(name)
        self._pool.shutdown(cancel_futures=True)

    def _all(self) -> list[Job]:
        found = (_read(path) for path in sorted(self._folder.glob(f"*/{JOB}")))
        return [job for job in found if job is not None]

    def _forget(self, name: str) -> None:
        with self._lock:
            self._kill(name)
            shutil.rmtree(self.folder(name), ignore_errors=True)

    def _make_room(self, size: int, but: str = "") -> None:
        """Forget jobs that have ended, the oldest first, until there is room for one more of a size."""
        with self._lock:
            kept = sorted(self._all(), key=lambda job: job.created)
            sizes = {job.name: _size(self.folder(job.name)) for job in kept}
            for job in kept:
                if len(sizes) < MOST_JOBS and sum(sizes.values()) + size <= MOST_BYTES:
                    return
                if job.phase not in {Phase.PENDING, *WAITS} and job.name != but:
                    self._forget(job.name)
                    del sizes[job.name]
            if len(sizes) >= MOST_JOBS or sum(sizes.values()) + size > MOST_BYTES:
                raise Refused("there is no room for more jobs", status=503, fix="try again later, or use /tap/sync")

    def _tidy(self, name: str) -> None:
        """Let go of what a job that has ended worked with."""
        job = _read(self.folder(name) / JOB)
        if self._is_closing or job is None or job.phase in {Phase.PENDING, *WAITS}:
            return
        for one in self.folder(name).iterdir():
            if one.is_dir():
                shutil.rmtree(one, ignore_errors=True)
            elif one.name not in STAYS:
                one.unlink(missing_ok=True)

    def _save(self, job: Job) -> None:
        path = self.folder(job.name) / JOB
        scratch = path.with_suffix(".new")
        scratch.write_text(json.dumps(asdict(job)))
        scratch.replace(path)

    def _kill(self, name: str) -> None:
        process = self._processes.get(name)
        if process is not None:
            process.kill()

    def _work(self, name: str) -> None:
        try:
            with self._lock:
                if self._is_closing or self.get(name).phase is not Phase.QUEUED:
                    return
                job = self.change(name, phase=Phase.EXECUTING, started=iso(now()))
            self._finish(name, self._outcome(job))
        except Refused:  # it was deleted meanwhile
            logger.info("job %s is gone", name)
        finally:
            self._processes.pop(name, None)
            with self._lock:
                self._tidy(name)

    def _outcome(self, job: Job) -> str:
        """Run a job; return why there is no answer, or an empty text."""

        def watch(process: subprocess.Popen[bytes]) -> None:
            with self._lock:
                self._processes[job.name] = process
                gone = not self.folder(job.name).is_dir() or self.get(job.name).phase is not Phase.EXECUTING
                if gone or self._is_closing:
                    process.kill()

        try:
            self._run(job, self.folder(job.name), watch)
        except Refused as error:
            return f"{error.message}: {error.fix}" if error.fix else error.message
        except Exception:
            logger.exception("job %s failed", job.name)
            return "this was not foreseen; it is in the log of this broker"
        return ""

    def _finish(self, name: str, error: str) -> None:
        with self._lock:
            if self._is_closing or self.get(name).phase is not Phase.EXECUTING:
                return
            self.change(name, phase=Phase.ERROR if error else Phase.COMPLETED, ended=iso(now()), error=error)


def _read(path: Path) -> Job | None:
    """Return a job as its file tells it; None where it is gone."""
    try:
        return Job.of(json.loads(path.read_text()))
    except FileNotFoundError:
        return None


def _size(folder: Path) -> int:
    """Return the bytes of the files below a folder, as far as they stay."""
    total = 0
    for one in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += one.stat().st_size
    return total
