"""The Avro schema of what leaves: built from the Spark columns, made for the strictest reader.

fink-client parses this schema from the key of every message. Its parquet writer dies silently on a
named type used twice, a logical type or an enum, so every record is inlined under a name of its own
and times are texts. Every field is a union with null, null first: an absent record is a real null.
"""

from typing import Any

import pyspark.sql.types as T

from fink_lib.errors import LakeError
from fink_lib.surveys.base import AvroSchema

ROOT_RECORD = "alert"

_PRIMITIVES: dict[type[T.DataType], str] = {
    T.BooleanType: "boolean",
    T.ByteType: "int",
    T.ShortType: "int",
    T.IntegerType: "int",
    T.LongType: "long",
    T.FloatType: "float",
    T.DoubleType: "double",
    T.StringType: "string",
    T.BinaryType: "bytes",
}


def _avro_type(kind: T.DataType, path: str) -> Any:
    """Return the Avro type of a Spark type; `path` makes the names of records unique."""
    if isinstance(kind, T.StructType):
        return _record(kind, path)
    if isinstance(kind, T.ArrayType):
        return {"type": "array", "items": ["null", _avro_type(kind.elementType, f"{path}_item")]}
    if isinstance(kind, T.MapType) and isinstance(kind.keyType, T.StringType):
        return {"type": "map", "values": ["null", _avro_type(kind.valueType, f"{path}_value")]}
    try:
        return _PRIMITIVES[type(kind)]
    except KeyError:
        raise LakeError(
            f"column {path} of type {kind.simpleString()} cannot leave as Avro: cast it to text or number"
        ) from None


def _record(struct: T.StructType, name: str) -> AvroSchema:
    fields = [{"name": f.name, "type": ["null", _avro_type(f.dataType, f"{name}_{f.name}")]} for f in struct.fields]
    return {"type": "record", "name": name, "fields": fields}


def writer_schema(columns: T.StructType) -> AvroSchema:
    """Return the Avro schema that messages with these columns are written with.

    Raises
    ------
    LakeError
        When a column has a type that cannot leave.
    """
    return _record(columns, ROOT_RECORD)
