"""Remove the files that no table needs any more. Without a JVM; readers and streams are not disturbed.

What is removed left its table longer ago than the retention, which is longer than the longest outage of a stream. A
table is left alone while rows of it wait for a stream for half as long: its files may be the ones that are needed.
So is every table while a reprocessing is promoted or undone. Files that a decision may still put in force, those of
candidates and those that a promotion replaced, are passed over.
"""

import datetime as dt
import logging
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from deltalake.exceptions import CommitFailedError

from fink_lib.config import Settings
from fink_lib.errors import ReprocessRefused
from fink_lib.files import JsonObject
from fink_lib.lake.delta import delta_table
from fink_lib.lake.health import MB, health
from fink_lib.lake.tables.catalogs import gold_catalog
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.maintenance.readers import waiting
from fink_lib.reprocess.folder import one_at_a_time
from fink_lib.reprocess.kept import KeptFiles
from fink_lib.storage import LakePath, on_disk

logger = logging.getLogger(__name__)

HOURS_A_DAY = 24
CATALOG_TABLES = gold_catalog("").full_name
WAITING_SHARE = 0.5  # of the retention: the other half is what a person has to mend the stream


def vacuum_lake(settings: Settings, now: dt.datetime) -> dict[str, JsonObject]:
    """Vacuum every table of the lake; return by table what became of it.

    Parameters
    ----------
    settings
        Of the broker.
    now
        The time, in UTC.

    Returns
    -------
    As `vacuum_table` tells it.
    """
    done, lake = {}, on_disk(settings.lake, "vacuum")
    for path in sorted(path.parent for path in lake.glob("*/_delta_log")):
        done[path.name] = vacuum_table(settings, path, now)
        logger.info("table=%s %s", path.name, done[path.name])
    return done


def merge_small_files(spec: TableSpec, lake: LakePath) -> int:
    """Merge the files of a table that no night's closing compacts; return how many fewer there are.

    Parameters
    ----------
    spec
        The table; it need not exist.
    lake
        Root folder of the tables.

    Returns
    -------
    Files that went less those that came; 0 where nothing was to be merged, or somebody else was writing.
    """
    state = health(spec, lake)
    if state is None or not state.crowded:
        return 0
    try:
        done = delta_table(spec.path(lake)).optimize.compact(target_size=spec.file_mb * MB)
    except CommitFailedError:
        logger.info("table=%s was being written: its files are merged another day", spec.full_name)
        return 0
    return int(done["numFilesRemoved"]) - int(done["numFilesAdded"])


def retention_h(settings: Settings, table: str) -> int:
    """Return how long files that a table no longer needs are kept: those of catalogues, which are versions, longer.

    Parameters
    ----------
    settings
        Tell both times.
    table
        Full name.

    Returns
    -------
    Hours.
    """
    if table.startswith(CATALOG_TABLES):
        return max(settings.vacuum_retention_h, settings.catalog_retention_days * HOURS_A_DAY)
    return settings.vacuum_retention_h


def vacuum_table(settings: Settings, path: Path, now: dt.datetime) -> JsonObject:
    """Vacuum one table, or say what keeps it from being vacuumed: a stream, or a promotion that is at work.

    Parameters
    ----------
    settings
        Of the broker.
    path
        Folder of the table.
    now
        The time, in UTC.

    Returns
    -------
    ``removed`` (files), ``removed_bytes``, and ``kept_because``, which is empty where it was vacuumed.
    """
    try:
        with one_at_a_time(settings):
            return _vacuum(settings, path, now)
    except ReprocessRefused as refusal:
        return {"removed": 0, "removed_bytes": 0, "kept_because": str(refusal)}


def _vacuum(settings: Settings, path: Path, now: dt.datetime) -> JsonObject:
    table = delta_table(path)  # opened under the lock: what was committed before it is seen
    limit = now - dt.timedelta(hours=settings.vacuum_retention_h * WAITING_SHARE)
    late = [one for one in waiting(table, settings.checkpoints) if one.since < limit]
    if late:
        told = "; ".join(f"rows wait for {one.stream} since {one.since:%Y-%m-%d %H:%M}" for one in late)
        return {"removed": 0, "removed_bytes": 0, "kept_because": told}
    vacuum = partial(table.vacuum, retention_h(settings, path.name), enforce_retention_duration=False, full=True)
    found, kept = vacuum(dry_run=True), KeptFiles.of(settings, path)
    names = [name for name in found if unquote(name) not in kept]
    size = sum(_size(path / unquote(name)) for name in names)
    if len(names) < len(found):  # delta-rs removes all or none
        for name in names:
            (path / unquote(name)).unlink(missing_ok=True)
    elif names:
        vacuum(dry_run=False)
    return {"removed": len(names), "removed_bytes": size, "kept_because": ""}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
