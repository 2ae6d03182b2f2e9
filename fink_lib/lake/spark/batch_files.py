"""The files that a micro-batch is read from, told by its plan: nothing is read, and no job runs."""

from collections.abc import Iterator
from typing import Any

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

MICRO_BATCH = "LogicalRDD"  # what Spark hands to `foreachBatch`: rows that are about to be computed
FILE_SCAN = "org.apache.spark.sql.execution.datasources.FileScanRDD"


def files_of(batch: DataFrame) -> list[str]:
    """Return the files that the rows of a micro-batch come from, as Spark names them; each once, sorted.

    A frame whose plan does not tell is asked row by row, which is a job of Spark's.
    """
    plan = batch._jdf.queryExecution().logical()  # noqa: SLF001 - the Python side has no plans
    if plan.getClass().getSimpleName() == MICRO_BATCH:
        scans = list(_scans(plan.rdd()))
        if scans:
            return sorted({path for one in scans for path in _paths(one)})
    names = batch.select(F.input_file_name().alias("file")).distinct().toArrow()["file"].to_pylist()
    return sorted(name for name in names if name)


def _scans(rows: Any) -> Iterator[Any]:
    """Yield the scans of files that rows are computed from."""
    if rows.getClass().getName() == FILE_SCAN:
        yield rows
        return
    sources = rows.dependencies()
    for number in range(sources.size()):
        yield from _scans(sources.apply(number).rdd())


def _paths(scan: Any) -> Iterator[str]:
    """Yield the files of a scan, one that is read in several parts several times."""
    partitions = scan.filePartitions()
    for number in range(partitions.size()):
        for file in partitions.apply(number).files():
            yield str(file.urlEncodedPath())
