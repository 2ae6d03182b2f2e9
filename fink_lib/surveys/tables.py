"""The tables of a survey that hold its packets: what the lake is told of their fields."""

import re
from typing import Any

import pyarrow as pa

from fink_lib.avro.schema import leaf_paths, resolved
from fink_lib.errors import LakeError
from fink_lib.lake import tables
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import list_of
from fink_lib.lake.versions import Table
from fink_lib.surveys.base import AvroSchema, Survey
from fink_lib.surveys.pruned import pruned

_PRIMITIVES: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "bytes": pa.binary(),
}


def arrow_type(schema: Any) -> pa.DataType:
    """Return the Arrow type of an Avro schema whose records are all inline.

    Raises
    ------
    LakeError
        When the schema holds a type that no packet has used so far (map, enum, fixed, wide union).
    """
    if isinstance(schema, list):
        branches = [branch for branch in schema if branch != "null"]
        if len(branches) == 1:
            return arrow_type(branches[0])
    elif isinstance(schema, str) and schema in _PRIMITIVES:
        return _PRIMITIVES[schema]
    elif isinstance(schema, dict):
        if schema["type"] == "record":
            return pa.struct(arrow_fields(schema))
        if schema["type"] == "array":
            return list_of(arrow_type(schema["items"]))
        return arrow_type(schema["type"])
    raise LakeError(f"no column type for the Avro type {schema!r}")


def arrow_fields(record: AvroSchema) -> list[pa.Field]:
    """Return the fields of an Avro record as columns that may be null, with what the schema says of each."""
    return [column(fld["name"], arrow_type(fld["type"]), fld.get("doc", "")) for fld in record["fields"]]


def packet_schema(survey: Survey, *, cutouts: bool) -> pa.Schema:
    """Return the columns of a decoded packet at root level, cutouts last or left out.

    Parameters
    ----------
    survey
        Whose packets.
    cutouts
        Whether columns of cutouts are there.
    """
    fields = arrow_fields(survey.reader_schema)
    roots = set(survey.cutout_roots)
    small = [one for one in fields if one.name not in roots]
    return pa.schema(small + [one for one in fields if one.name in roots] if cutouts else small)


def fact_paths(survey: Survey) -> tuple[str, ...]:
    """Return the packet fields that cuts, rules and statistics read of bronze, as dotted paths."""
    told = [cut.keep for cut in (*survey.cuts, *survey.optional_cuts)]
    told += [survey.inputs.scalars[name][0] for name in survey.inputs.stamp_scalars]
    text = " ".join([survey.public, survey.report.sky_field, *told, *(rule.holds for rule in survey.rules)])
    words = set(re.findall(r"[A-Za-z_][A-Za-z0-9_.]*", text))
    return tuple(path for path in leaf_paths(resolved(survey.reader_schema)) if path in words)


def fact_schema(survey: Survey) -> pa.Schema:
    """Return the columns of those fields, at root level as in the packet."""
    return pruned(packet_schema(survey, cutouts=False), fact_paths(survey))


def bronze_spec(survey: Survey) -> TableSpec:
    """Return the bronze table of a survey's packets."""
    return tables.bronze_alerts(survey.name, fact_schema(survey))


def night_specs(survey: Survey) -> dict[Table, TableSpec]:
    """Return the tables that a night is made of; silver without its science columns, which its own files tell."""
    return {
        Table.BRONZE: bronze_spec(survey),
        Table.QUARANTINE: tables.quarantine(survey.name),
        Table.SILVER: tables.silver_alerts(survey.name, packet_schema(survey, cutouts=False)),
        Table.REJECTED: tables.silver_rejected(survey.name),
        Table.PUBLISHED: tables.gold_published(survey.name),
    }
