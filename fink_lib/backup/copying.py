"""Copies one kind of thing each: a table at a version, a checkpoint, a database, a file."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from fink_lib.errors import LakeError
from fink_lib.lake.log import LOG, POINTER, checkpointed


def copy_table(table: Path, version: int, target: Path) -> None:
    """Copy a table as it was at a version, with all that a stream may still have to read of earlier ones.

    Commits after the version are left out. Of the data files every one is taken that a commit up to the version
    added and that is still there: a stream that is behind reads files which a compaction has replaced since.

    Parameters
    ----------
    table
        Folder of the table.
    version
        Which.
    target
        Folder of the copy, without a log so far.

    Raises
    ------
    LakeError
        When a file of the version itself is missing.
    """
    log = target / LOG
    log.mkdir(parents=True)
    for entry in sorted((table / LOG).iterdir()):
        if (number := _version_of(entry)) is not None and number <= version:
            _copy(entry, log / entry.name)  # whoever writes the table removes old entries meanwhile
    pointed = checkpointed(table)
    if pointed is not None and pointed <= version:
        _copy(table / LOG / POINTER, log / POINTER)
    needed = live_files(target)
    for path in needed | (_added(log) - needed):
        try:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(table / path, target / path)
        except FileNotFoundError:
            if path in needed:
                raise LakeError(f"file {path} of {table.name} is missing: the table is damaged") from None


def live_files(table: Path) -> set[str]:
    """Return the data files of a table's newest version, as paths below its folder."""
    from fink_lib.lake.delta import delta_table  # noqa: PLC0415 - `fink backup --help` needs none

    root, opened = str(table.absolute()), delta_table(table.absolute())
    return {unquote(uri).removeprefix("file://").removeprefix(root).lstrip("/") for uri in opened.file_uris()}


def _added(log: Path) -> set[str]:
    found = set()
    for entry in log.glob("*.json"):
        for line in entry.read_text(encoding="utf-8").splitlines():
            action = json.loads(line).get("add")
            if action is not None:
                found.add(unquote(action["path"]))
    return found


def _version_of(entry: Path) -> int | None:
    """Return the version that a file of a log is of; None for what is none of it (a half-written commit, a pointer)."""
    number = entry.name.partition(".")[0]
    return int(number) if number.isdigit() and entry.suffix in {".json", ".parquet"} else None


def copy_checkpoint(source: Path, target: Path) -> None:
    """Copy a stream's checkpoint: its commits first, then its offsets, so that no commit is without its offsets.

    Spark writes the offsets of a batch before the batch and its commit after it. Files that Spark removes meanwhile
    are old ones that nobody needs.

    Parameters
    ----------
    source
        Folder of the checkpoint.
    target
        Folder of the copy.
    """
    folders = ("commits", "offsets")
    for folder in folders:
        for path in _files(source / folder):
            _copy(path, target / path.relative_to(source))
    for path in _files(source):
        if path.relative_to(source).parts[0] not in folders:
            _copy(path, target / path.relative_to(source))


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file that is replaced at once; one that is gone meanwhile is left out.

    Parameters
    ----------
    source
        The file.
    target
        The copy itself, not its folder.
    """
    _copy(source, target)


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database that others write, as it is at one moment.

    Parameters
    ----------
    source
        File of the database.
    target
        The copy itself, not its folder; it has the rights of the source.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=60)) as there,
        closing(sqlite3.connect(target)) as here,
    ):
        there.backup(here)
    target.chmod(source.stat().st_mode & 0o777)
