"""Clean the logs of tables: commits that no reader needs any more, and only when a checkpoint holds their sum.

An entry is kept as long as the files that it names are, for every version that a stopped stream would go on from, and
for every version that a reprocessing is pinned to, which the way back of a promotion is too. The log is then cut at
the last checkpoint before all of these; what remains can be read from its first version to its last.
"""

import datetime as dt
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
from deltalake import DeltaTable
from pyarrow import ArrowException

from fink_lib.config import Settings
from fink_lib.lake.delta import delta_table
from fink_lib.lake.log import LOG, PROPERTIES, checkpointed, keep_log
from fink_lib.lake.tables.catalogs import FOR_EVER
from fink_lib.lake.versions import Table
from fink_lib.maintenance.readers import next_version
from fink_lib.maintenance.vacuum import retention_h
from fink_lib.reprocess.folder import RequestFolder, listed
from fink_lib.storage import on_disk
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import night_specs

logger = logging.getLogger(__name__)

NAME = re.compile(r"\.?(\d{20})\..+")
CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")
INTERVAL = int(PROPERTIES["delta.checkpointInterval"])


def clean_logs(settings: Settings, now: dt.datetime) -> dict[str, int]:
    """Clean the log of every table of the lake; return by table how many files went.

    Parameters
    ----------
    settings
        Of the broker.
    now
        The time, in UTC.
    """
    done = {}
    for path in sorted(path.parent for path in on_disk(settings.lake, "the cleaning of logs").glob(f"*/{LOG}")):
        if keep_log(path):
            logger.info("table=%s its log is cleaned by maintenance from now on", path.name)
        done[path.name] = clean_log(settings, path, now)
    return done


def clean_log(settings: Settings, path: Path, now: dt.datetime) -> int:
    """Remove entries of one table that nobody needs; return how many files went.

    Parameters
    ----------
    settings
        Tell for how many hours a table's files are kept, and where checkpoints and requests are.
    path
        Folder of the table.
    now
        The time, in UTC.
    """
    table = delta_table(path)
    if set(FOR_EVER) <= set(table.metadata().configuration):
        return 0
    if table.version() - (checkpointed(path) or 0) >= INTERVAL:
        table.create_checkpoint()
    limit = now.timestamp() - retention_h(settings, path.name) * 3600
    cut = last_checkpoint(path / LOG, before=limit, upto=min([table.version(), *needed(settings, table)]))
    if cut is None:
        return 0
    old = sorted(file for file in (path / LOG).iterdir() if (version := version_of(file)) is not None and version < cut)
    for file in old:  # the oldest first: what is left when this breaks off has no hole
        file.unlink(missing_ok=True)
    return len(old)


def last_checkpoint(log: Path, before: float, upto: int) -> int | None:
    """Return the last checkpoint that is whole, of a version no later than one, and written before a Unix time.

    Parameters
    ----------
    log
        Folder of the log.
    before
        Unix time, in seconds.
    upto
        Greatest version.

    Returns
    -------
    Its version; None where there is none.
    """
    found = [(int(match[1]), file) for file in log.iterdir() if (match := CHECKPOINT.fullmatch(file.name))]
    for version, file in sorted(found, reverse=True):
        if version <= upto and file.stat().st_mtime < before and _is_whole(file):
            return version
    return None


def needed(settings: Settings, table: DeltaTable) -> Iterator[int]:
    """Yield the versions of a table that somebody may still read from: stopped streams and reprocessings.

    Parameters
    ----------
    settings
        Name the folders of checkpoints and requests.
    table
        Opened.
    """
    table_id = str(table.metadata().id)
    for folder in sorted(path.parent for path in settings.checkpoints.glob("*/*/offsets")):
        # A batch that was planned and not done is done again: it begins where the one before it ended.
        yield from (version for back in (0, 1) if (version := next_version(folder, table_id, back)) is not None)
    for request in listed(settings):
        if request.candidate.exists() or request.kept.exists() or not request.has("plan"):
            yield from _pinned(request, table)


def _pinned(request: RequestFolder, table: DeltaTable) -> Iterator[int]:
    """Yield the version of a table that a request reads, whether it was planned or only asked for."""
    asked, name = request.request(), Path(table.table_uri).name
    versions = request.read("plan")["versions"] if request.has("plan") else {str(Table.BRONZE): asked.bronze_version}
    for one, spec in night_specs(get_survey(asked.survey)).items():
        version = versions.get(str(one))
        if spec.full_name == name and version is not None:
            yield int(version)


def version_of(file: Path) -> int | None:
    """Return the version that a file of a log is of; None for the pointer to the last checkpoint, and for others."""
    match = NAME.fullmatch(file.name)
    return int(match[1]) if match else None


def _is_whole(file: Path) -> bool:
    try:
        return bool(pq.read_metadata(file).num_rows)
    except (OSError, ArrowException):
        return False
