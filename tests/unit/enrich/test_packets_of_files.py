"""Packets of accepted alerts are read out of any files of bronze, whoever wrote them."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.enrich import tasks
from fink_lib.enrich.tasks import OWN, SilverTask
from fink_lib.enrich.triage import FILE, STAMPS
from fink_lib.enrich.work import Job
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.tables.partner import PARTNER_COLUMNS
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import bronze_spec

NIGHT, MOMENT = dt.date(2021, 11, 22), dt.datetime(2021, 11, 22, 3, 4, 5, 678901, tzinfo=dt.UTC)
BRONZE = bronze_spec(ZTF).plain_schema
PASSED = ("alert_id", *KAFKA_KEY, "kafka_time", "schema_version")


def packets(first: int, count: int) -> pa.Table:
    rows = [
        {
            "night": NIGHT,
            "alert_id": offset,
            "kafka_topic": "t",
            "kafka_partition": 0,
            "kafka_offset": offset,
            "kafka_time": MOMENT + dt.timedelta(microseconds=offset),
            "schema_sha256": "a" * 64,
            "schema_version": "3.3",
            "head": b"h" * 1000,
            "tail": b"t" * 1000,
        }
        for offset in range(first, first + count)
    ]
    return pa.Table.from_pylist(rows, schema=BRONZE)


def accepted(rows: pa.Table, file: Path, *, stamps: bool) -> pa.Table:
    added = {"enrich_time": MOMENT, STAMPS: stamps, FILE: file.as_uri()}
    table = rows.select([*KAFKA_KEY, "night"])
    for name, value in added.items():
        table = table.append_column(name, pa.array([value] * rows.num_rows))
    for one in PARTNER_COLUMNS:
        table = table.append_column(one, pa.nulls(rows.num_rows, one.type))
    return table.select([*KAFKA_KEY, *OWN, FILE])


def given(*alerts: pa.Table) -> list[pa.RecordBatch]:
    job = cast("Job", SimpleNamespace(survey=ZTF))
    task = SilverTask(job, PASSED, cast("TableSpec", None), Path())
    return list(task.given(pa.concat_tables(alerts)))


def column(batches: list[pa.RecordBatch], name: str) -> list[Any]:
    return [value for batch in batches for value in batch.column(name).to_pylist()]


def test_files_of_spark_and_of_tasks_go_together(tmp_path: Path) -> None:
    of_spark, of_task = packets(0, 3), packets(3, 2)
    pq.write_table(of_spark, tmp_path / "spark.parquet", use_deprecated_int96_timestamps=True)
    pq.write_table(of_task.drop_columns(["night"]), tmp_path / "task.parquet")
    (batch,) = given(
        accepted(of_spark, tmp_path / "spark.parquet", stamps=False),
        accepted(of_task, tmp_path / "task.parquet", stamps=True),
    )
    assert batch.schema.field("kafka_time").type == BRONZE.field("kafka_time").type
    assert column([batch], "kafka_time") == [MOMENT + dt.timedelta(microseconds=offset) for offset in range(5)]
    assert column([batch], "tail") == [None, None, None, b"t" * 1000, b"t" * 1000]


def test_what_a_file_of_an_older_release_lacks_is_null(tmp_path: Path) -> None:
    older, newer = packets(0, 2), packets(2, 2)
    pq.write_table(older.drop_columns(["night", "schema_version"]), tmp_path / "older.parquet")
    pq.write_table(newer.drop_columns(["night"]), tmp_path / "newer.parquet")
    batches = given(
        accepted(older, tmp_path / "older.parquet", stamps=False),
        accepted(newer, tmp_path / "newer.parquet", stamps=False),
    )
    assert column(batches, "schema_version") == [None, None, "3.3", "3.3"]


def test_large_packets_come_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BYTES_AT_ONCE", 4000)
    rows = packets(0, 12)
    pq.write_table(rows.drop_columns(["night"]), tmp_path / "large.parquet", row_group_size=2)
    batches = given(accepted(rows, tmp_path / "large.parquet", stamps=True))
    assert [batch.num_rows for batch in batches] == [2] * 6
    assert column(batches, "kafka_offset") == list(range(12))
