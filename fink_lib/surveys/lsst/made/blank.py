"""A record of an Avro schema in which nothing is known: null where that may be, else zero, false or empty."""

from collections.abc import Mapping
from typing import Any

_ZERO: Mapping[str, Any] = {
    "int": 0, "long": 0, "float": 0.0, "double": 0.0, "boolean": False, "string": "", "bytes": b"", "null": None,
}  # fmt: skip


def record_of(schema: Any, path: str) -> Any:
    """Return the schema of the record at a field of a schema: the one of an array's items, or of a union's branch.

    Parameters
    ----------
    schema
        A record with all types written out.
    path
        Name of the field.

    Raises
    ------
    KeyError
        When the field holds no record.
    """
    node = next(fld["type"] for fld in schema["fields"] if fld["name"] == path)
    while not (isinstance(node, dict) and node["type"] == "record"):
        if isinstance(node, list):
            node = next(branch for branch in node if branch != "null")
        elif isinstance(node, dict):
            node = node["items"] if node["type"] == "array" else node["type"]
        else:
            raise KeyError(f"'{path}' holds no record")
    return node


def blank(schema: Any) -> dict[str, Any]:
    """Return a record with every field of a schema."""
    return {fld["name"]: _nothing(fld["type"]) for fld in schema["fields"]}


def _nothing(node: Any) -> Any:
    if isinstance(node, list):
        return None if "null" in node else _nothing(node[0])
    if isinstance(node, str):
        return _ZERO[node]
    if node["type"] == "record":
        return blank(node)
    return [] if node["type"] == "array" else _nothing(node["type"])
