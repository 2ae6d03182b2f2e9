"""The alerts of a micro-batch, read from the files of silver that it consists of: Spark only says which these are."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlglot
from sqlglot import exp

from fink_lib.lake.aggregates import SPARK, on_flat_columns, written
from fink_lib.lake.data_files import NO_NIGHT
from fink_lib.lake.parquet import parquet_file
from fink_lib.lake.tables.spec import column_paths
from fink_lib.packets.leaf import leaf
from fink_lib.storage import LakePath, Store
from fink_lib.storage.paths import in_store, place_named

FILE, ROW = "file", "row"  # where an alert stands: a path, and its number there
NIGHT = "night"
LIST_STEPS = (".list.element", ".list.item", ".key_value")  # by which Parquet goes through lists and maps
Columns: TypeAlias = Mapping[str, pa.Array]
"""Dotted path → its values, one a row; through an array of records, an array a row."""


@dataclass(frozen=True)
class Silver:
    """How alerts are read.

    Attributes
    ----------
    schema
        Columns of the table; a file that was written before one was added lacks it.
    store
        That the lake lies in; None for a lake in a folder of this host.
    """

    schema: pa.Schema
    store: Store | None = None

    @property
    def paths(self) -> frozenset[str]:
        """Every column as a dotted path."""
        return column_paths(self.schema)

    def heads(self, files: Iterable[str], paths: Collection[str]) -> pa.Table:
        """Return some columns of all alerts of some files, with file and row.

        Parameters
        ----------
        files
            As Spark names them.
        paths
            Columns.
        """
        wanted = {path: kind_at(self.schema, path) for path in paths}
        parts = [pa.schema([*wanted.items(), (FILE, pa.string()), (ROW, pa.int64())]).empty_table()]
        for path in sorted(str(place_named(uri, self.store)) for uri in files):
            with parquet_file(self._place(path)) as file:
                rows = file.read(columns=_stored(file, wanted), use_threads=False)
            found = self._columns(rows, path, wanted)
            found |= {FILE: pa.repeat(pa.scalar(path), rows.num_rows), ROW: pa.array(np.arange(rows.num_rows))}
            parts.append(pa.table(found))
        return pa.concat_tables(parts)

    def columns(self, alerts: pa.Table, paths: Collection[str], at_once: int) -> Iterator[tuple[pa.Table, Columns]]:
        """Yield some alerts with some of their columns, so many at a time.

        Parameters
        ----------
        alerts
            With `FILE` and `ROW`.
        paths
            Columns of the table.
        at_once
            Alerts in memory, beside the row group that they are in.
        """
        wanted = {path: kind_at(self.schema, path) for path in paths}
        for path in pc.unique(alerts[FILE]).to_pylist():
            mine = alerts.filter(pc.equal(alerts[FILE], path)).sort_by(ROW)
            places, first = mine[ROW].to_numpy(), 0
            with parquet_file(self._place(path)) as file:
                stored = _stored(file, wanted)
                for number in range(file.num_row_groups):
                    last = first + file.metadata.row_group(number).num_rows
                    here = np.flatnonzero((places >= first) & (places < last))
                    if len(here):
                        group = file.read_row_group(number, columns=stored, use_threads=False)
                        for some in np.split(here, range(at_once, len(here), at_once)):
                            rows = group.take(pa.array(places[some] - first))
                            yield mine.take(pa.array(some)), self._columns(rows, path, wanted)
                    first = last

    def _place(self, path: str) -> LakePath:
        return Path(path) if self.store is None else in_store(path, self.store)

    @staticmethod
    def _columns(rows: pa.Table, file: str, wanted: Mapping[str, pa.DataType]) -> dict[str, pa.Array]:
        """Return columns in the types of the table: Spark stores times as INT96, and older files lack columns."""
        whole, there = _one_batch(rows), column_paths(rows.schema)
        found = {}
        for path, kind in wanted.items():
            if path == NIGHT:
                found[path] = pa.repeat(_night_of(file, kind), rows.num_rows)
            elif path in there:
                values = leaf(whole, path)
                # a record keeps the type of its file: who writes it knows which of its fields that lacks
                as_is = values.type == kind or pa.types.is_nested(kind)
                found[path] = values if as_is else values.cast(kind)
            else:
                found[path] = pa.nulls(rows.num_rows, kind)
        return found


def kind_at(schema: pa.Schema, path: str) -> pa.DataType:
    """Return the type of a column at a dotted path; through an array of records, an array.

    Parameters
    ----------
    schema
        Columns of the table.
    path
        Names with dots between them; below the first one, fields of records.
    """
    root, *rest = path.split(".")
    kind, is_list = schema.field(root).type, False
    for name in rest:
        if pa.types.is_list(kind):
            kind, is_list = kind.value_type, True
        kind = kind.field(name).type
    return pa.list_(kind) if is_list else kind


def public_ones(rows: pa.Table, predicate: str) -> pa.Table:
    """Return the rows of which a predicate of Spark's SQL is true; null means no.

    Parameters
    ----------
    rows
        With the columns that it names, each under its dotted path.
    predicate
        A comparison of columns with values, or ``true``.
    """
    test = written(on_flat_columns(sqlglot.parse_one(predicate, dialect=SPARK)))
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")  # rows come in their order
        connection.register("alerts", rows.select(paths_in(predicate)).append_column(ROW, rows[ROW]))
        asked: Any = connection.sql(f"SELECT coalesce({test}, false) AS public FROM alerts")  # noqa: S608 - the survey's own
        told = asked.to_arrow_table()["public"]
    return rows.filter(told.combine_chunks())


def paths_in(predicate: str) -> list[str]:
    """Return the columns that a predicate of Spark's SQL names, as dotted paths."""
    columns = sqlglot.parse_one(predicate, dialect=SPARK).find_all(exp.Column)
    return sorted({".".join(part.name for part in one.parts) for one in columns})


def _stored(file: pq.ParquetFile, wanted: Collection[str]) -> list[str]:
    """Return the columns of a file that hold what is below some paths."""
    below: dict[str, list[str]] = {}
    for path in wanted:
        below.setdefault(path.partition(".")[0], []).append(path)
    found = []
    for number in range(len(file.schema)):
        stored: str = file.schema.column(number).path
        asked = below.get(stored.partition(".")[0], ())
        if asked:
            path = stored
            for step in LIST_STEPS:
                path = path.replace(step, "")
            if any(f"{path}.".startswith(f"{one}.") for one in asked):
                found.append(stored)
    return found


def _one_batch(rows: pa.Table) -> pa.RecordBatch:
    batches = rows.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=rows.schema)


def _night_of(file: str, kind: pa.DataType) -> pa.Scalar:
    """Return the night that a file is of: its folder says so."""
    label = Path(file).parent.name.partition("=")[2]
    return pa.scalar(None if label == NO_NIGHT else label, pa.string()).cast(kind)
