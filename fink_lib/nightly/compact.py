"""Compact the night's partitions: many small files of a stream become few; streams that read them do not notice.

OPTIMIZE commits with ``dataChange = false``: no row changes, streams skip it, and append-only tables allow it.
"""

import datetime as dt
import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from delta.tables import DeltaTable
from deltalake import DeltaTable as LakeTable
from pyspark.sql import SparkSession

from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.results import JsonObject
from fink_lib.nightly.snapshot import night_specs, table_version

logger = logging.getLogger(__name__)

ENOUGH_FILES = 2  # one file cannot be made fewer


def run(context: NightContext) -> Outcome:
    """Compact the night in every table of the survey."""
    done: dict[str, JsonObject] = {}
    for table, spec in night_specs(context.survey).items():
        path = spec.path(context.settings.lake)
        if table_version(path) is None:
            continue
        before = partition_files(path, context.night)
        if before["files"] >= ENOUGH_FILES:
            compact_night(context.session, path, context.night)
        done[str(table)] = {
            "before": before,
            "after": partition_files(path, context.night),
            "version": table_version(path),
        }
        logger.info("night=%s table=%s files=%d", context.label, table, done[str(table)]["after"]["files"])
    return Outcome({"survey": context.survey.name, "night": context.night.isoformat(), "tables": done})


def compact_night(session: SparkSession, path: Path, night: dt.date) -> None:
    """Rewrite the files of one night into as few as Delta's target size allows."""
    optimize = DeltaTable.forPath(session, str(path)).optimize()
    optimize.where(f"night = DATE'{night.isoformat()}'").executeCompaction()


def partition_files(path: Path, night: dt.date) -> dict[str, int]:
    """Return number, bytes and rows of a night's files, out of the table's log."""
    files = pa.table(LakeTable(str(path)).get_add_actions(flatten=True))
    of_night = pc.equal(files["partition.night"], night)
    kept = pc.fill_null(of_night, fill_value=False)
    return {
        "files": int(pc.sum(kept).as_py() or 0),
        "bytes": int(pc.sum(pc.filter(files["size_bytes"], kept)).as_py() or 0),
        "rows": int(pc.sum(pc.filter(files["num_records"], kept)).as_py() or 0),
    }
