"""The log of a table: how it is kept, and its newest entry, found without a look at all the others."""

import json
import logging
from collections.abc import Iterator

from deltalake.exceptions import CommitFailedError

from fink_lib.lake.delta import delta_table
from fink_lib.storage.paths import AnyPlace, LakePath

logger = logging.getLogger(__name__)

LOG, POINTER = "_delta_log", "_last_checkpoint"
# A reader opens the last checkpoint and the entries after it: few. What is before goes by maintenance alone, which
# knows the streams that are stopped and the versions that are pinned; Delta and delta-rs would go by age.
PROPERTIES = {"delta.checkpointInterval": "10", "delta.enableExpiredLogCleanup": "false"}


def entry(table: AnyPlace, version: int) -> AnyPlace:
    """Return the file of a commit.

    Parameters
    ----------
    table
        Folder of the table.
    version
        The version that the commit made; its file need not exist.
    """
    return table / LOG / f"{version:020d}.json"  # type: ignore[return-value]


def newest_version(table: LakePath) -> int:
    """Return the newest version of a table, -1 where there is none.

    Versions follow each other without a gap, so that after the last checkpoint each is asked for by its name.
    """
    version = checkpointed(table)
    if version is None:  # a young table: there are few to list
        entries = (table / LOG).glob("*.json")
        version = max((int(path.stem) for path in entries if path.stem.isdigit()), default=-1)
    return version + sum(1 for _ in entries_from(table, version + 1))


def entries_from(table: LakePath, version: int) -> Iterator[LakePath]:
    """Yield the commits of a table from a version on.

    Parameters
    ----------
    table
        Folder of the table.
    version
        The first that is asked for; the end is before the first one that has no file.
    """
    while (found := entry(table, version)).exists():
        yield found
        version += 1


def checkpointed(table: LakePath) -> int | None:
    """Return the version of the last checkpoint; None where none is told of."""
    try:
        return int(json.loads((table / LOG / POINTER).read_text())["version"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # of a disk or a store that fails nothing is known
        return None


def keep_log(table: LakePath) -> bool:
    """Give a table the properties of a log that maintenance cleans; tell whether it lacked any.

    A table that is written at this moment is left for another time.
    """
    opened = delta_table(table)
    there = opened.metadata().configuration
    lacking = {name: value for name, value in PROPERTIES.items() if there.get(name) != value}
    if lacking:
        try:
            opened.alter.set_table_properties(lacking)
        except CommitFailedError as error:
            logger.info("table=%s was being written: its log is kept as before: %s", table.name, error)
            return False
    return bool(lacking)
