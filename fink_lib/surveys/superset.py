"""Merge all writer schemas of a survey into one reader schema: every field once, every field nullable.

The columns of a packet then have one shape whatever version it was written with, and a field that no version
knows is noticed.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from fink_lib.avro.renamed import Renaming, renamed, scaling
from fink_lib.avro.schema import resolved
from fink_lib.errors import SurveyError
from fink_lib.surveys.base import AvroSchema
from fink_lib.surveys.container import read_header
from fink_lib.surveys.schema_source import load_folder, version_folders
from fink_lib.surveys.schemas import compact

_WRITTEN_AS_TEXT = {"string", "int", "long", "float", "double", "boolean"}
_WIDER = {
    ("int", "long"): "long",
    ("int", "double"): "double",
    ("float", "double"): "double",
    ("int", "float"): "double",
}


def _branches(schema: Any) -> list[Any]:
    return list(schema) if isinstance(schema, list) else [schema]


def plain_type(schema: Any, named: dict[str, Any]) -> Any:
    """Return the single non-null type of a field, with references to named records resolved.

    Parameters
    ----------
    schema
        Type of a field; ``null`` where it has no other one.
    named
        Records by name, of `collect_named`.

    Raises
    ------
    SurveyError
        When a union has several types that are not kept as text.
    """
    branches = [b for b in _branches(schema) if b != "null"]
    if not branches:
        return "null"
    if len(branches) > 1:
        # What may be a number or a text is kept as text.
        if "string" in branches and set(branches) <= _WRITTEN_AS_TEXT:
            return "string"
        raise SurveyError(f"union of {len(branches)} types is not supported: {branches}")
    only = branches[0]
    if isinstance(only, str):
        return named.get(only, only)
    if scaling(only) is not None:
        return "double"
    if only.get("type") in ("record", "array", "map", "enum", "fixed"):
        return only
    return plain_type(only["type"], named)


def collect_named(schema: Any, named: dict[str, Any] | None = None, space: str = "") -> dict[str, Any]:
    """Return every record of a schema by its name and by its full name.

    Parameters
    ----------
    schema
        Any part of a schema.
    named
        What is found is added to it; a new one when None.
    space
        Namespace around it; empty for none.
    """
    named = {} if named is None else named
    for node in _branches(schema):
        if not isinstance(node, dict):
            continue
        kind = node.get("type")
        if kind == "record":
            inner = node.get("namespace", space)  # of what lies in it, not of the next branch of a union
            named[node["name"]] = named[f"{inner}.{node['name']}"] = node
            for fld in node["fields"]:
                collect_named(fld["type"], named, inner)
        elif kind == "array":
            collect_named(node["items"], named, space)
        elif isinstance(kind, dict | list):
            collect_named(kind, named, space)
    return named


def merge(schemas: Iterable[AvroSchema], name: str) -> AvroSchema:
    """Merge writer schemas into one superset in which every field is nullable with default null.

    Parameters
    ----------
    schemas
        Writer schemas, at least one; the order of fields is that of the first that has them.
    name
        Name of the merged record.

    Raises
    ------
    SurveyError
        When two versions give a field types that no wider type holds, or there is no schema.
    """
    shape: Any = None
    for schema in schemas:
        named = collect_named(schema)
        shape = _merge_type(shape, plain_type(schema, named), named, name)
    if shape is None:
        raise SurveyError(f"no schema to merge for {name}")
    result: AvroSchema = shape
    return result


def _merge_type(old: Any, new: Any, named: dict[str, Any], path: str) -> Any:
    if isinstance(new, dict) and new.get("type") == "record":
        return _merge_record(old, new, named, path)
    if isinstance(new, dict) and new.get("type") == "array":
        before = None if old in (None, "null") else plain_type(old["items"], {})
        items = _merge_type(before, plain_type(new["items"], named), named, path + "_item")
        return {"type": "array", "items": ["null", items]}
    if old in (None, "null") or old == new:
        return new
    if new == "null":
        return old
    wider = _WIDER.get((old, new)) or _WIDER.get((new, old))
    if wider is None:
        raise SurveyError(f"{path} is {old} in one version and {new} in another: no type holds both")
    return wider


def _merge_record(old: Any, new: Any, named: dict[str, Any], path: str) -> AvroSchema:
    fields: dict[str, Any] = {}
    if isinstance(old, dict):
        fields = {f["name"]: plain_type(f["type"], {}) for f in old["fields"]}
    for fld in new["fields"]:
        fname = fld["name"]
        fields[fname] = _merge_type(fields.get(fname), plain_type(fld["type"], named), named, f"{path}_{fname}")
    return {
        "type": "record",
        "name": path,
        "fields": [{"name": n, "type": ["null", t], "default": None} for n, t in fields.items()],
    }


def field_paths(schema: Any, named: dict[str, Any] | None = None, prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of every field of a schema, through arrays and nullable records.

    Parameters
    ----------
    schema
        Any part of a schema.
    named
        Records by name; those of the schema itself when None.
    prefix
        Put before each path.

    Yields
    ------
    A record comes before its fields.
    """
    named = collect_named(schema) if named is None else named
    node = plain_type(schema, named)
    while isinstance(node, dict) and node.get("type") == "array":
        node = plain_type(node["items"], named)
    if not (isinstance(node, dict) and node.get("type") == "record"):
        return
    for fld in node["fields"]:
        path = f"{prefix}{fld['name']}"
        yield path
        yield from field_paths(fld["type"], named, path + ".")


