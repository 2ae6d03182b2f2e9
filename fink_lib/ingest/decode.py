"""Bytes → the packet as bronze holds it, in the JVM."""

import json
from collections.abc import Sequence
from typing import TypeAlias

import pyspark.sql.functions as F
from pyspark.sql import Column
from pyspark.sql.avro.functions import from_avro

from fink_lib.ingest.opening import opening_of
from fink_lib.ingest.writers import Writer
from fink_lib.surveys import Survey
from fink_lib.surveys.base import AvroSchema
from fink_lib.surveys.container import write_long

Columns: TypeAlias = dict[str, Column]

WRITER, BODY, PACKET = "_writer", "_body", "_packet"
END_FIELD, END = "_end", 0x656E64206F662069  # any number that no packet ends with by chance
# A length field with a flipped bit can ask for gigabytes; Avro then throws instead of exhausting the heap.
AVRO_LIMITS = {
    "org.apache.avro.limits.bytes.maxLength": str(64 * 1024 * 1024),
    "org.apache.avro.limits.string.maxLength": str(1024 * 1024),
    "org.apache.avro.limits.collectionItems.maxLength": "1000000",
}


def opening_steps(survey: Survey, writers: Sequence[Writer]) -> tuple[Columns, Columns, Columns]:
    """Return the columns that open a message, in three steps that each read the one before.

    They are the number of the writer, null where it is none of these; the datum; and the packet.
    """
    opening = opening_of(survey.framing.name)
    starts = [F.startswith(F.col("value"), F.lit(writer.prefix)) for writer in writers]
    lengths = [F.lit(len(writer.prefix)) for writer in writers]
    body = opening.body(F.col("value"), _by_writer(lengths))
    packets = [from_avro(F.col(BODY), _ended(json.loads(writer.schema)), _options(survey)) for writer in writers]
    return (
        {WRITER: _first_true(starts)},
        {BODY: F.concat(body, F.lit(write_long(END)))},
        {PACKET: _by_writer(packets)},
    )


def decoded_as_read(body: Column, survey: Survey) -> Column:
    """Return the packet of a datum that is already written in the survey's reader schema."""
    return from_avro(body, json.dumps(survey.reader_schema), {"mode": "PERMISSIVE"})


def whole() -> Column:
    """Tell whether a packet used all bytes of its datum, not fewer; null where it could not be read."""
    return F.col(f"{PACKET}.{END_FIELD}") == F.lit(END)


def _options(survey: Survey) -> dict[str, str]:
    return {"mode": "PERMISSIVE", "avroSchema": _ended(survey.reader_schema)}


def _ended(schema: AvroSchema) -> str:
    """Add a last field to a schema. Avro does not mind bytes left over, so each datum gets an end to be read."""
    return json.dumps({**schema, "fields": [*schema["fields"], {"name": END_FIELD, "type": "long"}]})


def writer_value(values: Sequence[str | None]) -> Column:
    """Return, for each row, the value that belongs to its writer."""
    return _by_writer([F.lit(value).cast("string") for value in values])


def _first_true(conditions: Sequence[Column]) -> Column:
    return F.coalesce(*(F.when(condition, F.lit(number)) for number, condition in enumerate(conditions)))


def _by_writer(values: Sequence[Column]) -> Column:
    chosen = F.when(F.col(WRITER) == 0, values[0])
    for number, value in enumerate(values[1:], start=1):
        chosen = chosen.when(F.col(WRITER) == number, value)
    return chosen
