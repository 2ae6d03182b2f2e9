"""Where the writer schemas of a survey come from when a message names them only by a number."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fink_lib.errors import ConfigError, SurveyError
from fink_lib.surveys.base import AvroSchema

_MINORS = 100  # id = major * 100 + minor, as Rubin's registry numbers its alert schemas
_PRIMITIVE = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}


class SchemaSource(ABC):
    """A lookup from schema id to writer schema."""

    @property
    def awaits(self) -> bool:
        """True where an id that is not known may come to be."""
        return False

    @abstractmethod
    def schemas(self) -> Mapping[int, AvroSchema]:
        """Return every schema that is known now, by id."""

    def by_id(self, schema_id: int) -> AvroSchema | None:
        """Return one schema, or None when nothing is known under that id."""
        return self.schemas().get(schema_id)

    def id_of(self, schema: AvroSchema) -> int:
        """Return the id that a schema is known under.

        Raises
        ------
        SurveyError
            When the lookup does not hold that schema.
        """
        for schema_id, known in self.schemas().items():
            if known is schema or known == schema:
                return schema_id
        raise SurveyError(f"schema '{schema.get('name')}' has no id: the lookup knows {sorted(self.schemas())}")


class NoSchemas(SchemaSource):
    """A lookup that knows nothing."""

    def schemas(self) -> Mapping[int, AvroSchema]:
        """Return nothing."""
        return {}


class FolderSchemas(SchemaSource):
    """Schemas kept as files: ``<id>.avsc``, or ``<major>/<minor>/*.avsc`` with one file a record.

    Parameters
    ----------
    folder
        Root folder.
    top
        Name of the record that a message holds, for the second form.
    """

    def __init__(self, folder: Path, top: str = "alert") -> None:
        self.folder = folder
        self.top = top
        self._schemas: dict[int, AvroSchema] | None = None

    def schemas(self) -> Mapping[int, AvroSchema]:
        """Read the folder once.

        Raises
        ------
        ConfigError
            When the folder is not there or holds no schema.
        """
        if self._schemas is None:
            found = {int(file.stem): json.loads(file.read_text()) for file in self.folder.glob("[0-9]*.avsc")}
            for major, minor, folder in version_folders(self.folder):
                if (schema := load_folder(folder, self.top)) is not None:
                    found[major * _MINORS + minor] = schema
            if not found:
                raise ConfigError(f"no schema in '{self.folder}': it should hold <id>.avsc or <major>/<minor>/*.avsc")
            self._schemas = dict(sorted(found.items()))
        return self._schemas


def version_folders(root: Path) -> list[tuple[int, int, Path]]:
    """Return the folders ``<major>/<minor>`` and ``<major>.<minor>`` below a root, oldest first."""
    found = []
    for folder in root.rglob("*"):
        name = folder.relative_to(root).as_posix()
        match = re.fullmatch(r"(\d+)[./](\d+)", name)
        if match and folder.is_dir():
            found.append((int(match[1]), int(match[2]), folder))
    return sorted(found)


def load_folder(folder: Path, top: str) -> AvroSchema | None:
    """Read the records of a folder and inline them into the one named `top`; None when it is not there.

    Parameters
    ----------
    folder
        With a file ``*.avsc`` for each record.
    top
        Name of the record that a message holds, with or without its namespace.
    """
    records: dict[str, AvroSchema] = {}
    for file in sorted(folder.glob("*.avsc")):
        record = json.loads(file.read_text())
        space = f"{record['namespace']}." if "namespace" in record else ""
        records[space + record["name"]] = record
        records.setdefault(record["name"], record)
    if top not in records:
        return None
    inlined: AvroSchema = _inline(records[top], records, "", set())
    return inlined


def _inline(node: Any, records: Mapping[str, AvroSchema], space: str, seen: set[str]) -> Any:
    """Replace the first reference to each record by the record; Avro lets later ones be names."""
    if isinstance(node, list):
        return [_inline(branch, records, space, seen) for branch in node]
    if isinstance(node, str):
        record = None if node in _PRIMITIVE else records.get(f"{space}.{node}") or records.get(node)
        return node if record is None else _inline(record, records, space, seen)
    kind = node.get("type") if isinstance(node, dict) else None
    if kind == "record":
        return _inline_record(node, records, node.get("namespace", space), seen)
    if kind == "array":
        return {**node, "items": _inline(node["items"], records, space, seen)}
    if isinstance(kind, dict | list):
        return {**node, "type": _inline(kind, records, space, seen)}
    return node


def _inline_record(node: AvroSchema, records: Mapping[str, AvroSchema], space: str, seen: set[str]) -> Any:
    parent, dot, short = node["name"].rpartition(".")
    full = node["name"] if dot else f"{space}.{short}".lstrip(".")
    if full in seen:
        return full
    seen.add(full)
    inner = parent if dot else space
    fields = [{**fld, "type": _inline(fld["type"], records, inner, seen)} for fld in node["fields"]]
    return {**node, "fields": fields}
