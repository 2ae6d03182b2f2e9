"""Parquet files of tables read and written by themselves, wherever they lie."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow.fs import LocalFileSystem, copy_files

from fink_lib.storage import LakePath
from fink_lib.storage.paths import arrow_place


def parquet_file(place: LakePath | str) -> pq.ParquetFile:
    """Open a file; the caller closes it.

    Parameters
    ----------
    place
        The file; a text is a path of this host.
    """
    if isinstance(place, str | Path):
        return pq.ParquetFile(place)
    files, path = arrow_place(place)
    return pq.ParquetFile(path, filesystem=files)


def parquet_schema(place: LakePath) -> pa.Schema:
    """Return the columns of a file."""
    with parquet_file(place) as file:
        return file.schema_arrow


def parquet_metadata(place: LakePath | str) -> pq.FileMetaData:
    """Return what the footer of a file says."""
    with parquet_file(place) as file:
        return file.metadata


def parquet_dataset(places: Sequence[LakePath], schema: pa.Schema) -> ds.Dataset:
    """Return some files of one lake as one set of rows.

    Parameters
    ----------
    places
        The files, of which there is at least one.
    schema
        Columns; those that a file lacks are null.
    """
    files, _ = arrow_place(places[0])
    return ds.dataset([arrow_place(one)[1] for one in places], format="parquet", schema=schema, filesystem=files)


def parquet_writer(place: LakePath, schema: pa.Schema, **options: Any) -> pq.ParquetWriter:
    """Return what writes a file, as Arrow's writer does; its folder is made where it is missing.

    Parameters
    ----------
    place
        The file.
    schema
        Its columns.
    options
        As `pyarrow.parquet.ParquetWriter` has them.
    """
    if isinstance(place, Path):
        place.parent.mkdir(parents=True, exist_ok=True)
        return pq.ParquetWriter(place, schema, **options)
    files, path = arrow_place(place)
    return pq.ParquetWriter(path, schema, filesystem=files, **options)


def size_and_time(place: LakePath) -> tuple[int, int]:
    """Return the bytes of a file, and when it was written, in milliseconds since 1970."""
    if isinstance(place, Path):
        told = place.stat()
        return told.st_size, int(told.st_mtime * 1000)
    files, path = arrow_place(place)
    (found,) = files.get_file_info([path])
    if not found.is_file:
        raise FileNotFoundError(f"{place} is gone")
    return int(found.size), int(found.mtime.timestamp() * 1000)


def put_file(source: Path, goal: LakePath) -> None:
    """Give a file of this host a place in a table: by a link in a folder, as a copy in an object store.

    Parameters
    ----------
    source
        The file, on this host.
    goal
        Its place; there must be none yet.
    """
    if isinstance(goal, Path):
        os.link(source, goal)
        return
    files, path = arrow_place(goal)
    copy_files(str(source), path, LocalFileSystem(), files)
