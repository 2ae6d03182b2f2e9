"""The schema that travels as the key: what the strictest reader of it accepts."""

import io
import json
from collections.abc import Iterator
from typing import Any

import fastavro
import pyspark.sql.types as T
import pytest

from fink_lib.distribute.avro_schema import writer_schema
from fink_lib.distribute.framing import schema_text
from fink_lib.errors import LakeError
from fink_lib.lake.spark.table import spark_struct
from fink_lib.surveys import SURVEYS, Survey
from fink_lib.surveys.tables import packet_schema


def named(node: Any) -> Iterator[str]:
    """Yield the name of every record in a schema."""
    if isinstance(node, list):
        for branch in node:
            yield from named(branch)
    elif isinstance(node, dict):
        if node["type"] == "record":
            yield node["name"]
        for part in (node.get("items"), node.get("values"), *(f["type"] for f in node.get("fields", []))):
            yield from named(part)


@pytest.mark.parametrize("survey", SURVEYS.values(), ids=lambda survey: survey.name)
def test_every_record_is_inlined_under_a_name_of_its_own(survey: Survey) -> None:
    schema = writer_schema(spark_struct(packet_schema(survey, cutouts=True)))
    names = list(named(schema))
    assert len(names) >= 3
    assert len(names) == len(set(names))
    assert "logicalType" not in schema_text(schema)


@pytest.mark.parametrize("survey", SURVEYS.values(), ids=lambda survey: survey.name)
def test_the_text_is_minified_and_parses_to_the_same_schema(survey: Survey) -> None:
    schema = writer_schema(spark_struct(packet_schema(survey, cutouts=True)))
    text = schema_text(schema)
    assert json.loads(text) == schema
    assert len(text) == len("".join(text.split()))
    fastavro.parse_schema(json.loads(text))


def test_records_arrays_maps_and_nulls_survive_a_round_trip() -> None:
    columns = T.StructType(
        [
            T.StructField("id", T.LongType()),
            T.StructField("record", T.StructType([T.StructField("x", T.FloatType())])),
            T.StructField("history", T.ArrayType(T.StructType([T.StructField("mag", T.DoubleType())]))),
            T.StructField("versions", T.MapType(T.StringType(), T.StringType())),
            T.StructField("stamp", T.BinaryType()),
        ]
    )
    schema = fastavro.parse_schema(writer_schema(columns))
    for row in (
        {"id": 2**53 + 1, "record": {"x": 0.5}, "history": [{"mag": 1.0}, None], "versions": {"a": "1"}, "stamp": b"z"},
        dict.fromkeys(columns.fieldNames()),
    ):
        body = io.BytesIO()
        fastavro.schemaless_writer(body, schema, row)
        assert fastavro.schemaless_reader(io.BytesIO(body.getvalue()), schema, None) == row


def test_a_column_that_cannot_leave_is_named() -> None:
    inner = T.StructType([T.StructField("when", T.TimestampType())])
    with pytest.raises(LakeError, match="alert_fact_when of type timestamp"):
        writer_schema(T.StructType([T.StructField("fact", inner)]))
