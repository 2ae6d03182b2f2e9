"""A quarantine with rows of a test's own, written without a JVM."""

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from fink_lib.lake.tables import quarantine
from fink_lib.surveys import ZTF, Survey

AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def plant_quarantine(lake: Path, rows: list[dict[str, Any]], survey: Survey = ZTF) -> None:
    """Append messages to the quarantine; each row needs `kafka_offset` and `raw`."""
    spec = quarantine(survey.name)
    usual = {
        "night": None,
        "alert_id": None,
        "kafka_topic": "t",
        "kafka_partition": 0,
        "kafka_time": AT,
        "stage": "ingest",
        "error_class": "undecodable",
        "reason": "a bug of an older version",
        "quarantine_time": AT,
        "code_version": "0.0.1",
        "raw_key": b"key",
    }
    schema = spec.plain_schema
    table = DeltaTable.create(
        spec.path(lake),
        schema,
        mode="ignore",
        partition_by=list(spec.partitioned_by),
        configuration={"delta.appendOnly": "true"},
    )
    write_deltalake(table, pa.Table.from_pylist([{**usual, **row} for row in rows], schema=schema), mode="append")
