"""Swap the files of some nights of a table for others, in one commit: how a night is promoted and restored.

Files are linked, not copied, so a swap takes milliseconds and what comes back is the very same bytes. No JVM.

A swap names the files that it takes away. What a stream appended meanwhile stays; what compaction rewrote
meanwhile makes the commit fail, and nothing has changed.
"""

import datetime as dt
import json
import logging
import os
import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from fink_lib.errors import LakeError
from fink_lib.lake.delta import renew
from fink_lib.lake.parquet import put_file
from fink_lib.storage.paths import AnyPlace, LakePath

logger = logging.getLogger(__name__)

ATTEMPTS = 20
APPEND_ONLY = "delta.appendOnly"


@dataclass(frozen=True)
class NightFile:
    """One data file of a night.

    Attributes
    ----------
    path
        Relative to the table's folder, as the log writes it.
    night
        Partition.
    size_bytes, rows, modified_ms
        What the log says of it.
    stats
        Least and greatest values as JSON, which let readers pass over the file.
    """

    path: str
    night: dt.date
    size_bytes: int
    rows: int
    modified_ms: int
    stats: str

    def as_json(self) -> dict[str, Any]:
        """Return the file as plain JSON."""
        return {**asdict(self), "night": self.night.isoformat()}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "NightFile":
        """Read what `as_json` wrote."""
        return cls(**{**facts, "night": dt.date.fromisoformat(facts["night"])})

    def inside(self, folder: AnyPlace) -> AnyPlace:
        """Where the file lies under a table's folder."""
        return folder / unquote(self.path)  # type: ignore[return-value]


@dataclass(frozen=True)
class Swap:
    """One commit.

    Attributes
    ----------
    remove, add
        Files that go and files that come; those that come lie in the table's folder already.
    app_id, step
        Make the commit happen once: a table that has seen this step, or a later one, is left alone.
    facts
        What the table's history shows beside the commit.
    same_rows
        True when the files that come hold the rows of those that go: streams that read the table see nothing.
    """

    remove: Sequence[NightFile]
    add: Sequence[NightFile]
    app_id: str
    step: int
    facts: Mapping[str, str]
    same_rows: bool = False


def night_files(table: DeltaTable, nights: Collection[dt.date]) -> list[NightFile]:
    """Return the files of some nights, as the loaded version of a table has them, sorted by path.

    Parameters
    ----------
    table
        Partitioned by night.
    nights
        Which partitions.
    """
    actions = pa.table(table.get_add_actions(flatten=False)).to_pylist()
    chosen = [action for action in actions if (action["partition"] or {}).get("night") in nights]
    return sorted((_night_file(action) for action in chosen), key=lambda file: file.path)


