"""Runs of the tables made for reading, sorted by DuckDB and written by delta-rs, in memory that they do not change."""

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import (
    BloomFilterProperties,
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    Transaction,
    WriterProperties,
    write_deltalake,
)

from fink_lib.lake.delta import renew
from fink_lib.lake.health import MB
from fink_lib.lake.small import ensure_whole
from fink_lib.lake.tables import TableSpec
from fink_lib.served.columns import RUN_NAME
from fink_lib.served.runs import Run
from fink_lib.storage import LakePath

MEMORY = "1GB"
GROUP_ROWS = 16_384  # all columns of one group: 10 ms to read, 23 ms with 65,536
BATCH_ROWS = 65_536
BLOOM_FALSE_POSITIVES = 0.01


def ensure(spec: TableSpec, lake: LakePath) -> DeltaTable:
    """Return a table, made where it is missing, with the columns that its spec has today.

    Parameters
    ----------
    spec
        The table. Columns that it gains are null in the rows that are there.
    lake
        Root folder of the tables.
    """
    table = ensure_whole(spec, lake)
    known = set(pa.schema(table.schema().to_arrow()).names)
    if any(name not in known for name in spec.schema.names):
        write_deltalake(table, spec.plain_schema.empty_table(), mode="append", schema_mode="merge")
        renew(table)
    return table


@contextmanager
def sorting(lake: LakePath) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield what sorts more rows than memory holds, and reads the files of a lake."""
    with tempfile.TemporaryDirectory(prefix="serve-") as spill, duckdb.connect() as connection:
        if not isinstance(lake, Path):
            connection.register_filesystem(lake.fs)
        connection.execute(f"SET memory_limit = '{MEMORY}'; SET temp_directory = '{spill}'; SET TimeZone = 'UTC'")
        yield connection


def read_sql(files: Collection[LakePath]) -> str:
    """Return what reads some files, as SQL over the columns of all of them."""
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in sorted(files))
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def named_columns(spec: TableSpec, there: Collection[str], run: Run) -> str:
    """Return the columns of a table as SQL; those that are not there are null, and the run is told.

    Parameters
    ----------
    spec
        The table; all its columns are named, in order.
    there
        Columns that the source of the rows has.
    run
        The run that the rows are to be of.
    """
    told = {RUN_NAME: f"'{run.name}' AS {RUN_NAME}"}
    columns = [told.get(name) or (f'"{name}"' if name in there else f'NULL AS "{name}"') for name in spec.schema.names]
    return ", ".join(columns)


def replace_runs(
    spec: TableSpec,
    table: DeltaTable,
    rows: pa.RecordBatchReader,
    runs: Collection[Run],
    covers: Mapping[str, int],
) -> None:
    """Put rows in the place of some runs, in one commit.

    Parameters
    ----------
    spec, table
        The table.
    rows
        What stands there afterwards, of whatever runs; all of these are among `runs`.
    runs
        Runs that go.
    covers
        Applications of the log → version, noted beside.
    """
    names = ", ".join(f"'{run.name}'" for run in sorted(runs))
    shape = spec.plain_schema
    batches = (
        pa.RecordBatch.from_arrays([batch[one.name].cast(one.type) for one in shape], schema=shape) for batch in rows
    )
    write_deltalake(
        table,
        pa.RecordBatchReader.from_batches(shape, batches),
        mode="overwrite",
        predicate=f"{RUN_NAME} IN ({names})",
        writer_properties=properties(spec),
        target_file_size=spec.file_mb * MB,
        commit_properties=CommitProperties(app_transactions=[Transaction(*one) for one in covers.items()]),
    )
    renew(table)


def properties(spec: TableSpec) -> WriterProperties:
    """Return how files are written: small row groups, and Bloom filters of what is asked for by value."""
    bloom = BloomFilterProperties(True, fpp=BLOOM_FALSE_POSITIVES, ndv=GROUP_ROWS)
    columns = {name: ColumnProperties(bloom_filter_properties=bloom) for name in spec.looked_up_by}
    return WriterProperties(max_row_group_size=GROUP_ROWS, compression="ZSTD", column_properties=columns)


def ordered(connection: duckdb.DuckDBPyConnection, selects: Sequence[str], order: str) -> pa.RecordBatchReader:
    """Return the rows of some selections, each run in order.

    Parameters
    ----------
    connection
        As `sorting` yields it; it must live until the last batch was read.
    selects
        SQL queries with the same columns, at least one.
    order
        Columns, as SQL, by which the rows of a run are sorted.

    Returns
    -------
    Batches of `BATCH_ROWS` rows, the runs in the order of their names.
    """
    together = " UNION ALL BY NAME ".join(selects)
    return connection.sql(f"SELECT * FROM ({together}) ORDER BY {RUN_NAME}, {order}").to_arrow_reader(BATCH_ROWS)  # noqa: S608  # ours
