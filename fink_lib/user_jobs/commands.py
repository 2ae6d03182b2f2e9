"""Commands of `fink` that the server has done by a process of its own: it speaks neither to Airflow nor to Kafka."""

import subprocess
import sys
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import FinkError, HostError
from fink_lib.served.private import NoSuchTable
from fink_lib.served.private_store import NotYours
from fink_lib.served.results.refusals import NotClosed, TooMuch
from fink_lib.streams.runner import settings_environment

FINK = Path(sys.executable).with_name("fink")
CAUSES: dict[int, type[FinkError]] = {one.exit_code: one for one in (NoSuchTable, NotYours, TooMuch, NotClosed)}


def done(settings: Settings, command: list[str], longest_s: float, failed: str) -> str:
    """Run a command; return what it wrote.

    Parameters
    ----------
    settings
        That it runs with.
    command
        Words after ``fink``.
    longest_s
        Seconds that it may take.
    failed
        Begins the sentence about its failure.

    Raises
    ------
    NoSuchTable, NotYours, TooMuch, NotClosed
        When it refuses for that reason.
    HostError
        When it fails otherwise, with its last line, or takes too long.
    """
    try:
        tried = subprocess.run([str(FINK), *command], env=settings_environment(settings), check=False,
                               capture_output=True, text=True, timeout=longest_s, stdin=subprocess.DEVNULL)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise HostError(f"{failed} within {longest_s:.0f} s: try again later") from None
    if tried.returncode != 0:
        last = (tried.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise CAUSES.get(tried.returncode, HostError)(f"{failed}: {last.removeprefix('fink: ')}")
    return tried.stdout
