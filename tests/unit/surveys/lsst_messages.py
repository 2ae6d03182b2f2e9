"""Rubin messages: all real ones at hand, and one of each version in which every field has a value of its own."""

import io
import itertools
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro

from fink_lib.avro.schema import resolved
from fink_lib.surveys.framing import ConfluentFraming, FolderSchemas, decode

WIRE = "lsst_v10_0_wire.tar.gz"
# (written, read with) → what must be in a packet so that their bytes differ; minimal packets fit both
FORCED, ORBIT, ANYTHING = "prvDiaForcedSources", "orbit", "diaSource"
TELLING = {
    (701, 700): FORCED,
    (703, 704): ANYTHING,
    (900, 1000): ORBIT,
    (1000, 900): ORBIT,
    (1000, 1100): ANYTHING,
    (1100, 1000): ANYTHING,
    (1101, 1100): ANYTHING,
}


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


def misnamed(shared: Path) -> Iterator[tuple[bytes, int]]:
    """Yield the messages that can tell a wrong schema, each with the id of one that it was not written with."""
    framing = ConfluentFraming(schemas(shared))
    for _, message in (*wire(shared), *framed(shared)):
        packet = decode(framing.unwrap(message))
        packet["orbit"] = packet.get("mpc_orbits") or packet.get("MPCORB")
        yield from (
            (message, other)
            for (written, other), telling in TELLING.items()
            if written == id_of(message) and packet[telling]
        )


def with_id(message: bytes, schema_id: int) -> bytes:
    """The same bytes under another schema id."""
    return message[:1] + schema_id.to_bytes(4, "big") + message[5:]


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
