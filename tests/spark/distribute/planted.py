"""A lake whose bronze and silver hold real packets, with science set by hand where a test says so."""

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyspark.sql.types as T
from pyspark.sql import SparkSession

from fink_lib.lake.spark.table import ensure_table, spark_schema
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import bronze_spec
from fink_lib.testing.bytes import kept_bytes
from tests.builders.packet_rows import Packet, arrived

TOPIC = "ztf_20231018_programid1"
ARRIVED = dt.datetime(2023, 10, 18, 4, 5, 6, 789000, tzinfo=dt.UTC)


def _nested(value: Any, kind: T.DataType) -> Any:
    """Give a packet the shape of the table: every field present, in order."""
    if value is None:
        return None
    if isinstance(kind, T.StructType):
        return {field.name: _nested(value.get(field.name), field.dataType) for field in kind.fields}
    if isinstance(kind, T.ArrayType):
        return [_nested(item, kind.elementType) for item in value]
    if isinstance(kind, T.DoubleType | T.FloatType):
        return float(value)
    return value


def rows_of(
    table: TableSpec, packets: list[Packet], extra: Callable[[int, Packet], Mapping[str, Any]], first: int = 0
) -> list[Any]:
    """Return the packets as rows of a table; `extra` gives the columns that are not in a packet."""
    rows = []
    for number, packet in enumerate(packets, start=first):
        place = arrived(ZTF, packet, number, ARRIVED, topic=TOPIC, partition=number % 2, ingest_s=1.0)
        head = {
            **place,
            "enrich_time": ARRIVED + dt.timedelta(seconds=2),
            "code_version": "0.0.test",
        }
        facts = {**packet, **head, **extra(number, packet)}
        rows.append(_nested(facts, spark_schema(table)))
    return rows


def add(session: SparkSession, table: TableSpec, lake: Path, rows: list[Any]) -> None:
    """Append rows to a table, made where it is missing."""
    path = ensure_table(table, session, lake)
    frame = session.createDataFrame(pa.Table.from_pylist(rows, schema=table.plain_schema))
    frame.coalesce(1).write.format("delta").mode("append").save(str(path))


def plant(
    session: SparkSession,
    lake: Path,
    packets: list[Packet],
    science: Callable[[int, Packet], Mapping[str, Any]],
    first: int = 0,
) -> None:
    """Write packets into bronze and silver of ZTF; they are numbered, as they arrived, from `first`."""
    bronze, silver = bronze_spec(ZTF), silver_spec(ZTF)
    add(session, bronze, lake, rows_of(bronze, packets, lambda _, packet: kept_bytes(packet, "ztf", lake), first))
    add(session, silver, lake, rows_of(silver, packets, science, first))
