"""Small tables written and read without a JVM: a few rows a night, replaced as a whole, so that a retry is safe."""

import functools
import logging
import operator
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from fink_lib.lake.delta import created, delta_table, folder_of, is_delta_table
from fink_lib.lake.formats import require_current
from fink_lib.lake.log import PROPERTIES
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath

logger = logging.getLogger(__name__)

TRIES = 5  # two nights that close at once may meet in one commit
PAUSE_S = 0.2
Done = TypeVar("Done")


def replace_rows(spec: TableSpec, lake: LakePath, rows: Sequence[Mapping[str, Any]], where: Mapping[str, Any]) -> int:
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
    found = pa.Table.from_pylist([dict(row) for row in rows], schema=spec.plain_schema)
    return until_committed(spec, lambda: _overwrite(ensure_small(spec, lake), found, where))


def exchange_rows(
    spec: TableSpec, lake: LakePath, where: Mapping[str, Any], make: Callable[[pa.Table], pa.Table]
) -> tuple[pa.Table, pa.Table]:
    """Replace the rows of one partition by rows made of them; return both. The same rows again are no commit.

    Who meets another writer makes the rows anew, out of what that one has left.

    Parameters
    ----------
    spec
        The table; every column of `where` is one of its partition columns.
    lake
        Root folder of the tables.
    where
        Partition column → value.
    make
        Old rows → new rows, both in the columns of the table and in any order.
    """
    order = [(name, "ascending") for name in spec.key]

    def attempt() -> tuple[pa.Table, pa.Table]:
        table = ensure_whole(spec, lake)
        rows = dataset_of(table).to_table(spec.schema.names, filter=_equal(spec, where))
        old = rows.cast(spec.plain_schema)
        new = make(old).cast(spec.plain_schema).sort_by(order)
        if not new.equals(old.sort_by(order)):
            _overwrite(table, new, where)
        return old, new

    return until_committed(spec, attempt)


def _equal(spec: TableSpec, where: Mapping[str, Any]) -> pc.Expression:
    kinds = {name: spec.schema.field(name).type for name in where}
    conditions = [pc.field(name) == pa.scalar(str(value)).cast(kinds[name]) for name, value in where.items()]
    return functools.reduce(operator.and_, conditions)


def _overwrite(table: DeltaTable, rows: pa.Table, where: Mapping[str, Any]) -> int:
    predicate = " AND ".join(f"{name} = '{value}'" for name, value in where.items())
    write_deltalake(table, rows, mode="overwrite", predicate=predicate)
    return int(delta_table(folder_of(table)).version())


def until_committed(spec: TableSpec, commit: Callable[[], Done]) -> Done:
    """Do what ends with a commit, again when somebody else committed first; return what it returns.

    Parameters
    ----------
    spec
        The table, for the log.
    commit
        Looks at the table anew each time that it is called; it is called `TRIES` times at most.

    Raises
    ------
    CommitFailedError
        When somebody else comes first again and again.
    """
    for attempt in range(1, TRIES):
        try:
            return commit()
        except CommitFailedError:
            logger.info("table=%s somebody else committed first, trying again", spec.full_name)
            time.sleep(PAUSE_S * attempt)
    return commit()


def read_rows(
    spec: TableSpec, lake: LakePath, keep: pc.Expression | None = None, columns: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return the rows that fulfil a condition, or some of their columns, as dictionaries; none without a table.

    Parameters
    ----------
    spec
        The table.
    lake
        Root folder of the tables.
    keep
        The condition; every row when not given.
    columns
        Names; all when not given.
    """
    path = spec.path(lake)
    if not is_delta_table(path):
        return []
    names = None if columns is None else list(columns)
    found = dataset_of(delta_table(path)).to_table(columns=names, filter=keep)
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def partitions(spec: TableSpec, lake: LakePath) -> list[dict[str, str]]:
    """Return the partitions of a table out of its log, as column → text.

    Parameters
    ----------
    spec
        A table that is partitioned.
    lake
        Root folder of the tables.

    Returns
    -------
    One a partition that has files; no partition where there is no table. A date is told as YYYY-MM-DD.
    """
    path = spec.path(lake)
    if not is_delta_table(path):
        return []
    return [dict(part) for part in delta_table(path).partitions()]


def append_rows(spec: TableSpec, lake: LakePath, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows in one commit to a table, which is made where it is missing; none is no commit.

    Parameters
    ----------
    spec
        The table.
    lake
        Root folder of the tables.
    rows
        Column → value; a column that a row lacks is null.
    """
    if rows:
        found = pa.Table.from_pylist([dict(row) for row in rows], schema=spec.plain_schema)
        write_deltalake(ensure_small(spec, lake), found, mode="append")


def ensure_small(spec: TableSpec, lake: LakePath) -> DeltaTable:
    """Return a table, made where it is missing.

    Parameters
    ----------
    spec
        The table; properties that `ensure_whole` takes from it are left out.
    lake
        Root folder of the tables.

    Raises
    ------
    LakeError
        When the table is of an older format.
    """
    return _ensure(spec, lake, {})


def ensure_whole(spec: TableSpec, lake: LakePath) -> DeltaTable:
    """Return a table, made where it is missing as Spark would make it: with all properties that the spec tells.

    Parameters
    ----------
    spec
        The table.
    lake
        Root folder of the tables.

    Raises
    ------
    LakeError
        When the table is of an older format.
    """
    return _ensure(spec, lake, _all_properties(spec))


def ensure_at(spec: TableSpec, folder: LakePath) -> DeltaTable:
    """Return a table like another one in a folder of its own, made as a whole where it is missing.

    Parameters
    ----------
    spec
        The table that it is like.
    folder
        Its own folder, not that of a lake. Whether what is there is of an older format is not asked.
    """
    return _made(spec, folder, _all_properties(spec))


def _all_properties(spec: TableSpec) -> dict[str, str]:
    return {"delta.dataSkippingNumIndexedCols": str(spec.indexed_columns), **spec.properties}


def _ensure(spec: TableSpec, lake: LakePath, properties: Mapping[str, str]) -> DeltaTable:
    require_current(spec, lake)
    return _made(spec, spec.path(lake), properties)


def _made(spec: TableSpec, folder: LakePath, properties: Mapping[str, str]) -> DeltaTable:
    configuration = {"delta.appendOnly": str(spec.append_only).lower(), **PROPERTIES, **properties}
    return created(folder, spec.plain_schema, spec.partitioned_by, spec.comment, configuration)
