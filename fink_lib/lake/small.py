"""Small tables written and read without a JVM: a few rows a night, replaced as a whole, so that a retry is safe."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from fink_lib.lake.log import PROPERTIES
from fink_lib.lake.tables.spec import TableSpec

logger = logging.getLogger(__name__)

TRIES = 5  # two nights that close at once may meet in one commit
PAUSE_S = 0.2


def replace_rows(spec: TableSpec, lake: Path, rows: Sequence[Mapping[str, Any]], where: Mapping[str, Any]) -> int:
    """Replace the rows of one partition; return the version of the table.

    Parameters
    ----------
    spec
        The table; every column of `where` is one of its partition columns.
    lake
        Root folder of the tables.
    rows
        New rows; none empties the partition.
    where
        Partition column → value.
    """
    schema = spec.plain_schema
    found = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    predicate = " AND ".join(f"{name} = '{value}'" for name, value in where.items())
    for attempt in range(1, TRIES + 1):
        table = ensure_small(spec, lake)
        try:
            write_deltalake(table, found, mode="overwrite", predicate=predicate)
        except CommitFailedError:
            if attempt == TRIES:
                raise
            logger.info("table=%s somebody else committed first, trying again", spec.full_name)
            time.sleep(PAUSE_S * attempt)
        else:
            break
    return int(DeltaTable(str(spec.path(lake))).version())


def read_rows(
    spec: TableSpec, lake: Path, keep: pc.Expression | None = None, columns: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return the rows that fulfil a condition, or some of their columns, as dictionaries; none without a table."""
    path = str(spec.path(lake))
    if not DeltaTable.is_deltatable(path):
        return []
    names = None if columns is None else list(columns)
    rows: list[dict[str, Any]] = DeltaTable(path).to_pyarrow_dataset().to_table(columns=names, filter=keep).to_pylist()
    return rows


def partitions(spec: TableSpec, lake: Path) -> list[dict[str, str]]:
    """Return the partitions of a table out of its log, as column → text."""
    path = str(spec.path(lake))
    if not DeltaTable.is_deltatable(path):
        return []
    return [dict(part) for part in DeltaTable(path).partitions()]


def append_rows(spec: TableSpec, lake: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows in one commit to a table, which is made where it is missing; none is no commit."""
    if rows:
        found = pa.Table.from_pylist([dict(row) for row in rows], schema=spec.plain_schema)
        write_deltalake(ensure_small(spec, lake), found, mode="append")


def ensure_small(spec: TableSpec, lake: Path) -> DeltaTable:
    """Return a table, made where it is missing."""
    return DeltaTable.create(
        spec.path(lake),
        spec.plain_schema,
        mode="ignore",
        partition_by=list(spec.partitioned_by),
        description=spec.comment,
        configuration={"delta.appendOnly": str(spec.append_only).lower(), **PROPERTIES},
    )
