"""What the process that carries statements says of itself, and how whoever supervises it ends it."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from fink_lib import __version__
from fink_lib.config import Settings
from fink_lib.files import replace_text
from fink_lib.processes.detached import is_alive, stop_session
from fink_lib.processes.identity import ProcessMark, process_started_at

FOLDER, BEAT, LOG = "community", "beat.json", "service.log"
STOP_S = 15.0
BEAT_S = 1.0  # between two words at most


@dataclass(frozen=True)
class Beat:
    """The last thing that the process said.

    Attributes
    ----------
    pid, started_at
        Which process, see `ProcessMark`.
    beat_at
        Unix time of its last round.
    code_version
        Of its code.
    """

    pid: int
    started_at: float
    beat_at: float
    code_version: str

    @property
    def mark(self) -> ProcessMark:
        """Identity of the process."""
        return ProcessMark(self.pid, self.started_at)


def folder_of(settings: Settings) -> Path:
    """Return the folder of the service's files."""
    return settings.home / FOLDER


def beat(settings: Settings, mark: ProcessMark | None = None) -> None:
    """Say that this process is at work, or one that was started a moment ago and has said nothing yet.

    Parameters
    ----------
    settings
        Say where the folder of the service is.
    mark
        The process that is meant; this one if none.
    """
    now = time.time()
    of = mark or ProcessMark(os.getpid(), process_started_at(os.getpid()) or now)
    said = Beat(of.pid, of.started_at, now, __version__)
    replace_text(folder_of(settings) / BEAT, json.dumps(asdict(said)))


class Alive:
    """Beats where the last time was a while ago; asked as often as one likes."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._next = settings, 0.0

    def __call__(self) -> None:
        """Say that this process is at work."""
        if time.monotonic() >= self._next:
            beat(self._settings)
            self._next = time.monotonic() + BEAT_S


def read_beat(settings: Settings) -> Beat | None:
    """Return what the process said last; None where none has said anything."""
    try:
        return Beat(**json.loads((folder_of(settings) / BEAT).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def running(settings: Settings) -> Beat | None:
    """Return what the process said last, while it lives."""
    said = read_beat(settings)
    return said if said is not None and is_alive(said.mark) else None


def stop(settings: Settings) -> bool:
    """End the process of a home after its round; return whether there was one."""
    said = running(settings)
    if said is None:
        return False
    stop_session(said.mark, timeout_s=STOP_S)
    return True


def last_word(settings: Settings) -> str:
    """Return the last line that the process wrote."""
    path = folder_of(settings) / LOG
    lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
    return lines[-1] if lines else "none"
