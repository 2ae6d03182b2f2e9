"""The texts of writer schemas by their digests, out of ``bronze__schemas`` and into it; without a JVM."""

import threading
from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc

from fink_lib.errors import LakeError
from fink_lib.lake.small import append_rows, read_rows
from fink_lib.lake.tables import bronze_schemas
from fink_lib.storage import LakePath

MOST = 1024


class WriterSchemas:
    """What one process knows of the table.

    Parameters
    ----------
    lake
        Root folder of the tables.
    """

    def __init__(self, lake: LakePath) -> None:
        self._lake, self._texts = lake, dict[str, str]()
        self._lock = threading.Lock()

    def text(self, sha256: str) -> str:
        """Return the text of a schema.

        Raises
        ------
        LakeError
            When the table does not hold it: ingest writes it before the first row that names it.
        """
        if sha256 not in self._texts:
            self._look_up(sha256)
        try:
            return self._texts[sha256]
        except KeyError:
            spec = bronze_schemas().full_name
            raise LakeError(f"{spec} has no schema {sha256}, which rows of bronze name: restore that table") from None

    def ensure(self, row: Mapping[str, Any]) -> None:
        """Add a schema, unless the table has it. Two processes may both add it: the rows say the same."""
        sha256 = str(row["schema_sha256"])
        with self._lock:
            if sha256 in self._texts or self._look_up(sha256):
                return
            append_rows(bronze_schemas(), self._lake, [row])
            self._remember(sha256, str(row["text"]))

    def _look_up(self, sha256: str) -> bool:
        found = read_rows(bronze_schemas(), self._lake, pc.field("schema_sha256") == sha256, ["text"])
        if found:
            self._remember(sha256, str(found[0]["text"]))
        return bool(found)

    def _remember(self, sha256: str, text: str) -> None:
        if len(self._texts) >= MOST:
            self._texts.clear()
        self._texts[sha256] = text
