"""The folder of a request: what was asked, how it stands, what was found. Written so that a reader never sees half."""

import datetime as dt
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fink_lib.config import Settings
from fink_lib.errors import ConfigError, ReprocessRefused
from fink_lib.files import replace_text, to_json
from fink_lib.lake.versions import Table
from fink_lib.locks import Lock, lock_at
from fink_lib.reprocess.request import Request, request_from_json
from fink_lib.reprocess.state import EVER_LIVE, State, check_step
from fink_lib.reprocess.tables import CANDIDATE, REPLACED, candidate_path
from fink_lib.storage import on_disk

JsonObject = dict[str, Any]
PATIENCE_S = 120.0  # a vacuum holds the lock for one table at a time


@dataclass(frozen=True)
class RequestFolder:
    """One request on disk.

    Attributes
    ----------
    settings
        Of the broker whose nights it is about.
    request_id
        Name of the request and of its folder.
    """

    settings: Settings
    request_id: str

    @property
    def root(self) -> Path:
        """Folder of the request's files."""
        return requests_root(self.settings) / self.request_id

    @property
    def candidate(self) -> Path:
        """Folder of the candidate tables that are not promoted; it is there as long as there are any."""
        return on_disk(self.settings.lake, "a reprocessing") / f"{CANDIDATE}{self.request_id}"

    def candidate_of(self, table: Table) -> Path:
        """Return the folder of a candidate table."""
        return candidate_path(self.settings, self.request().survey, table, self.request_id)

    @property
    def kept(self) -> Path:
        """Folder of the files that a promotion before 0.2.0 replaced; today they stay where they are."""
        return self.root / "before"

    @property
    def report(self) -> Path:
        """The comparison as a page."""
        return self.root / "diff.html"

    @property
    def changes(self) -> Path:
        """Every alert that changes, as Parquet."""
        return self.root / "changes.parquet"

    def request(self) -> Request:
        """Read what was asked for."""
        return request_from_json(self.read("request"))

    def state(self) -> State:
        """Read where the request stands."""
        return State(self.read("state")["state"])

    def enter(self, wanted: State, now: dt.datetime) -> None:
        """Check that a state may follow, and write it with its time.

        Parameters
        ----------
        wanted
            The state.
        now
            When it is entered, in UTC.

        Raises
        ------
        ReprocessRefused
            When it may not.
        """
        told = self.read("state")
        check_step(self.request_id, State(told["state"]), wanted)
        step = {"state": str(wanted), "at": now.isoformat(timespec="seconds")}
        self.write("state", {"state": str(wanted), "history": [*told["history"], step]})

    def read(self, name: str) -> JsonObject:
        """Read one of the request's files.

        Raises
        ------
        ConfigError
            When it is not there.
        """
        path = self.root / f"{name}.json"
        try:
            facts: JsonObject = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(
                f"request {self.request_id} has no {name} in {self.root}: see `fink reprocess list`"
            ) from None
        return facts

    def has(self, name: str) -> bool:
        """Tell whether one of the files is there."""
        return (self.root / f"{name}.json").exists()

    def write(self, name: str, facts: object) -> None:
        """Replace one of the request's files.

        Parameters
        ----------
        name
            Of the file, without ``.json``.
        facts
            What can be written as JSON.
        """
        replace_text(self.root / f"{name}.json", to_json(facts))

    def drop_candidate(self) -> None:
        """Delete the candidate tables; a reader sees all of them or none. Files that were ever live are left."""
        if self.state() not in EVER_LIVE:
            for table in REPLACED:
                _remove(self.candidate_of(table))
        _remove(self.candidate)

    def drop_kept(self) -> None:
        """Keep nothing for the way back: a promotion cannot be undone any more, and vacuum does the rest."""
        for table in REPLACED:
            _remove(self.candidate_of(table) / "_delta_log")
        self.drop_candidate()
        shutil.rmtree(self.kept, ignore_errors=True)

    def entered_at(self) -> dt.datetime:
        """Return when the request entered its state."""
        return dt.datetime.fromisoformat(self.read("state")["history"][-1]["at"])


def _remove(folder: Path) -> None:
    going = folder.with_name(f".{folder.name}.going")
    shutil.rmtree(going, ignore_errors=True)
    if folder.exists():
        folder.rename(going)
        shutil.rmtree(going, ignore_errors=True)


def requests_root(settings: Settings) -> Path:
    """Folder with one sub-folder a request."""
    return settings.home / "reprocess"


def create(settings: Settings, request: Request, now: dt.datetime, request_id: str | None = None) -> RequestFolder:
    """Make the folder of a new request; its name sorts by time.

    Parameters
    ----------
    settings
        Of the broker.
    request
        What is asked.
    now
        The time, in UTC.
    request_id
        Its name; made of time and request when not given. That of a folder with the same request gives that folder.

    Raises
    ------
    ConfigError
        When the name is taken by another request.
    """
    made = request_id or f"{now:%Y%m%dT%H%M%S}-{request.digest}-{secrets.token_hex(2)}"
    folder = RequestFolder(settings, made)
    if folder.has("state"):
        if folder.request().digest != request.digest:
            raise ConfigError(f"request {made} exists and asks for something else: take another name")
        return folder
    folder.write("request", request.as_json())
    first = {"state": str(State.REQUESTED), "at": now.isoformat(timespec="seconds")}
    folder.write("state", {"state": first["state"], "history": [first]})
    return folder


def find(settings: Settings, request_id: str) -> RequestFolder:
    """Find a request by its name, or by the beginning of it when that is clear.

    Parameters
    ----------
    settings
        Of the broker.
    request_id
        Whole name or its beginning; a request of exactly this name comes before those that it begins.

    Raises
    ------
    ConfigError
        When there is none, or more than one.
    """
    matches = [folder for folder in listed(settings) if folder.request_id.startswith(request_id)]
    exact = [folder for folder in matches if folder.request_id == request_id]
    if len(exact or matches) != 1:
        what = "no request" if not matches else f"{len(matches)} requests"
        raise ConfigError(f"{what} '{request_id}' in {requests_root(settings)}: see `fink reprocess list`")
    return (exact or matches)[0]


def listed(settings: Settings) -> list[RequestFolder]:
    """Return every request, oldest first."""
    root = requests_root(settings)
    names = sorted(path.parent.name for path in root.glob("*/state.json")) if root.is_dir() else []
    return [RequestFolder(settings, name) for name in names]


@contextmanager
def one_at_a_time(settings: Settings, patience_s: float = 0.0) -> Iterator[Lock]:
    """Hold the only right to promote, to undo, or to remove files of live tables; it ends with the process.

    What a commit is about to put in force may be as old as the night, and no table needs it before: a vacuum would take
    it for rubbish.

    Parameters
    ----------
    settings
        Whose live tables.
    patience_s
        How long to wait for another process that holds the right.

    Raises
    ------
    ReprocessRefused
        When another process holds it for longer.
    """
    lock = lock_at(path := requests_root(settings) / "lock")
    if not lock.acquire(patience_s):
        raise ReprocessRefused(f"another promotion, undo or vacuum is at work ({path}): wait for it")
    try:
        yield lock
    finally:
        lock.release()
