"""Which files a micro-batch has, out of its plan."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyspark.sql.functions as F
import pytest
from deltalake import write_deltalake
from pyspark.sql import DataFrame, SparkSession

from fink_lib.lake.spark.batch_files import files_of

pytestmark = pytest.mark.spark

COMMITS = 3


@pytest.fixture
def table(tmp_path: Path) -> str:
    """A table of three files of one row each, in a folder whose name is written otherwise in an address."""
    path = str(tmp_path / "a table")
    for day in range(COMMITS):
        rows = pa.table({"night": pa.array([dt.date(2021, 11, day + 1)]), "number": [day]})
        write_deltalake(path, rows, mode="append", partition_by=["night"])
    return path


def test_the_plan_of_a_micro_batch_names_the_files_that_its_rows_come_from(
    spark: SparkSession, table: str, tmp_path: Path
) -> None:
    told: list[list[str]] = []
    read: list[list[str]] = []
    jobs: list[int] = []

    def look(batch: DataFrame, batch_id: int) -> None:
        group = f"files of {batch_id}"
        spark.sparkContext.setJobGroup(group, "what files a batch has")
        told.append(files_of(batch))
        jobs.append(len(spark.sparkContext.statusTracker().getJobIdsForGroup(group)))
        read.append(sorted(row[0] for row in batch.select("file").distinct().collect()))

    rows = spark.readStream.format("delta").option("maxFilesPerTrigger", 2).load(table)
    rows = rows.where("number >= 0").select("number", F.input_file_name().alias("file"))
    query = rows.writeStream.foreachBatch(look).option("checkpointLocation", str(tmp_path / "c"))
    assert query.trigger(availableNow=True).start().awaitTermination(120)
    assert told == read
    assert [len(files) for files in told] == [2, 1]
    assert jobs == [0, 0]


def test_any_other_frame_is_asked(spark: SparkSession, table: str) -> None:
    assert len(files_of(spark.read.format("delta").load(table))) == COMMITS
    assert files_of(spark.range(3).toDF("id")) == []
