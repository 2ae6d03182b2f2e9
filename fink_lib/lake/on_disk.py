"""The rows of a table as Arrow reads files: no Python in the threads that read.

delta-rs hands its own file system to Arrow as Python objects. A thread that still lets go of one when the process
ends makes it end with a signal, after all its work is done: a job whose last act is to read then fails, now and then
on a busy host.
"""

import pyarrow.dataset as ds
from deltalake import DeltaTable
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem


def dataset_of(table: DeltaTable, folder: str) -> ds.Dataset:
    """Return the rows of a loaded table.

    Parameters
    ----------
    table
        The table, at the version to read.
    folder
        Its folder.
    """
    return table.to_pyarrow_dataset(filesystem=SubTreeFileSystem(folder, LocalFileSystem()))
