"""Turn an alert that somebody exported with columns of their own back into the packet that the survey sent."""

import io
import json
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import fastavro

from fink_lib.surveys.base import AvroSchema, Survey
from fink_lib.surveys.native import native_schemas
from fink_lib.surveys.superset import field_paths, mismatches

_INTEGERS = ("int", "long")
_FLOATS = ("float", "double")


class CannotRebuild(Exception):
    """The record is not an alert of this survey, or lacks a value that the survey always gives."""


def is_foreign_export(schema: AvroSchema, survey: Survey) -> bool:
    """Tell whether a schema holds all that the survey publishes, and columns beside it that it does not know.

    Parameters
    ----------
    schema
        The one that a file was written with.
    survey
        Whose packets it may hold; where its own schemas are not at hand, the answer is no.
    """
    if not native_schemas(survey.name):
        return False
    written = set(field_paths(schema))
    native = set(field_paths(native_schemas(survey.name)[0]))
    extra = written - set(field_paths(survey.reader_schema))
    roots = {fld["name"] for fld in survey.reader_schema["fields"]}
    beside = all(path.split(".")[0] not in roots for path in extra)
    return bool(extra) and beside and native <= written and not mismatches(schema, survey.reader_schema)


def rebuild(record: Mapping[str, Any], survey: Survey) -> bytes:
    """Write the survey's part of a record as the survey frames it; the same record gives the same bytes.

    Parameters
    ----------
    record
        The alert, field → value; fields that the survey does not know are left out.
    survey
        Whose packet it becomes, by the oldest of its schemas that has a place for all values.

    Raises
    ------
    CannotRebuild
        When no writer schema of the survey can hold it.
    """
    schema = _native_for(record, survey)
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, _parsed(json.dumps(schema)), conform(record, schema))
    return survey.framing.wrap(schema, stream.getvalue())


def _native_for(record: Mapping[str, Any], survey: Survey) -> AvroSchema:
    """Choose the oldest writer schema that has a place for everything the record holds."""
    roots = {fld["name"] for fld in survey.reader_schema["fields"]}
    held = {name for name, value in record.items() if value is not None and name in roots}
    for schema in native_schemas(survey.name):
        if held <= {fld["name"] for fld in schema["fields"]}:
            return schema
    raise CannotRebuild(f"no writer schema of {survey.name} holds {', '.join(sorted(held))}")


def conform(record: Mapping[str, Any], schema: AvroSchema) -> dict[str, Any]:
    """Return the schema's fields of a record, each in the schema's type.

    Exports write missing numbers as NaN and nullable integers as floats; both are undone.

    Parameters
    ----------
    record
        Field → value; those that the schema does not have are left out.
    schema
        A schema of a record, with all records that it names.

    Raises
    ------
    CannotRebuild
        When a field that must have a value has none, or a value does not fit its type.
    """
    named = dict(_records(schema))
    return _conform_record(record, schema, named)


def _conform_record(record: Mapping[str, Any], schema: AvroSchema, named: Mapping[str, Any]) -> dict[str, Any]:
    return {fld["name"]: _conform(record.get(fld["name"]), fld["type"], named, fld["name"]) for fld in schema["fields"]}


def _conform(value: Any, schema: Any, named: Mapping[str, Any], name: str) -> Any:
    branches = schema if isinstance(schema, list) else [schema]
    if value is None or (isinstance(value, float) and math.isnan(value)):
        if "null" in branches:
            return None
        raise CannotRebuild(f"'{name}' has no value")
    kind = next(branch for branch in branches if branch != "null")
    kind = named.get(kind, kind) if isinstance(kind, str) else kind
    if isinstance(kind, str):
        return _conform_plain(value, kind, name)
    if kind["type"] == "record":
        return _conform_record(value, kind, named)
    if kind["type"] == "array":
        return [_conform(item, kind["items"], named, name) for item in value]
    return _conform(value, kind["type"], named, name)


def _conform_plain(value: Any, kind: str, name: str) -> Any:
    if kind in _INTEGERS and isinstance(value, float):
        if not value.is_integer():
            raise CannotRebuild(f"'{name}' is {value!r}, not a whole number")
        return int(value)
    if kind in _FLOATS and isinstance(value, int):
        return float(value)
    return value


def _records(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, list):
        for branch in schema:
            yield from _records(branch)
    elif isinstance(schema, dict):
        if schema.get("type") == "record":
            yield schema["name"], schema
            if "namespace" in schema:
                yield f"{schema['namespace']}.{schema['name']}", schema
        for part in ("fields", "items", "type"):
            if isinstance(schema.get(part), list | dict):
                yield from _records(schema[part])


@lru_cache(maxsize=8)
def _parsed(text: str) -> Any:
    return fastavro.parse_schema(json.loads(text))
