"""The jobs of a home, a folder each: added within a quota, taken in turn, ended. One process at a time changes them."""

import json
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.files import replace_text, to_json
from fink_lib.locks import Lock, lock_at, locked
from fink_lib.user_jobs.record import WAITS, State, UserJob

FOLDER, JOB, CANCEL, TAKEN = "user_jobs", "job.json", "cancel", ".taken"
KEPT_S = 30 * 86_400.0
DAY_S = 86_400.0
LONGEST_NAME = 64


class NoSuchJob(ConfigError):
    """There is no job of that name, or it is somebody else's."""


class QuotaUsed(ConfigError):
    """Somebody has asked for as much as he may."""


class Book:
    """The jobs of a home.

    Parameters
    ----------
    settings
        Which home, and what one person may ask for.
    clock
        What time it is, seconds of Unix.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._clock = settings, clock
        self.root = settings.home / FOLDER

    def folder(self, name: str) -> Path:
        """Return where a job is kept."""
        return self.root / name

    def add(self, job: UserJob) -> UserJob:
        """Keep a job under a name of its own; return it.

        Raises
        ------
        QuotaUsed
            When its person has enough that waits or runs, or has run enough in a day.
        """
        with self._changing():
            self._tidy("")
            mine = [one for one in self.every() if one.person == job.person]
            waiting, most = sum(one.state in WAITS for one in mine), self._settings.user_jobs_per_person
            if waiting >= most:
                raise QuotaUsed(f"{waiting} of your jobs wait or run, {most} may (FINK_USER_JOBS_PER_PERSON)")
            spent = sum(one.seconds for one in mine if one.ended_at > self._clock() - DAY_S)
            if spent >= self._settings.user_jobs_s_per_day:
                raise QuotaUsed(
                    f"your jobs ran {spent:.0f} s within a day, {self._settings.user_jobs_s_per_day} s may be run "
                    "(FINK_USER_JOBS_S_PER_DAY): try again tomorrow"
                )
            added = replace(job, name=secrets.token_hex(8), asked_at=self._clock())
            self._save(added)
            return added

    def get(self, name: str) -> UserJob:
        """Return a job.

        Raises
        ------
        NoSuchJob
            When there is none of that name.
        """
        path = self.folder(name) / JOB
        if not name.isalnum() or len(name) > LONGEST_NAME or not path.is_file():
            raise NoSuchJob(f"there is no job '{name[:40]}'")
        return UserJob.of(json.loads(path.read_text(encoding="utf-8")))

    def every(self) -> list[UserJob]:
        """Return all jobs, the newest first."""
        found = []
        for path in self.root.glob(f"*/{JOB}"):
            with suppress(FileNotFoundError):  # it was removed meanwhile
                found.append(UserJob.of(json.loads(path.read_text("utf-8"))))
        return sorted(found, key=lambda one: (-one.asked_at, one.name))

    def take(self, run: str) -> tuple[UserJob, Lock] | None:
        """Return the job whose turn it is, and the lock that its runner holds; None where none waits.

        It is the one that this run had begun, else the oldest of the person who has run least within a day. What a
        runner that died has left is told to have failed.

        Parameters
        ----------
        run
            The run of Airflow that asks.
        """
        with self._changing():
            self._tidy(run)
            known = self.every()
            mine = [one for one in known if one.state is State.RUNNING and one.run == run]
            due = mine or sorted(
                (one for one in known if one.state is State.QUEUED),
                key=lambda one: (_spent(one.person, known, self._clock()), one.asked_at),
            )
            for one in due:
                lock = lock_at(self.folder(one.name) / TAKEN)
                if lock.acquire(0):
                    return self._save(replace(one, state=State.RUNNING, run=run, started_at=self._clock())), lock
        return None

    def change(self, name: str, **to: Any) -> UserJob:
        """Change a job and return it."""
        with self._changing():
            return self._save(replace(self.get(name), **to))

    def end(self, job: UserJob, state: State, **to: Any) -> UserJob:
        """Note how a job ended.

        Parameters
        ----------
        job
            Its name alone counts: what was noted since it was read stays.
        state
            One that is an end.
        **to
            Further fields of the job, and their values.
        """
        return self.change(job.name, state=state, ended_at=self._clock(), **to)

    def cancel(self, name: str) -> UserJob:
        """End a job that has not ended: at once where it waits or its runner has died, else its runner does it."""
        with self._changing():
            job = self.get(name)
            is_left = job.state is State.RUNNING and not lock_at(self.folder(name) / TAKEN).is_held()
            if job.state is State.QUEUED or is_left:
                return self._save(replace(job, state=State.CANCELLED, ended_at=self._clock()))
            if job.state is State.RUNNING:
                (self.folder(name) / CANCEL).touch()
            return job

    def is_cancelled(self, name: str) -> bool:
        """Tell whether somebody wants a running job to end."""
        return (self.folder(name) / CANCEL).exists()

    def take_back(self, name: str) -> bool:
        """Remove a job that waits; return False, and leave it, where a run has taken it meanwhile."""
        with self._changing():
            if self.get(name).state is not State.QUEUED:
                return False
            self._forget(name)
            return True

    def _forget(self, name: str) -> None:
        shutil.rmtree(self.folder(name), ignore_errors=True)

    def _changing(self) -> AbstractContextManager[Lock]:
        self.root.mkdir(parents=True, exist_ok=True)
        return locked(self.root / ".lock")

    def _save(self, job: UserJob) -> UserJob:
        replace_text(self.folder(job.name) / JOB, to_json(asdict(job)))
        return job

    def _tidy(self, run: str) -> None:
        for job in self.every():
            if job.state not in WAITS and job.ended_at < self._clock() - KEPT_S:
                self._forget(job.name)
            elif (
                job.state is State.RUNNING
                and job.run != run
                and not lock_at(self.folder(job.name) / TAKEN).is_held()
                and job.started_at < self._clock() - 2 * self._settings.user_jobs_s
            ):
                told = "its runner was ended, and no further one came"
                self._save(replace(job, state=State.FAILED, ended_at=self._clock(), error=told))


def _spent(person: str, known: list[UserJob], now: float) -> tuple[int, float]:
    """Return how many jobs of a person run, and how long others ran within a day."""
    mine = [one for one in known if one.person == person]
    running = sum(one.state is State.RUNNING for one in mine)
    return running, sum(one.seconds for one in mine if one.ended_at > now - DAY_S)
