"""The rows of a table as Arrow reads files: no Python in the threads that read.

delta-rs hands its own file system to Arrow as Python objects. A thread that still lets go of one when the process
ends makes it end with a signal, after all its work is done: a job whose last act is to read then fails, now and then
on a busy host.
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow.dataset as ds
from deltalake import DeltaTable
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem


def folder_of(table: DeltaTable) -> Path:
    """Return the folder of a loaded table."""
    return Path(unquote(urlsplit(table.table_uri).path))


def dataset_of(table: DeltaTable, files: Sequence[tuple[str, str, str | list[str]]] | None = None) -> ds.Dataset:
    """Return the rows of a loaded table.

    Parameters
    ----------
    table
        The table, at the version to read.
    files
        Conditions, (column, operator, value), on the partitions whose files are read; all of them when not given.
    """
    return table.to_pyarrow_dataset(
        filesystem=SubTreeFileSystem(str(folder_of(table)), LocalFileSystem()),
        file_pruning_predicate=None if files is None else list(files),
    )
