"""Avro types as Spark types, without a JVM."""

from typing import Any

import pyspark.sql.types as T

from fink_lib.errors import LakeError
from fink_lib.surveys.base import AvroSchema

_PRIMITIVES: dict[str, T.DataType] = {
    "boolean": T.BooleanType(),
    "int": T.IntegerType(),
    "long": T.LongType(),
    "float": T.FloatType(),
    "double": T.DoubleType(),
    "string": T.StringType(),
    "bytes": T.BinaryType(),
}


def spark_type(schema: Any) -> T.DataType:
    """Return the Spark type of an Avro schema whose records are all inline.

    Raises
    ------
    LakeError
        When the schema holds a type that no packet has used so far (map, enum, fixed, wide union).
    """
    if isinstance(schema, list):
        branches = [branch for branch in schema if branch != "null"]
        if len(branches) == 1:
            return spark_type(branches[0])
    elif isinstance(schema, str) and schema in _PRIMITIVES:
        return _PRIMITIVES[schema]
    elif isinstance(schema, dict):
        if schema["type"] == "record":
            return spark_struct(schema)
        if schema["type"] == "array":
            return T.ArrayType(spark_type(schema["items"]))
        return spark_type(schema["type"])
    raise LakeError(f"no Spark type for the Avro type {schema!r}")


def spark_struct(record: AvroSchema) -> T.StructType:
    """Return the struct of an Avro record, every field nullable."""
    return T.StructType([T.StructField(fld["name"], spark_type(fld["type"])) for fld in record["fields"]])
