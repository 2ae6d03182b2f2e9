"""Where each output topic ended by the book, kept by night: a start reads the nights that have changed, not all."""

import datetime as dt
import json
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from fink_lib.files import replace_text, to_json
from fink_lib.streams.drain import rows_by_night

Where: TypeAlias = tuple[str, int]


class EndsFile:
    """Keeps, for each night of `published`, how many rows it had and the offsets after the last ones.

    The table only grows, but for what a person takes out of it: a night with as many rows as before is as it was.

    Parameters
    ----------
    path
        The file. It may be deleted at any time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, published: Path) -> dict[Where, int]:
        """Return, for each (topic, partition), the offset after the last one in the table."""
        rows, kept = rows_by_night(published), self._read()
        found = {night: entry for night, entry in kept.items() if entry["rows"] == rows.get(night)}
        table = DeltaTable(str(published)).to_pyarrow_dataset()
        for night in sorted(set(rows) - set(found)):
            found[night] = {"rows": rows[night], "ends": _ends(table, dt.date.fromisoformat(night))}
        if found != kept:
            replace_text(self._path, to_json(found))
        ends: dict[Where, int] = {}
        for entry in found.values():
            for topic, partition, end in entry["ends"]:
                ends[topic, partition] = max(end, ends.get((topic, partition), 0))
        return ends

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            found: dict[str, dict[str, Any]] = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return found


def _ends(table: ds.Dataset, night: dt.date) -> list[list[Any]]:
    rows = table.to_table(["topic", "partition", "offset"], filter=pc.field("night") == night)
    last = rows.group_by(["topic", "partition"]).aggregate([("offset", "max")]).sort_by("topic").to_pylist()
    return [[row["topic"], row["partition"], row["offset_max"] + 1] for row in last]