def mismatches(writer: AvroSchema, reader: AvroSchema) -> list[str]:
    """Name the fields whose written type the reader cannot hold, as ``path (written, known as)``.

    Parameters
    ----------
    writer
        Writer schema.
    reader
        The merged schema of the survey.
    """
    return list(_mismatches(writer, reader, collect_named(writer), ""))


def _mismatches(writer: Any, reader: Any, named: dict[str, Any], path: str) -> Iterator[str]:
    new, old = plain_type(writer, named), plain_type(reader, {})
    kinds = (_kind(new), _kind(old))
    if kinds == ("record", "record"):
        known = {fld["name"]: fld["type"] for fld in old["fields"]}
        for fld in new["fields"]:
            if fld["name"] in known:
                yield from _mismatches(fld["type"], known[fld["name"]], named, f"{path}.{fld['name']}".lstrip("."))
    elif kinds == ("array", "array"):
        yield from _mismatches(new["items"], old["items"], named, path)
    elif "null" not in kinds and kinds[0] != kinds[1] and _WIDER.get(kinds) != kinds[1]:
        yield f"{path} ({kinds[0]}, known as {kinds[1]})"


def _kind(node: Any) -> str:
    return str(node["type"] if isinstance(node, dict) else node)


def superset_of_folder(
    root: Path,
    top: str,
    name: str,
    since: tuple[int, int] = (0, 0),
    *,
    packets: Iterable[Path] = (),
    mappings: Sequence[Renaming] = (),
) -> AvroSchema:
    """Merge every released version below a survey's schema folder, the newest first.

    Parameters
    ----------
    root
        Folder with one sub-folder a version, ``<major>.<minor>`` or ``<major>/<minor>``; or, of a survey that has
        one version, with its records.
    top
        Name of the record that a message holds.
    name
        Name of the merged record: the survey.
    since
        Oldest version that counts.
    packets
        Containers whose own schemas count too: of surveys that publish other ones than they send.
    mappings
        Fields that are read under other names than some versions write them.
    """
    versions = [folder for *version, folder in reversed(version_folders(root)) if tuple(version) >= since]
    found = [load_folder(folder, top) for folder in versions or [root]]
    sent = [read_header(packet.read_bytes()).schema for packet in packets]
    known = [*(schema for schema in found if schema is not None), *sent]
    return merge([renamed(resolved(schema), mappings) for schema in known] if mappings else known, name)


def mappings_of(survey: str) -> tuple[Renaming, ...]:
    """Return the mappings that a survey's folder declares; none where it has no file of them."""
    if not (Path(__file__).parent / survey / "mappings.py").is_file():
        return ()
    declared: tuple[Renaming, ...] = import_module(f"{__package__}.{survey}.mappings").MAPPINGS
    return declared


def main(arguments: list[str]) -> None:
    """Write the reader schema of a survey into its folder: ``DIR TOP_RECORD OUT [SINCE [PACKET …]]``."""
    root, top, out = Path(arguments[0]), arguments[1], Path(arguments[2])
    first = [int(part) for part in re.findall(r"\d+", next(iter(arguments[3:]), "0"))]
    name, packets = out.absolute().parent.name, [Path(packet) for packet in arguments[4:]]
    since = (first[0], first[1] if len(first) > 1 else 0)
    out.write_text(compact(superset_of_folder(root, top, name, since, packets=packets, mappings=mappings_of(name))))


if __name__ == "__main__":
    main(sys.argv[1:])
