"""Rewrite the small files of a night into few, in the order of the sky; streams are not disturbed.

Alerts that are close on the sky come to stand close in a file (a Z-order curve over right ascension and
declination), so that a cone reads few row groups; a Bloom filter a row group, or its dictionary where names repeat,
tells which ones cannot hold an object or an alert. The rows are the same: who reads the table as a stream sees nothing.
"""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from delta.tables import DeltaTable
from deltalake import DeltaTable as LakeTable
from pyspark.sql import SparkSession

from fink_lib.lake.health import MB, fewest_files, is_crowded
from fink_lib.lake.table import TableSpec
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.results import JsonObject
from fink_lib.nightly.snapshot import night_specs, table_version

logger = logging.getLogger(__name__)

ROW_GROUP_BYTES = 16 * MB  # what a query reads at least of a file that may hold what it looks for
BLOOM_BYTES = 1 << 20  # at most, of one column and row group; sized by the number of values below that


def run(context: NightContext) -> Outcome:
    """Compact the night in every table of the survey."""
    done: dict[str, JsonObject] = {}
    for table, spec in night_specs(context.survey).items():
        path = spec.path(context.settings.lake)
        if table_version(path) is None:
            continue
        before = partition_files(path, context.night)
        if is_crowded(before["files"], before["bytes"], spec.file_mb):
            compact_night(context.session, spec, path, context.night)
        after = partition_files(path, context.night)
        done[str(table)] = {
            "before": before,
            "after": after,
            "fewest": fewest_files(after["bytes"], spec.file_mb),
            "file_mb": spec.file_mb,
            "version": table_version(path),
        }
        logger.info("night=%s table=%s files=%d", context.label, table, after["files"])
    return Outcome({"survey": context.survey.name, "night": context.night.isoformat(), "tables": done})


def compact_night(session: SparkSession, spec: TableSpec, path: Path, night: dt.date) -> None:
    """Rewrite the files of one night into as few as the table's file size allows, clustered as its spec says."""
    with conf(session, layout_conf(spec)):
        optimize = DeltaTable.forPath(session, str(path)).optimize().where(f"night = DATE'{night.isoformat()}'")
        if spec.clustered_by:
            optimize.executeZOrderBy(*spec.clustered_by)
        else:
            optimize.executeCompaction()


def layout_conf(spec: TableSpec) -> dict[str, str]:
    """Return the session settings that make files of the table as they should be."""
    blooms = {f"parquet.bloom.filter.enabled#{column}": "true" for column in spec.looked_up_by}
    return {
        "spark.databricks.delta.optimize.maxFileSize": str(spec.file_mb * MB),
        "spark.databricks.io.skipping.mdc.sortWithinFiles": "true",
        "parquet.block.size": str(ROW_GROUP_BYTES),
        "parquet.bloom.filter.adaptive.enabled": "true",
        "parquet.bloom.filter.max.bytes": str(BLOOM_BYTES),
        **blooms,
    }


@contextmanager
def conf(session: SparkSession, settings: Mapping[str, str]) -> Iterator[None]:
    """Set session settings for a while, then put back what was there."""
    before = {name: session.conf.get(name, None) for name in settings}
    for name, value in settings.items():
        session.conf.set(name, value)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                session.conf.unset(name)
            else:
                session.conf.set(name, old)


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
