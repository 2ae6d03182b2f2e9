"""A large night in the order of the sky: Spark's Z-order, which interleaves the ranks of the coordinates."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from fink_lib.lake.health import MB
from fink_lib.lake.tables.spec import TableSpec

BLOOM_BYTES = 1 << 20  # at most, of one column and row group; sized by the number of values below that


def compact_night(session: SparkSession, spec: TableSpec, path: Path, night: dt.date, row_group_bytes: int) -> None:
    """Rewrite the files of one night into as few as the table's file size allows, clustered as its spec says."""
    with conf(session, layout_conf(spec, row_group_bytes)):
        optimize = DeltaTable.forPath(session, str(path)).optimize().where(f"night = DATE'{night.isoformat()}'")
        if spec.clustered_by:
            optimize.executeZOrderBy(*spec.clustered_by)
        else:
            optimize.executeCompaction()


def layout_conf(spec: TableSpec, row_group_bytes: int) -> dict[str, str]:
    """Return the session settings that make files of the table as they should be."""
    blooms = {f"parquet.bloom.filter.enabled#{column}": "true" for column in spec.looked_up_by}
    return {
        "spark.databricks.delta.optimize.maxFileSize": str(spec.file_mb * MB),
        "spark.databricks.io.skipping.mdc.sortWithinFiles": "true",
        "parquet.block.size": str(row_group_bytes),
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
