"""Rows that stand in a table under a key: read a night at a time, and appended where they are not there yet."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from fink_lib.lake.delta import delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.small import append_rows, read_rows
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath


def rows_of_night(
    table: DeltaTable | LakePath, night: dt.date, columns: Sequence[str], keep: pc.Expression | None = None
) -> pa.Table:
    """Read some columns of a night, without a JVM.

    Parameters
    ----------
    table
        Loaded already, or the folder of one, which is read in its newest version.
    night, columns
        What is read.
    keep
        A further condition on rows.
    """
    opened = table if isinstance(table, DeltaTable) else delta_table(table)
    chosen = pc.field("night") == pa.scalar(night)
    return dataset_of(opened).to_table(list(columns), filter=chosen if keep is None else chosen & keep)


def append_new(spec: TableSpec, lake: LakePath, rows: Sequence[Mapping[str, Any]]) -> int:
    """Append rows to a table whose key is not there yet, each key once; return how many.

    Parameters
    ----------
    spec
        The table, whose key has the night; it is made with the first row.
    lake
        Root folder of the tables.
    rows
        Column → value.
    """
    if not rows:
        return 0
    there = read_rows(spec, lake, pc.field("night").isin(sorted({row["night"] for row in rows})), spec.key)
    known = {tuple(row[name] for name in spec.key) for row in there}
    fresh = {key: row for row in rows if (key := tuple(row[name] for name in spec.key)) not in known}
    append_rows(spec, lake, list(fresh.values()))
    return len(fresh)
