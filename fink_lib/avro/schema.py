"""Avro schemas as Python values: named types written out, digests, and where a record can be cut in two."""

import hashlib
import json
from collections.abc import Collection, Iterator
from typing import Any, TypeAlias

from fink_lib.errors import SurveyError

AvroSchema: TypeAlias = dict[str, Any]

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
NAMED = frozenset({"record", "enum", "fixed"})
MOST_LEVELS = 32  # of records in records; a packet has four, and a record that holds itself has no end
_EXPLAINING = frozenset({"doc", "default", "aliases", "order"})


def sha256_of(text: str) -> str:
    """Return the SHA-256, in hexadecimal, of a schema's full text.

    Avro's own CRC-64 is of a canonical form without defaults and logical types: two schemas that mean different
    things can share it.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def resolved(schema: Any, root: str = "alert") -> AvroSchema:
    """Return a record with each named type written out wherever it is used, and without what only explains.

    Each use has a name of its own, made of its path, so that the result is valid Avro however often a type is used:
    readers such as fink-client's writer of Parquet files know a name once.

    Parameters
    ----------
    schema
        A parsed Avro schema. Named types may be referred to by full name, or by short name within their namespace.
    root
        Name of the record.

    Returns
    -------
    AvroSchema
        The bytes of a datum mean the same by it; logical types are kept.

    Raises
    ------
    SurveyError
        When a name is unknown, or a record holds itself.
    """
    found = _written(schema, {}, "", (root,))
    if not (isinstance(found, dict) and found.get("type") == "record"):
        raise SurveyError(f"the schema is {_short(schema)}, not a record: a message holds one record")
    return found


def _written(node: Any, known: dict[str, Any], space: str, path: tuple[str, ...]) -> Any:
    """Write out a type that is used at a path, below a namespace."""
    if len(path) > MOST_LEVELS:
        raise SurveyError(f"the schema has more than {MOST_LEVELS} levels: a record that holds itself is no packet")
    if isinstance(node, str):
        return _named(node, known, space, path)
    if isinstance(node, list):
        return [_written(branch, known, space, path) for branch in node]
    if not (isinstance(node, dict) and "type" in node):
        raise SurveyError(f"{_short(node)} is no Avro type")
    return _complex(node, known, space, path)


def _complex(node: AvroSchema, known: dict[str, Any], space: str, path: tuple[str, ...]) -> Any:
    kind = node["type"] if isinstance(node["type"], str) else ""
    if kind in NAMED:
        return _definition(node, known, space, path)
    if kind == "array":
        return {"type": kind, "items": _written(node["items"], known, space, (*path, "item"))}
    if kind == "map":
        return {"type": kind, "values": _written(node["values"], known, space, (*path, "value"))}
    inner = _written(node["type"], known, space, path)
    if isinstance(inner, str) and "logicalType" in node:
        return {name: value for name, value in node.items() if name not in _EXPLAINING} | {"type": inner}
    return inner


def _named(name: str, known: dict[str, Any], space: str, path: tuple[str, ...]) -> Any:
    if name in PRIMITIVES:
        return name
    full = f"{space}.{name}" if space and "." not in name else name
    if full not in known and name not in known:
        raise SurveyError(f"the schema names a type '{name}' that it does not define")
    node, inner = known[full] if full in known else known[name]
    return _body(node, known, inner, path)


def _definition(node: AvroSchema, known: dict[str, Any], space: str, path: tuple[str, ...]) -> AvroSchema:
    parent, dot, short = str(node["name"]).rpartition(".")
    inner = parent if dot else str(node.get("namespace", space))
    known[f"{inner}.{short}" if inner else short] = known[short] = (node, inner)
    return _body(node, known, inner, path)


def _body(node: AvroSchema, known: dict[str, Any], space: str, path: tuple[str, ...]) -> AvroSchema:
    name = "_".join(path)
    if node["type"] == "enum":
        return {"type": "enum", "name": name, "symbols": list(node["symbols"])}
    if node["type"] == "fixed":
        return {"type": "fixed", "name": name, "size": int(node["size"])}
    fields = [
        {"name": fld["name"], "type": _written(fld["type"], known, space, (*path, fld["name"]))}
        for fld in node["fields"]
    ]
    return {"type": "record", "name": name, "fields": fields}


def _short(node: Any) -> str:
    text = json.dumps(node, default=str)
    return text if len(text) < 60 else f"{text[:57]}…"  # noqa: PLR2004 - a glimpse for a sentence


def cut_point(schema: AvroSchema, roots: Collection[str]) -> str | None:
    """Return the first of the root fields that end a record and are all among `roots`; None where they do not.

    Parameters
    ----------
    schema
        A resolved record.
    roots
        Root fields that are to stand in the second part, such as those of the cutouts.

    Returns
    -------
    str | None
        None also where one of the roots stands before another field, so that no cut puts all of them behind it.
    """
    names = [fld["name"] for fld in schema["fields"]]
    first = len(names)
    while first and names[first - 1] in roots:
        first -= 1
    if first == len(names) or any(name in roots for name in names[:first]):
        return None
    return str(names[first])


def parts(schema: AvroSchema, first: str | None) -> tuple[AvroSchema, AvroSchema]:
    """Return a resolved record as two: the fields before one, and that one with those behind it.

    Parameters
    ----------
    schema
        A resolved record.
    first
        Root field; None leaves the second record without fields. See `cut_point`.
    """
    names = [fld["name"] for fld in schema["fields"]]
    at = len(names) if first is None else names.index(first)
    head, tail = schema["fields"][:at], schema["fields"][at:]
    return {**schema, "fields": head}, {**schema, "fields": tail}


def leaf_paths(schema: Any, path: str = "") -> Iterator[str]:
    """Yield the dotted path of every field of a resolved schema that is no record, through arrays and unions.

    Parameters
    ----------
    schema
        A resolved schema.
    path
        Put before each path, with a dot; empty for nothing.

    Yields
    ------
    A path comes once for each branch of a union that is not null.
    """
    if isinstance(schema, list):
        for branch in schema:
            yield from leaf_paths(branch, path)
    elif isinstance(schema, dict) and schema["type"] == "record":
        for fld in schema["fields"]:
            yield from leaf_paths(fld["type"], f"{path}.{fld['name']}" if path else fld["name"])
    elif isinstance(schema, dict) and schema["type"] == "array":
        yield from leaf_paths(schema["items"], path)
    elif schema != "null":
        yield path
