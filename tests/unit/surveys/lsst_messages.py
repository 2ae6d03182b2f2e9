"""Rubin messages: all real ones at hand, and one of each version in which every field has a value of its own."""

import io
import itertools
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro

from fink_lib.avro.schema import resolved
from fink_lib.surveys.framing import ConfluentFraming, FolderSchemas

WIRE = "lsst_v10_0_wire.tar.gz"


def schemas(shared: Path) -> FolderSchemas:
    return FolderSchemas(shared / "schemas" / "lsst")


def wire(shared: Path) -> Iterator[tuple[str, bytes]]:
    """The 136 messages of schema 10.0."""
    with tarfile.open(shared / "lsst" / WIRE) as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is not None:
                yield Path(member.name).stem, file.read()


def framed(shared: Path) -> Iterator[tuple[str, bytes]]:
    """The messages of the other folders, by their paths."""
    root = shared / "lsst"
    for file in sorted(path for path in root.rglob("*") if path.suffix in {".bin", ".avro"}):
        yield file.relative_to(root).as_posix(), file.read_bytes()


def id_of(message: bytes) -> int:
    return int.from_bytes(message[1:5], "big")


def full(shared: Path, schema_id: int) -> bytes:
    """A message of a version with every field filled, no two numbers of it equal."""
    source = schemas(shared)
    schema = source.schemas()[schema_id]
    out = io.BytesIO()
    fastavro.schemaless_writer(
        out, fastavro.parse_schema(resolved(schema)), _value(resolved(schema), itertools.count(1))
    )
    return ConfluentFraming(source).wrap(schema, out.getvalue())


def _value(node: Any, counter: "itertools.count[int]") -> Any:
    if isinstance(node, list):
        return _value(next(branch for branch in node if branch != "null"), counter)
    kind = node["type"] if isinstance(node, dict) else node
    if kind == "record":
        return {fld["name"]: _value(fld["type"], counter) for fld in node["fields"]}
    if kind == "array":
        return [_value(node["items"], counter) for _ in range(2)]
    number = next(counter)
    plain = {"boolean": number % 2 == 0, "float": number + 0.5, "double": number + 0.25, "string": f"text {number}"}
    return plain.get(kind, number if kind in {"int", "long"} else f"{number}".encode())
