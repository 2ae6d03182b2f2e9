"""Packets made from a schema alone: every field holds the same plain value of its type."""

import gzip
import io
import json
from typing import Any

import fastavro

from fink_lib.surveys.framing import ContainerFraming
from fink_lib.surveys.superset import collect_named, plain_type

VALUES: dict[str, Any] = {
    "boolean": True,
    "int": 1,
    "long": 2**53 + 1,
    "float": 0.5,
    "double": 2459000.5,
    "string": "x",
    "bytes": gzip.compress(b"stamp", mtime=0),
}

TOY: dict[str, Any] = {
    "type": "record",
    "name": "toy",
    "fields": [{"name": "id", "type": "long"}, {"name": "text", "type": "string"}],
}


def example(schema: Any, named: dict[str, Any]) -> Any:
    """A value that fits a schema."""
    node = plain_type(schema, named)
    if isinstance(node, str):
        return VALUES[node]
    if node["type"] == "array":
        return [example(node["items"], named)]
    return {fld["name"]: example(fld["type"], named) for fld in node["fields"]}


def body_of(schema: dict[str, Any], record: dict[str, Any]) -> bytes:
    """The Avro datum of a record."""
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(json.loads(json.dumps(schema))), record)
    return stream.getvalue()


def toy_message(number: int = 7) -> bytes:
    """A whole container with one small record."""
    return ContainerFraming().wrap(TOY, body_of(TOY, {"id": number, "text": "x" * 40}))


def container_of(schema: dict[str, Any]) -> bytes:
    """A container with one record made from the schema."""
    record = example(schema, collect_named(schema))
    return ContainerFraming().wrap(schema, body_of(schema, record))
