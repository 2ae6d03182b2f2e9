"""Records under other field names: a datum carries no names, so only its schema is rewritten, and its bytes stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fink_lib.avro.schema import AvroSchema

SCALED = "scaled"  # key of a leaf whose values are multiplied with a factor, plus a constant


@dataclass(frozen=True)
class Renaming:
    """A field that is read under another name.

    Attributes
    ----------
    written
        Dotted path that the writer gives it; those of records around it are the writer's too.
    read_as
        Dotted path of the column; only its last part is used, since records around it have renamings of their own.
    times, plus
        What the numbers are multiplied with, and what is then added.
    """

    written: str
    read_as: str
    times: float = 1.0
    plus: float = 0.0

    @property
    def converts(self) -> bool:
        """True when values change, so that they are read as double."""
        return (self.times, self.plus) != (1.0, 0.0)


def renamed(schema: AvroSchema, renamings: Sequence[Renaming]) -> AvroSchema:
    """Return a resolved record with the names that its fields are read by.

    A field keeps its name where the record has one of the other name already: no record has two fields of one name.

    Parameters
    ----------
    schema
        A resolved record (see `fink_lib.avro.schema.resolved`).
    renamings
        Any fields, also such as the record does not have.
    """
    by_path = {one.written: one for one in renamings}
    return _record(schema, by_path, "") if by_path else schema


def renamed_values(packet: Mapping[str, Any], renamings: Sequence[Renaming]) -> dict[str, Any]:
    """Return a decoded packet under the names that its fields are read by, numbers converted.

    Where it has a field under both names, what is not null counts.

    Parameters
    ----------
    packet
        Decoded, under the names that its writer gives.
    renamings
        Any fields, also such as the packet does not have.
    """
    found: dict[str, Any] = _values(packet, {one.written: one for one in renamings}, "")
    return found


def _values(node: Any, by_path: Mapping[str, Renaming], path: str) -> Any:
    if isinstance(node, list):
        return [_values(item, by_path, path) for item in node]
    if not isinstance(node, Mapping):
        return node
    found: dict[str, Any] = {}
    for name, given in node.items():
        at = f"{path}.{name}" if path else name
        one, value = by_path.get(at), _values(given, by_path, at)
        if one is not None and one.converts and value is not None:
            value = value * one.times + one.plus
        read_as = name if one is None else one.read_as.rpartition(".")[2]
        if found.get(read_as) is None:
            found[read_as] = value
    return found


def scaling(node: Any) -> tuple[float, float] | None:
    """Return factor and constant of a leaf whose values are converted; None for any other type."""
    return node.get(SCALED) if isinstance(node, dict) else None


def _record(node: AvroSchema, by_path: Mapping[str, Renaming], path: str) -> AvroSchema:
    names = {fld["name"] for fld in node["fields"]}
    fields = []
    for fld in node["fields"]:
        at = f"{path}.{fld['name']}" if path else fld["name"]
        one = by_path.get(at)
        name = fld["name"] if one is None else one.read_as.rpartition(".")[2]
        if name != fld["name"] and name in names:
            name, one = fld["name"], None
        fields.append({**fld, "name": name, "type": _type(fld["type"], by_path, at, one)})
    return {**node, "fields": fields}


def _type(node: Any, by_path: Mapping[str, Renaming], path: str, one: Renaming | None) -> Any:
    if isinstance(node, list):
        return [_type(branch, by_path, path, one) for branch in node]
    kind = node["type"] if isinstance(node, dict) else node
    if kind == "record":
        return _record(node, by_path, path)
    if kind == "array":
        return {**node, "items": _type(node["items"], by_path, path, one)}
    if one is None or not one.converts or kind == "null":
        return node
    return {"type": kind, SCALED: (one.times, one.plus)}
