"""Rows of a table as Avro: a schema that any reader knows, and a datum a row."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fink_lib.avro.encode import datums

RECORD = "row"
ROWS_AT_ONCE = 2_000
AVRO = {
    "bool": "boolean", "int8": "int", "int16": "int", "int32": "int", "uint8": "int", "uint16": "int",
    "int64": "long", "uint32": "long", "float": "float", "double": "double",
}  # fmt: skip
TIME = "%Y-%m-%dT%H:%M:%S"


def schema_of_rows(columns: dict[str, str]) -> bytes:
    """Return the schema of rows, as JSON: every field may be null; days and times are texts, as on other topics.

    Parameters
    ----------
    columns
        Name → type, as a table of people has them.
    """
    fields = [{"name": name, "type": ["null", AVRO.get(kind, "string")]} for name, kind in columns.items()]
    return json.dumps({"type": "record", "name": RECORD, "fields": fields}, separators=(",", ":")).encode()


def datums_of(file: Path) -> Iterator[bytes]:
    """Yield the rows of a table, in order.

    Parameters
    ----------
    file
        Of the table.
    """
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(ROWS_AT_ONCE):
            columns = [_plain(column) for column in batch.columns]
            yield from datums(columns, [one.type for one in columns]).to_pylist()


def _plain(column: pa.Array) -> pa.Array:
    """Return a column as what Avro has: days and times as texts."""
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, TIME)
    return column.cast(pa.string()) if pa.types.is_date(column.type) else column
