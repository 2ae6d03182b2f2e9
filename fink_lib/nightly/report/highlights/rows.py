"""Rows of a few alerts out of a night of a table, without a JVM: only the row groups that hold them are read."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from fink_lib.files import JsonObject
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.parquet import parquet_file
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.storage import LakePath

ALERT_ID = "alert_id"


def night_files(path: LakePath, night: dt.date, version: int | None) -> list[LakePath]:
    """Return the files of a night, sorted; those of a version as long as they are all kept, else of the newest.

    A version's files go with its retention; what compaction has rewritten since holds the same rows.

    Parameters
    ----------
    path
        Folder of the table; there are no files where there is none.
    night
        Its partition.
    version
        Whose files; None takes the newest.
    """
    if not is_delta_table(path):
        return []
    if version is not None:
        try:
            files = _files(delta_table(path, version=version), path, night)
        except DeltaError:
            files = []
        if files and all(file.exists() for file in files):
            return files
    return _files(delta_table(path), path, night)


def _files(table: DeltaTable, path: LakePath, night: dt.date) -> list[LakePath]:
    actions = pa.table(table.get_add_actions(flatten=True))
    kept = pc.fill_null(pc.equal(actions["partition.night"], night), fill_value=False)
    return sorted(path / unquote(name) for name in pc.filter(actions["path"], kept).to_pylist())


def read_columns(files: Iterable[LakePath], columns: Sequence[str]) -> pa.Table:
    """Return some columns of all rows, dotted paths flattened under their own names, null where a file lacks one.

    Parameters
    ----------
    files
        Paths of Parquet files.
    columns
        Dotted paths.
    """
    parts = []
    for name in files:
        with parquet_file(name) as file:
            known = [path for path in columns if path.split(".")[0] in file.schema_arrow.names]
            table = file.read(columns=known)
        parts.append(pa.table({path: _at(table, path) for path in columns}))
    return pa.concat_tables(parts, promote_options="permissive") if parts else pa.table({path: [] for path in columns})


def rows_of(files: Iterable[LakePath], alert_ids: Iterable[int], columns: Sequence[str]) -> dict[int, JsonObject]:
    """Return the rows of some alerts by id; of an alert that arrived twice, the one that came first.

    Parameters
    ----------
    files
        Paths of Parquet files with ``alert_id`` and the columns of `KAFKA_KEY`, which the rows have too.
    alert_ids
        Which; those that are nowhere are left out.
    columns
        Names of columns at root level; those that a file lacks are not in its rows.
    """
    wanted = pa.array(sorted(set(alert_ids)), type=pa.int64())
    found: dict[int, tuple[tuple[Any, ...], JsonObject]] = {}
    for name in files:
        with parquet_file(name) as file:
            have = [column for column in columns if column in file.schema_arrow.names]
            for group in range(file.num_row_groups):
                here = pc.is_in(file.read_row_group(group, columns=[ALERT_ID])[ALERT_ID], value_set=wanted)
                if not pc.any(here).as_py():
                    continue
                rows = file.read_row_group(group, columns=[ALERT_ID, *KAFKA_KEY, *have]).filter(here)
                for row in rows.to_pylist():
                    place = tuple(row[column] for column in KAFKA_KEY)
                    if row[ALERT_ID] not in found or place < found[row[ALERT_ID]][0]:
                        found[row[ALERT_ID]] = (place, row)
    return {alert_id: row for alert_id, (_, row) in sorted(found.items())}


def _at(table: pa.Table, path: str) -> Any:
    """Return the column that a dotted path leads to; all null where the table has none."""
    root, *rest = path.split(".")
    if root not in table.column_names:
        return pa.nulls(table.num_rows)
    column = table[root]
    for part in rest:
        if part not in {fld.name for fld in column.type}:
            return pa.nulls(table.num_rows)
        column = pc.struct_field(column, part)
    return column
