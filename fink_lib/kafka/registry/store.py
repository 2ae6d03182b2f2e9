"""Schemas by number and by subject, kept in one file."""

import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path

import fastavro
from fastavro.schema import SchemaParseException


@dataclass(frozen=True)
class Version:
    """One version of a subject.

    Attributes
    ----------
    subject, version
        Which one; versions count from 1.
    schema_id
        Number of the schema, the same under every subject.
    schema
        Its text.
    """

    subject: str
    version: int
    schema_id: int
    schema: str


class SchemaStore:
    """Remembers schemas; a number once given names the same schema for ever.

    Parameters
    ----------
    path
        File of the store; it is made with the first schema.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        facts = json.loads(path.read_text()) if path.exists() else {"schemas": [], "subjects": {}}
        self._schemas: list[str] = facts["schemas"]
        self._subjects: dict[str, list[int]] = facts["subjects"]

    def register(self, subject: str, schema: str) -> Version:
        """Add a schema to a subject, unless it is there.

        Parameters
        ----------
        subject
            Any name.
        schema
            Avro schema as JSON; blanks in it do not count.

        Returns
        -------
        The version that it has there, old or new.

        Raises
        ------
        ValueError
            When the text is no Avro schema.
        """
        try:
            parsed = json.loads(schema)
            fastavro.parse_schema(parsed)
        except (SchemaParseException, ValueError, TypeError, KeyError) as error:
            raise ValueError(f"not an Avro schema: {type(error).__name__} {error}") from error
        text = json.dumps(parsed, separators=(",", ":"))
        with self._lock:
            if text not in self._schemas:
                self._schemas.append(text)
            number = self._schemas.index(text) + 1
            numbers = self._subjects.setdefault(subject, [])
            if number not in numbers:
                numbers.append(number)
                self._write()
            return Version(subject, numbers.index(number) + 1, number, text)

    def schema(self, schema_id: int) -> str | None:
        """Return a schema by its number."""
        return self._schemas[schema_id - 1] if 1 <= schema_id <= len(self._schemas) else None

    def subjects(self) -> list[str]:
        """Return every subject."""
        return sorted(self._subjects)

    def versions(self, subject: str) -> list[Version]:
        """Return the versions of a subject, oldest first."""
        numbers = self._subjects.get(subject, [])
        return [Version(subject, at, number, self._schemas[number - 1]) for at, number in enumerate(numbers, 1)]

    def _write(self) -> None:
        """Replace the file as a whole: a writer that dies leaves the old one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        scratch.write_text(json.dumps({"schemas": self._schemas, "subjects": self._subjects}))
        scratch.replace(self._path)
