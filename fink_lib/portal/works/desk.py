"""What runs, what has ended and how; a folder for each piece of work in the home."""

import json
import re
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from fink_lib.api.http.errors import Refused
from fink_lib.config import Settings
from fink_lib.files import replace_text, to_json
from fink_lib.portal.works.child import ASKED, ENDED, ERR, OUT
from fink_lib.processes.detached import is_alive, start_detached
from fink_lib.processes.identity import ProcessMark
from fink_lib.streams.runner import settings_environment

FOLDER, MARK, LOG = "works", "process.json", "child.log"
MODULE = "fink_lib.portal.works.child"
NAME = re.compile(r"[0-9a-f]{16}")
MOST_RUNNING, MOST_OF_PERSON = 3, 1
KEPT_S = 30 * 86_400.0
MOST_LINES, MOST_ANSWER_BYTES = 8, 4_000_000
_one_at_a_time = threading.Lock()


class State(StrEnum):
    """How work stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Work:
    """Something that somebody asked for.

    Attributes
    ----------
    name, kind
        What it is called, and of which kind it is.
    person, at
        Who asked for it, and when, seconds of Unix.
    command
        The words after ``fink``.
    about
        What the page that shows it needs to know.
    """

    name: str
    kind: str
    person: str
    at: float
    command: tuple[str, ...]
    about: dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """Work, and how it stands.

    Attributes
    ----------
    work, state
        Which, and how.
    folder
        Where it wrote.
    """

    work: Work
    state: State
    folder: Path

    @property
    def said(self) -> tuple[str, ...]:
        """The last lines that it said of itself."""
        return tuple(one for one in _text(self.folder / ERR).splitlines() if one.strip())[-MOST_LINES:]

    @property
    def answer(self) -> str:
        """What it wrote when it was done."""
        return _text(self.folder / OUT) if self.state is State.DONE else ""


def begin(settings: Settings, kind: str, person: str, command: Sequence[str], about: dict[str, Any]) -> Work:
    """Start some work.

    Parameters
    ----------
    settings
        Say where works are kept, and how long one may take.
    kind
        What it is, for those who list works of one kind.
    person
        Who asks.
    command
        Words after `fink`.
    about
        What it is about, kept with it; it must fit into JSON.

    Raises
    ------
    Refused
        When this person, or everybody together, has enough that runs.
    """
    with _one_at_a_time:
        _make_room(settings)
        work = Work(secrets.token_hex(8), kind, person, time.time(), tuple(command), about)
        busy = [one.work for one in everything(settings) if one.state is State.RUNNING]
        if sum(one.person == person for one in busy) >= MOST_OF_PERSON:
            raise Refused("Something that you asked for still runs: wait until it has ended", status=429)
        if len(busy) >= MOST_RUNNING:
            raise Refused(f"{len(busy)} pieces of work run already: try again in a minute", status=429)
        folder = settings.home / FOLDER / work.name
        folder.mkdir(parents=True)
        replace_text(folder / ASKED, to_json(asdict(work)))
        longest_s = str(settings.portal_work_h * 3600.0)
        mark = start_detached([sys.executable, "-m", MODULE, str(folder), longest_s], log=folder / LOG,
                              env=settings_environment(settings))  # fmt: skip
        replace_text(folder / MARK, to_json(asdict(mark)))
    return work


def standing(settings: Settings, name: str) -> Standing | None:
    """Return how some work stands; None where there is none of that name.

    Parameters
    ----------
    settings
        Say where works are kept.
    name
        As somebody gave it: what is no name of a work is none.
    """
    folder = settings.home / FOLDER / name
    if not NAME.fullmatch(name) or not (folder / MARK).is_file():
        return None
    facts = json.loads((folder / ASKED).read_text(encoding="utf-8"))
    work = Work(**{**facts, "command": tuple(facts["command"])})
    return Standing(work, _state(folder), folder)


def everything(settings: Settings) -> list[Standing]:
    """Return all work that is kept, the newest first."""
    found = (standing(settings, one.name) for one in (settings.home / FOLDER).glob("*"))
    return sorted((one for one in found if one is not None), key=lambda one: -one.work.at)


def of_person(settings: Settings, name: str, person: str, *kinds: str) -> Standing:
    """Return somebody's own work.

    Parameters
    ----------
    settings
        Say where works are kept.
    name
        As somebody gave it.
    person
        Who asks.
    *kinds
        Kinds that are meant; work of another kind is as if there were none.

    Raises
    ------
    Refused
        When he has none of that name: that of others is as if there were none.
    """
    found = standing(settings, name)
    if found is None or found.work.person != person or found.work.kind not in kinds:
        raise Refused("There is no work of that name", status=404)
    return found


def _state(folder: Path) -> State:
    mark = ProcessMark(**json.loads((folder / MARK).read_text(encoding="utf-8")))
    lives = is_alive(mark)  # before the look at its end: what ends in between is seen there
    if (folder / ENDED).is_file():
        code = json.loads((folder / ENDED).read_text(encoding="utf-8"))["code"]
        return State.DONE if code == 0 else State.FAILED
    return State.RUNNING if lives else State.FAILED


def _make_room(settings: Settings) -> None:
    for one in everything(settings):
        if one.state is not State.RUNNING and one.work.at < time.time() - KEPT_S:
            shutil.rmtree(settings.home / FOLDER / one.work.name, ignore_errors=True)


def _text(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(MOST_ANSWER_BYTES).decode("utf-8", "replace")
