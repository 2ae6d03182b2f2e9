"""The rows of a table as Arrow reads files: no Python in the threads that read, and no row that is not looked at.

delta-rs hands its own file system to Arrow as Python objects. A thread that still lets go of one when the process
ends makes it end with a signal, after all its work is done: a job whose last act is to read then fails, now and then
on a busy host.

It also promises Arrow of each file what the log's statistics say, and more than they say: of a column without them,
as every text is in the files that the broker's tasks write, that each value is above null, and of numbers that none is
NaN. A condition on such a column then finds nothing. Here a file promises its partition and the range of its whole
numbers, where the log has both ends; of all else its own footer tells.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any, TypeAlias
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable
from deltalake.exceptions import DeltaProtocolError
from deltalake.table import MAX_SUPPORTED_READER_VERSION, SUPPORTED_READER_FEATURES
from pyarrow.fs import SubTreeFileSystem

from fink_lib.lake.delta import folder_of
from fink_lib.storage.paths import arrow_place

Condition: TypeAlias = tuple[str, str, str | list[str]]
"""Partition column, ``=`` or ``in``, text or texts."""


def dataset_of(table: DeltaTable, files: Sequence[Condition] = ()) -> ds.Dataset:
    """Return the rows of a loaded table.

    Parameters
    ----------
    table
        The table, at the version to read.
    files
        Conditions on the partitions whose files are read; all of them when not given.

    Raises
    ------
    DeltaProtocolError
        When the table needs a reader that can do more: its files are not its rows.
    """
    _require_plain(table)
    schema = pa.schema(table.schema().to_arrow())
    files_there, root = arrow_place(folder_of(table))
    folder = SubTreeFileSystem(root, files_there)
    form = ds.ParquetFileFormat(default_fragment_scan_options=ds.ParquetFragmentScanOptions(pre_buffer=True))
    fragments = [
        form.make_fragment(path, filesystem=folder, partition_expression=promise)
        for path, promise in _promises(table, schema, files)
    ]
    return ds.FileSystemDataset(fragments, schema, form, folder)


def _require_plain(table: DeltaTable) -> None:
    protocol = table.protocol()
    unknown = {*(protocol.reader_features or ())} - {*SUPPORTED_READER_FEATURES}
    if protocol.min_reader_version > MAX_SUPPORTED_READER_VERSION or unknown:
        told = f"version {protocol.min_reader_version} {sorted(unknown)}"
        raise DeltaProtocolError(f"{folder_of(table).name} needs a reader that the broker does not have: {told}")


def _promises(table: DeltaTable, schema: pa.Schema, files: Sequence[Condition]) -> list[tuple[str, pc.Expression]]:
    """Return each file, by its path in the folder, and what is true of every row of it."""
    actions = pa.table(table.get_add_actions(flatten=True))
    for column, how, value in files if actions.num_rows else ():
        wanted = [value] if isinstance(value, str) else value
        if how not in {"=", "in"}:
            raise ValueError(f"'{how}' is no condition on partitions: '=' and 'in' are")
        named = pc.is_in(actions[f"partition.{column}"].cast(pa.string()), value_set=pa.array(wanted, pa.string()))
        actions = actions.filter(named)
    parted = [schema.field(name) for name in table.metadata().partition_columns]
    whole = [one for one in schema if pa.types.is_integer(one.type) and f"min.{one.name}" in actions.column_names]
    told = {"path", *(f"partition.{one.name}" for one in parted)}
    told |= {f"{kind}.{one.name}" for one in whole for kind in ("min", "max", "null_count")}
    rows = actions.select([name for name in actions.column_names if name in told]).to_pylist()
    return [(unquote(row["path"]), _promise(row, parted, whole)) for row in rows]


def _promise(file: Mapping[str, Any], parted: Sequence[pa.Field], whole: Sequence[pa.Field]) -> pc.Expression:
    known = [_is(one, file[f"partition.{one.name}"]) for one in parted]
    for one in whole:
        low, high = file[f"min.{one.name}"], file.get(f"max.{one.name}")
        if low is not None and high is not None:
            column = pc.field(one.name)
            ends = column >= pa.scalar(low, one.type), column <= pa.scalar(high, one.type)
            # each end by itself: of a choice between a range and null Arrow makes nothing
            known += ends if file.get(f"null_count.{one.name}") == 0 else [end | column.is_null() for end in ends]
    return reduce(and_, known) if known else pc.scalar(value=True)


def _is(column: pa.Field, value: object) -> pc.Expression:
    if value is None:
        return pc.field(column.name).is_null()
    return pc.field(column.name) == pa.scalar(value, column.type)
