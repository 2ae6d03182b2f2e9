"""One side of a comparison: the alerts of some nights in two tables at pinned versions.

It is read a night and a column at a time: what is in memory does not grow with the number of nights.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable, QueryBuilder

from fink_lib.enrich.duplicates import Flags
from fink_lib.filters.base import Filter
from fink_lib.filters.columns import as_array
from fink_lib.filters.evaluate import evaluate
from fink_lib.filters.registry import inputs_of
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.renamed import name_in
from fink_lib.lake.swap import night_files
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.versions import Table
from fink_lib.reprocess.records import KEYS, on_record
from fink_lib.reprocess.tables import night_predicate, open_table

PLACE = "place"
SILVER, REJECTED, REPEAT = "silver", "rejected", "repeat"


@dataclass(frozen=True)
class Pinned:
    """Silver and rejected at versions that never change, each opened once.

    Attributes
    ----------
    paths, versions
        Folder and version of each; a version of None is a table that is not there.
    """

    paths: Mapping[Table, Path]
    versions: Mapping[Table, int | None]

    @cached_property
    def opened(self) -> dict[Table, DeltaTable]:
        """The tables that are there."""
        pinned = self.versions.items()
        return {table: open_table(self.paths[table], version) for table, version in pinned if version is not None}

    @cached_property
    def schemas(self) -> dict[Table, pa.Schema]:
        """Their columns; none where there is no table."""
        there = {table: pa.schema(found.schema().to_arrow()) for table, found in self.opened.items()}
        return {table: there.get(table, pa.schema([])) for table in self.versions}

    def rows(self, table: Table, nights: Sequence[dt.date]) -> int:
        """Return how many rows the nights have in a table, as its log says.

        Parameters
        ----------
        table
            Which; one that is not there has none.
        nights
            Which.
        """
        found = self.opened.get(table)
        return 0 if found is None else sum(file.rows for file in night_files(found, set(nights)))


@dataclass(frozen=True)
class Side:
    """Silver and rejected of some nights, live or candidate.

    Attributes
    ----------
    name
        ``live`` or ``candidate``.
    pinned
        The tables.
    nights
        Which nights.
    only
        Kafka positions of the packets that count; all when not given.
    """

    name: str
    pinned: Pinned
    nights: tuple[dt.date, ...]
    only: pa.Table | None = None

    def on(self, night: dt.date) -> "Side":
        """Return one night of this side."""
        return replace(self, nights=(night,))

    def among(self, places: pa.Table) -> "Side":
        """Return the part of this side whose packets are among some others, by their Kafka position."""
        return replace(self, only=places.select(list(KAFKA_KEY)))

    def schema(self, table: Table) -> pa.Schema:
        """Return the columns of a table; none where there is no table."""
        return self.pinned.schemas[table]

    def column(self, table: Table, name: str) -> pa.Array:
        """Return one column, a value for each row of `keys`.

        Parameters
        ----------
        table
            Which.
        name
            Today's name of a column at root level; its old name in the table does not matter.
        """
        there = name_in(self.schema(table).names, name)
        return self._read(table, (there,))[there].combine_chunks()

    @cached_property
    def keys(self) -> dict[Table, pa.Table]:
        """Identity and Kafka position of the rows, in the order of every other column."""
        return {table: self._read(table, KEYS) for table in self.pinned.paths}

    @cached_property
    def places(self) -> pa.Table:
        """Where each packet is: `KEYS` and ``silver``, ``rejected`` or ``repeat``."""
        silver, rejected = self.keys[Table.SILVER], self.keys[Table.REJECTED]
        again = self.column(Table.REJECTED, "is_duplicate") if rejected.num_rows else pa.array([], pa.bool_())
        named = pc.if_else(again, REPEAT, REJECTED) if rejected.num_rows else pa.array([], pa.string())
        parts = (
            silver.append_column(PLACE, pa.array([SILVER] * silver.num_rows, pa.string())),
            rejected.append_column(PLACE, named),
        )
        return pa.concat_tables(parts).combine_chunks()

    def selected(self, filters: Sequence[Filter], public: str) -> dict[str, list[int]]:
        """Run filters over silver: filter → ids of the public alerts that it selects, sorted.

        Parameters
        ----------
        filters
            What to run; a column that the table lacks reads as null.
        public
            SQL condition of the alerts that may leave.
        """
        keys = self.keys[Table.SILVER]
        if not keys.num_rows:
            return {chosen.name: [] for chosen in filters}
        free = self._may_leave(public)
        roots = {path.split(".")[0] for path in inputs_of(filters)}
        arrays: dict[str, Any] = {}
        for root in sorted(roots):
            known = root in self.schema(Table.SILVER).names
            column = self.column(Table.SILVER, root).filter(pa.array(free)) if known else pa.nulls(int(free.sum()))
            paths = [path for path in inputs_of(filters) if path.split(".")[0] == root]
            arrays |= {path: as_array(pluck(column, path.split(".")[1:])) for path in paths}
        ids = keys["alert_id"].combine_chunks().filter(pa.array(free)).to_pylist()
        judged = evaluate(filters, arrays, len(ids))
        named: dict[str, list[int]] = {chosen.name: [] for chosen in filters}
        for alert_id, names in zip(ids, judged.names, strict=True):
            for name in names:
                named[name].append(alert_id)
        return {name: sorted(found) for name, found in named.items()}

    def _may_leave(self, public: str) -> Flags:
        where = f"{night_predicate(self.nights)} AND ({public})"
        query = f"SELECT {', '.join(KAFKA_KEY)} FROM alerts WHERE {where}"  # noqa: S608 - the survey's own condition
        found = QueryBuilder().register("alerts", self.pinned.opened[Table.SILVER]).execute(query)
        batches = [pa.record_batch(batch) for batch in found]
        if not batches:
            return np.zeros(self.keys[Table.SILVER].num_rows, dtype=bool)
        rows = pa.Table.from_batches(batches)
        return on_record(self.keys[Table.SILVER], rows.cast(_plain_text(rows.schema)))

    @cached_property
    def _datasets(self) -> dict[Table, ds.Dataset]:
        """The files of the nights, found once and not by looking at those of all nights for each column."""
        mine = [("night", "in", [night.isoformat() for night in self.nights])]
        return {table: dataset_of(found, mine) for table, found in self.pinned.opened.items()}

    def _read(self, table: Table, columns: Sequence[str]) -> pa.Table:
        found = self._datasets.get(table)
        if found is None:
            kinds = {"kafka_topic": pa.string(), "kafka_partition": pa.int32()}
            return pa.schema([pa.field(name, kinds.get(name, pa.int64())) for name in columns]).empty_table()
        wanted = list(dict.fromkeys((*columns, *KAFKA_KEY)))
        rows = found.to_table(columns=wanted)
        # Columns are read apart: only an order of their own lets their rows agree.
        rows = rows.sort_by([(name, "ascending") for name in KAFKA_KEY])
        if self.only is not None:
            rows = rows.filter(pa.array(on_record(rows.combine_chunks(), self.only)))
        return rows.select(list(columns)).cast(_plain_text(rows.select(list(columns)).schema)).combine_chunks()


def _plain_text(schema: pa.Schema) -> pa.Schema:
    """Return a schema whose texts all have the plain type, however they were read."""
    views = (pa.string_view(), pa.large_string())
    return pa.schema([pa.field(fld.name, pa.string()) if fld.type in views else fld for fld in schema])


def pluck(column: pa.Array, parts: Sequence[str]) -> pa.Array:
    """Follow a path through structs, and through arrays of structs, as Spark does; nulls stay null.

    Parameters
    ----------
    column
        Values that the path leads away from.
    parts
        Names of fields; none gives the column itself. A path through what is no struct gives nulls.
    """
    if not parts:
        return column
    kind = column.type
    if pa.types.is_struct(kind):
        return pluck(pc.struct_field(column, parts[0]), parts[1:])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        items = pluck(column.flatten(), parts)
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
        return pa.ListArray.from_arrays(offsets, items, mask=column.is_null())
    return pa.nulls(len(column))
