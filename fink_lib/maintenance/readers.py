"""What the streams have not read yet: a table is not vacuumed while a stream may need what would go."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable

from fink_lib.lake.delta import folder_of
from fink_lib.lake.log import entry
from fink_lib.streams.lag import carries_rows


@dataclass(frozen=True)
class Waiting:
    """Rows that a stream has not read.

    Attributes
    ----------
    stream
        Folder of its checkpoint.
    since
        When the oldest of them were written.
    """

    stream: str
    since: dt.datetime


def next_version(checkpoint: Path, table_id: str, back: int = 0) -> int | None:
    """Return the version of a table that a stream reads next, out of its last offset; None when it reads another.

    Parameters
    ----------
    checkpoint
        Folder of the stream's checkpoint.
    table_id
        Of the table.
    back
        How many offsets before the last one.
    """
    offsets = checkpoint / "offsets"
    batches = sorted(int(path.name) for path in offsets.glob("*") if path.name.isdigit()) if offsets.is_dir() else []
    if len(batches) <= back:
        return None
    for line in (offsets / str(batches[-1 - back])).read_text(encoding="utf-8").splitlines():
        if line.startswith("{") and '"reservoirId"' in line:
            offset = json.loads(line)
            if offset.get("reservoirId") == table_id:
                return int(offset["reservoirVersion"])
    return None


def waiting(table: DeltaTable, checkpoints: Path) -> list[Waiting]:
    """Return, for each stream that reads a table, since when rows wait for it; streams without any are left out.

    Parameters
    ----------
    table
        Opened at its newest version.
    checkpoints
        Root folder of all streams' checkpoints.
    """
    table_id = str(table.metadata().id)
    place = folder_of(table)
    found = []
    for folder in sorted(path.parent for path in checkpoints.glob("*/*/offsets")):
        version = next_version(folder, table_id)
        if version is None:
            continue
        times = [
            int(commit["timestamp"])
            for commit in table.history(max(1, table.version() - version + 1))
            if int(commit["version"]) >= version and carries_rows(entry(place, int(commit["version"])))
        ]
        if times:
            since = dt.datetime.fromtimestamp(min(times) / 1000, tz=dt.UTC)
            found.append(Waiting(f"{folder.parent.name}/{folder.name}", since))
    return found
