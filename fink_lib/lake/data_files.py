"""Data files of a table that is partitioned by night: written where the rows are, in force by one commit elsewhere.

Whoever has the rows, a task of Spark say, writes the files; nobody sees them. Whoever counts them all names them in one
entry of the log. Files that nobody names are removed by vacuum.
"""

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from fink_lib.lake.delta import folder_of, renew
from fink_lib.lake.log import newest_version
from fink_lib.lake.parquet import parquet_writer, size_and_time
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.tables.types import TS
from fink_lib.storage import LakePath

NIGHT = "night"
NO_NIGHT = "__HIVE_DEFAULT_PARTITION__"  # folder of rows without one, as Spark names it
GROUP_BYTES = 16 * 1024 * 1024  # of a row group
HELD_BYTES = 8 * GROUP_BYTES  # of all nights, before what there is of each goes to its file
OPEN_NIGHTS = 64  # files of a task at once: a process may have a thousand, and bytes from outside may be of any night
TEXT_CHARS = 32  # of a least or greatest value, as Delta cuts them
LAST_CHARACTER = chr(0x10FFFF)
MILLISECOND_US = 1000
YEARS = tuple(pa.scalar(dt.datetime(year, 1, 1, tzinfo=dt.UTC), TS) for year in (1, 9999))  # that Python can tell
COMMIT_TRIES = 50  # appends do not disturb each other: who comes second merely goes after


@dataclass(frozen=True)
class DataFile:
    """One file that no version of its table names yet.

    Attributes
    ----------
    path
        Relative to the table's folder.
    night
        Its partition; None for rows that have none.
    rows, size_bytes, modified_ms
        What the log is to say of it.
    stats
        Least and greatest values as JSON.
    """

    path: str
    night: dt.date | None
    rows: int
    size_bytes: int
    modified_ms: int
    stats: str

    @property
    def action(self) -> AddAction:
        """The entry of the log that puts it in force."""
        nights: dict[str, str | None] = {NIGHT: self.night.isoformat() if self.night else None}
        return AddAction(self.path, self.size_bytes, nights, self.modified_ms, data_change=True, stats=self.stats)


class NightWriter:
    """Writes rows as one file a night; of many nights that come mixed some may get several.

    Parameters
    ----------
    spec
        A table that is partitioned by night.
    folder
        Of the table.
    schema
        Columns that are written, `night` among them; all of the table when not given.
    plain
        Columns of bytes that are compressed already: a dictionary of them costs time and saves nothing.
    """

    def __init__(
        self, spec: TableSpec, folder: LakePath, schema: pa.Schema | None = None, plain: Sequence[str] = ()
    ) -> None:
        written = spec.plain_schema if schema is None else schema
        self._folder = folder
        self._schema = pa.schema([one for one in written if one.name != NIGHT])
        there = set(self._schema.names)
        self._indexed = [name for name in spec.schema.names[: spec.indexed_columns] if name in there]
        self._leaves = [path for one in self._schema if one.name not in plain for path in _leaves(one.name, one.type)]
        self._open: dict[dt.date | None, _OpenFile] = {}
        self._done: list[DataFile] = []

    def add(self, rows: pa.RecordBatch) -> None:
        """Take rows of any nights, and of none."""
        nights = rows.column(NIGHT)
        there = pc.unique(nights).to_pylist()
        for night in there:
            is_mine = pc.is_null(nights) if night is None else pc.equal(nights, night)
            mine = rows if len(there) == 1 else rows.filter(is_mine)
            self._file_of(night).add(mine.select(self._schema.names))
        if sum(file.held_bytes for file in self._open.values()) > HELD_BYTES:
            for file in self._open.values():
                file.flush()

    def close(self) -> list[DataFile]:
        """End the files; return what a commit needs to know of them."""
        done = [*self._done, *(file.close() for file in self._open.values())]
        return sorted(done, key=lambda one: str(one.night))

    def _file_of(self, night: dt.date | None) -> "_OpenFile":
        """Return the file of a night, which is then the last to be closed for another one."""
        if night not in self._open and len(self._open) >= OPEN_NIGHTS:
            self._done.append(self._open.pop(next(iter(self._open))).close())
        file = self._open.pop(night) if night in self._open else self._new_file(night)
        self._open[night] = file
        return file

    def _new_file(self, night: dt.date | None) -> "_OpenFile":
        path = f"{NIGHT}={night or NO_NIGHT}/part-{uuid.uuid4()}.zstd.parquet"
        writer = parquet_writer(
            self._folder / path,
            self._schema,
            compression="zstd",
            use_dictionary=self._leaves,
            write_statistics=self._leaves,
        )
        return _OpenFile(path, night, self._folder, writer, self._indexed)


class _OpenFile:
    """A file that is being written; rows are held until there are enough for a group."""

    def __init__(
        self, path: str, night: dt.date | None, folder: LakePath, writer: pq.ParquetWriter, indexed: Sequence[str]
    ) -> None:
        self._path, self._night, self._folder, self._writer = path, night, folder, writer
        self._limits, self._rows = Limits(indexed), 0
        self._held: list[pa.RecordBatch] = []
        self.held_bytes = 0

    def add(self, rows: pa.RecordBatch) -> None:
        self._limits.add(rows)
        self._held.append(rows)
        self._rows += rows.num_rows
        self.held_bytes += rows.nbytes
        if self.held_bytes >= GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._held:
            rows = pa.Table.from_batches(self._held)
            self._writer.write_table(rows.cast(self._writer.schema), row_group_size=rows.num_rows)
            self._held, self.held_bytes = [], 0

    def close(self) -> DataFile:
        self.flush()
        self._writer.close()
        size_bytes, modified_ms = size_and_time(self._folder / self._path)
        return DataFile(self._path, self._night, self._rows, size_bytes, modified_ms, self._limits.stats(self._rows))


