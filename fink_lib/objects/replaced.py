"""Nights whose rows somebody replaced: a promotion of a reprocessing, or its undoing. No JVM."""

import datetime as dt
import json

from fink_lib.lake.log import entry
from fink_lib.storage import LakePath


def replaced_nights(table: LakePath, since: int, upto: int) -> set[dt.date] | None:
    """Return the nights whose rows were replaced by the commits after one version of a table, up to another.

    Rows that a stream appends are not meant: their night is closed anew. Nor are files that compaction rewrites.

    Parameters
    ----------
    table
        Folder of a table that is partitioned by night.
    since, upto
        Versions; of the first nothing is read.

    Returns
    -------
    set of date, or None
        None where an entry of the log is gone, so that nobody can tell.
    """
    found: set[dt.date] = set()
    for version in range(since + 1, upto + 1):
        path = entry(table, version)
        if not path.exists():
            return None
        removed = (json.loads(line).get("remove") for line in path.read_text().splitlines())
        nights = {one["partitionValues"].get("night") for one in removed if one and one.get("dataChange", True)}
        found |= {dt.date.fromisoformat(night) for night in nights if night}
    return found