def _night_file(action: Mapping[str, Any]) -> NightFile:
    limits = {"minValues": action.get("min"), "maxValues": action.get("max"), "nullCount": action.get("null_count")}
    told = {name: _plain(values) for name, values in limits.items() if values}
    stats = json.dumps({"numRecords": action["num_records"], **told}, sort_keys=True)
    return NightFile(
        path=action["path"],
        night=action["partition"]["night"],
        size_bytes=action["size_bytes"],
        rows=action["num_records"],
        modified_ms=action["modification_time"],
        stats=stats,
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what JSON can say exactly; a column without limits is merely never passed over."""
    kept = (int, str, float)
    return {name: value for name, value in values.items() if isinstance(value, kept) and value == value}  # noqa: PLR0124 - NaN


def link_files(files: Sequence[NightFile], source: Path, target: LakePath, prefix: str = "") -> list[NightFile]:
    """Make the files of one folder exist in another one too; return them as the other folder names them.

    A file that is there already is left: the name of a data file is never used twice.

    Parameters
    ----------
    files
        Files of the first folder.
    source, target
        Folders of two tables; on two disks, or where the second lies in an object store, the files are copied.
    prefix
        Put before the name of each file in the second folder.

    Raises
    ------
    LakeError
        When a file is gone.
    """
    linked = []
    for file in files:
        folder, _, name = file.path.rpartition("/")
        there = replace(file, path=f"{folder}/{prefix}{name}" if folder else f"{prefix}{name}")
        goal = there.inside(target)
        if not goal.exists():
            _place(file.inside(source), goal)
        linked.append(there)
    return linked


def _place(source: Path, goal: LakePath) -> None:
    if not isinstance(goal, Path):
        put_file(source, goal)
        return
    goal.parent.mkdir(parents=True, exist_ok=True)
    scratch = goal.with_name(f".{goal.name}.{os.getpid()}")
    try:
        scratch.hardlink_to(source)
    except FileNotFoundError:
        raise LakeError(f"file {source} is gone: it was removed by hand, or vacuumed") from None
    except OSError:  # another disk: links do not reach there
        shutil.copy2(source, scratch)
    scratch.replace(goal)


def was_done(table: DeltaTable, swap: Swap) -> bool:
    """Tell whether the table has seen this swap.

    Parameters
    ----------
    table
        In the version that is loaded.
    swap
        Its ``app_id`` and ``step`` are looked for; a later step of that ``app_id`` counts too.
    """
    return (table.transaction_version(swap.app_id) or 0) >= swap.step


def apply(table: DeltaTable, swap: Swap) -> int:
    """Commit a swap to the newest version of a table; return the table's version after it.

    Streams that read the table must skip commits that change rows (``skipChangeCommits``). A night that had no
    file has none to remove: its files are then marked as no change of data, which streams pass over as well.

    A commit that comes second is not merged by delta-rs: it would not see that compaction has rewritten the files
    that go, and leave their rows twice. It is refused, and looked at anew.

    Parameters
    ----------
    table
        Loaded in any version; it is brought to the newest.
    swap
        What goes and what comes; one that was done before, or that is empty, is no commit.

    Raises
    ------
    LakeError
        When one of the files that go is no longer part of the table.
    """
    for _ in range(ATTEMPTS):
        renew(table)
        if was_done(table, swap) or not (swap.remove or swap.add):
            return int(table.version())
        try:
            if not swap.same_rows:
                allow_changes(table)
            _require_present(table, swap.remove)
            _commit(table, swap)
        except CommitFailedError as error:
            logger.info("table %s was busy: %s", table.table_uri, error)
            continue
        renew(table)
        return int(table.version())
    raise LakeError(f"table {table.table_uri} was written by others {ATTEMPTS} times in a row: try again")


def _require_present(table: DeltaTable, files: Sequence[NightFile]) -> None:
    present = {file.path for file in night_files(table, {file.night for file in files})}
    if missing := sorted({file.path for file in files} - present):
        raise LakeError(f"file {missing[0]} was replaced by another writer meanwhile: look at the table and try again")


def _commit(table: DeltaTable, swap: Swap) -> None:
    now_ms, change = time.time_ns() // 1_000_000, bool(swap.remove) and not swap.same_rows
    removed = [
        RemoveAction(file.path, data_change=change, deletion_timestamp=now_ms, size=file.size_bytes,
                     partition_values=_values(file))
        for file in swap.remove
    ]  # fmt: skip
    added = [
        AddAction(file.path, file.size_bytes, _values(file), file.modified_ms, data_change=change, stats=file.stats)
        for file in swap.add
    ]
    once = CommitProperties(
        custom_metadata=dict(swap.facts),
        app_transactions=[Transaction(swap.app_id, swap.step)],
        max_commit_retries=0,
    )
    partitions = table.metadata().partition_columns
    table.create_write_transaction([*removed, *added], "append", table.schema(), partitions, commit_properties=once)


def overwrite(table: DeltaTable, files: Sequence[NightFile], shape: Schema, facts: Mapping[str, str]) -> None:
    """Replace all files of a table, and its columns, in one commit; nobody else may be writing.

    Parameters
    ----------
    table
        The table, as loaded: somebody who committed since makes the commit fail.
    files
        Its new files, which lie in its folder already.
    shape
        Its new columns.
    facts
        What its history shows beside the commit.
    """
    allow_changes(table)
    renew(table)
    added: list[AddAction | RemoveAction] = [
        AddAction(file.path, file.size_bytes, _values(file), file.modified_ms, data_change=True, stats=file.stats)
        for file in files
    ]
    once = CommitProperties(custom_metadata=dict(facts), max_commit_retries=0)
    partitions = table.metadata().partition_columns
    table.create_write_transaction(added, "overwrite", shape, partitions, commit_properties=once)


def _values(file: NightFile) -> dict[str, str | None]:
    return {"night": file.night.isoformat()}


def allow_changes(table: DeltaTable) -> None:
    """Let rows of the table be replaced; tables made by early versions forbid it."""
    if table.metadata().configuration.get(APPEND_ONLY) == "true":
        table.alter.set_table_properties({APPEND_ONLY: "false"})
