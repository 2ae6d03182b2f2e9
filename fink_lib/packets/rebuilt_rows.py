"""Rows of bronze as v0.1.0 wrote them, packets as columns, made into rows as they are now: packets as bytes.

The bytes are made out of the columns, in the survey's own schema, and each row says so: they prove nothing about what
the telescope sent.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pyarrow.dataset import Scanner

from fink_lib.packets.rebuilt import Rebuilder
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec, fact_schema

ROWS_AT_ONCE = 500  # packets as Python objects at one time, some 50 MB
# What a scan of old rows is to hold in memory at one time
SPARING = {"batch_size": ROWS_AT_ONCE, "batch_readahead": 1, "fragment_readahead": 1}


def rebuilt_rows(rows: Scanner, survey: Survey, writer: Rebuilder) -> Iterator[pa.RecordBatch]:
    """Yield old rows as rows of today's bronze.

    Parameters
    ----------
    rows
        All columns of rows that v0.1.0 wrote.
    survey
        Whose packets.
    writer
        Writes their bytes; the schema that it does so by is to stand in ``bronze__schemas``.
    """
    facts, schema = fact_schema(survey).names, bronze_spec(survey).plain_schema
    for batch in rows.to_batches():
        packets = batch.to_pylist()
        halves = [writer.write(packet) for packet in packets]
        known: dict[str, Any] = {name: batch.column(name) for name in batch.schema.names if name not in facts}
        known |= {name: _pruned(packets, name, schema.field(name).type) for name in facts}
        known |= {
            "schema_sha256": pa.repeat(writer.sha256, len(packets)),
            "rebuilt": pa.repeat(pa.scalar(value=True), len(packets)),
            "head": pa.array([head for head, _ in halves], pa.binary()),
            "tail": pa.array([tail for _, tail in halves], pa.binary()),
        }
        known |= {one.name: pa.nulls(len(packets), one.type) for one in schema if one.name not in known}
        yield pa.RecordBatch.from_arrays([known[one.name].cast(one.type) for one in schema], schema=schema)


def _pruned(packets: list[dict[str, Any]], name: str, kind: pa.DataType) -> pa.Array:
    return pa.array([packet[name] for packet in packets], kind)