class Limits:
    """Least and greatest value of columns, batch by batch, as Delta's log tells them.

    Parameters
    ----------
    names
        Columns; of those that have no order, nulls alone are counted.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._ends: dict[str, tuple[Any, Any] | None] = {}  # None: a NaN is above all numbers, and JSON has none
        self._nulls = dict.fromkeys(names, 0)

    def add(self, rows: pa.RecordBatch) -> None:
        """Look at more rows."""
        for name in self._names:
            values = rows.column(name)
            self._nulls[name] += values.null_count
            if _has_order(values.type) and values.null_count < len(values) and self._ends.get(name, ()) is not None:
                self._ends[name] = _wider(self._ends.get(name), _ends(values))

    def stats(self, rows: int) -> str:
        """Return what the log says of the rows, as JSON."""
        told = {name: (_least(ends[0]), _greatest(ends[1])) for name, ends in self._ends.items() if ends is not None}
        return json.dumps(
            {
                "numRecords": rows,
                "minValues": {name: least for name, (least, _) in told.items()},
                "maxValues": {name: most for name, (_, most) in told.items() if most is not None},
                "nullCount": self._nulls,
            }
        )


def _leaves(path: str, kind: pa.DataType) -> Iterator[str]:
    """Yield the columns of Parquet that a column is stored in."""
    if pa.types.is_struct(kind):
        for one in kind:
            yield from _leaves(f"{path}.{one.name}", one.type)
    elif pa.types.is_map(kind):
        yield from _leaves(f"{path}.key_value.key", kind.key_type)
        yield from _leaves(f"{path}.key_value.value", kind.item_type)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path


def _has_order(kind: pa.DataType) -> bool:
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_string, pa.types.is_timestamp, pa.types.is_date)
    return any(test(kind) for test in tests)


def _ends(values: pa.Array) -> tuple[Any, Any] | None:
    """Return the least and the greatest value; None where a number is not finite, or a time no date of a calendar."""
    if pa.types.is_floating(values.type) and not pc.all(pc.is_finite(values)).as_py():
        return None
    found = pc.min_max(values)
    if pa.types.is_timestamp(values.type) and not _are_dates(found["min"], found["max"]):
        return None
    return found["min"].as_py(), found["max"].as_py()


def _are_dates(least: pa.Scalar, most: pa.Scalar) -> bool:
    """Tell whether times lie where they can be written: a producer of messages may set any 64 bits."""
    return bool(least.value >= YEARS[0].value and most.value < YEARS[1].value)


def _wider(known: tuple[Any, Any] | None, more: tuple[Any, Any] | None) -> tuple[Any, Any] | None:
    if known is None or more is None:
        return more
    return min(known[0], more[0]), max(known[1], more[1])


def _least(value: Any) -> Any:
    """Return a value that is not greater, as JSON has it."""
    if isinstance(value, str):
        return value[:TEXT_CHARS]
    if isinstance(value, float) and value == 0:
        return -0.0  # some readers sort it before 0.0, Arrow takes both for one
    return _in_milliseconds(value) if isinstance(value, dt.datetime) else _plain(value)


def _greatest(value: Any) -> Any:
    """Return a value that is not less, as JSON has it."""
    if isinstance(value, str):
        return _cut_above(value)
    if isinstance(value, float) and value == 0:
        return 0.0
    if isinstance(value, dt.datetime):
        return _in_milliseconds(value + dt.timedelta(microseconds=MILLISECOND_US - 1))
    return _plain(value)


def _cut_above(text: str) -> str | None:
    """Return a short text that is not less; None where there is none of this form."""
    if len(text) <= TEXT_CHARS:
        return text
    return None if text[TEXT_CHARS] == LAST_CHARACTER else text[:TEXT_CHARS] + LAST_CHARACTER


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _in_milliseconds(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def append_rows(spec: TableSpec, table: DeltaTable, folder: LakePath, rows: pa.Table) -> int:
    """Append rows that are in memory; return the version of the table. No row is no commit.

    Parameters
    ----------
    spec, table, folder
        The table.
    rows
        With its columns.
    """
    writer = NightWriter(spec, folder)
    for part in rows.select(spec.schema.names).cast(spec.plain_schema).to_batches():
        if part.num_rows:
            writer.add(part)
    return append(table, writer.close())


def append(table: DeltaTable, files: Sequence[DataFile]) -> int:
    """Put files in force by one commit; return the version of the table. No file is no commit.

    Parameters
    ----------
    table
        Partitioned by night; it is brought to its newest version first, and to the new one afterwards.
    files
        Files that lie in its folder already and that no version names yet.

    Raises
    ------
    CommitFailedError
        When the table was changed so that an append is no longer sound.
    """
    if table.version() != newest_version(folder_of(table)):  # by name: delta-rs lists the whole log
        renew(table)
    if files:
        actions: list[AddAction | RemoveAction] = [file.action for file in files]
        once = CommitProperties(max_commit_retries=COMMIT_TRIES)
        partitions = table.metadata().partition_columns
        table.create_write_transaction(actions, "append", table.schema(), partitions, commit_properties=once)
        renew(table)
    return int(table.version())
