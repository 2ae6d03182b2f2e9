"""Whether the file system of the lake decides who commits first: asked once, before anything is written."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fink_lib.errors import HostError
from fink_lib.files import sync_folder
from fink_lib.storage import LakePath

FIX = "put the home on a local disk (ext4, xfs, btrfs, …) with --home or FINK_HOME"


def require_decided(folder: LakePath) -> None:
    """Make sure that a place can hold Delta tables that several processes commit to.

    A commit is a link to a whole file, and lasts once its folder is synced. So a file is linked to a name twice here,
    of which the second must fail. That a remote file system keeps its word between machines is not shown by this.

    Parameters
    ----------
    folder
        The lake; where it is not there yet, the nearest folder above it is asked. One that this process may not
        write is not asked, since nothing is committed to it. Of an object store see `require_conditions`.

    Raises
    ------
    HostError
        When the file system knows no links, lets a second link have a name that is taken, or cannot sync a folder.
    """
    if not isinstance(folder, Path):
        from fink_lib.lake.object_store import require_conditions  # noqa: PLC0415 - commands of a local home ask none

        require_conditions(folder)
    elif refusal := undecided(folder):
        raise HostError(f"tables cannot be kept in {folder}: {refusal}; {FIX}")


def undecided(folder: Path) -> str:
    """Return why the file system of a folder does not decide commits; empty when it does, or cannot be asked."""
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        return ""
    try:
        with _probe_files(folder) as (ours, theirs, name):
            os.link(ours, name)
            try:
                os.link(theirs, name)
            except FileExistsError:
                sync_folder(folder)
                return ""
    except OSError as error:
        return f"its file system does not do what a commit needs ({error.strerror or error})"
    return "its file system lets two processes have one name, so both would be told that a commit is theirs"


@contextmanager
def _probe_files(folder: Path) -> Iterator[tuple[Path, Path, Path]]:
    """Yield two files and a name that neither has yet; all are gone afterwards."""
    start = folder / f".fink-probe-{uuid.uuid4().hex}"
    ours, theirs, name = (start.with_suffix(suffix) for suffix in (".ours", ".theirs", ".name"))
    try:
        ours.touch()
        theirs.touch()
        yield ours, theirs, name
    finally:
        for path in (name, theirs, ours):
            path.unlink(missing_ok=True)
