"""Delta tables as delta-rs opens them, wherever they lie: the place tells the store, and how it is reached."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from fink_lib.storage import LakePath, Store
from fink_lib.storage.paths import delta_options, place_named

LISTINGS, AGAIN_S = 20, 0.05
GAP = "found gap"  # in the words of delta-rs
Found = TypeVar("Found")


def delta_table(place: LakePath, version: int | None = None) -> DeltaTable:
    """Open a table.

    Parameters
    ----------
    place
        Its folder, or its place in an object store.
    version
        Which; the newest when not given.
    """
    return listed(lambda: DeltaTable(str(place), version=version, storage_options=delta_options(place)))


def renew(table: DeltaTable) -> None:
    """Bring a table to its newest version.

    Parameters
    ----------
    table
        Loaded in any version.
    """
    listed(table.update_incremental)


def listed(look: Callable[[], Found]) -> Found:
    """Return what is found in a log; one that shows an entry, and not the one before it, is looked at again.

    A folder to which others add while it is listed may show a later file and not an earlier one, as POSIX allows.

    Parameters
    ----------
    look
        Lists the log.

    Raises
    ------
    DeltaError
        When the entry is missing after a second, too.
    """
    for _ in range(LISTINGS):
        try:
            return look()
        except DeltaError as error:
            if GAP not in str(error):
                raise
        time.sleep(AGAIN_S)
    return look()


def is_delta_table(place: LakePath) -> bool:
    """Tell whether there is a table at a place."""
    return bool(DeltaTable.is_deltatable(str(place), delta_options(place)))


def created(
    place: LakePath,
    schema: pa.Schema,
    partition_by: Sequence[str],
    description: str,
    configuration: Mapping[str, str],
) -> DeltaTable:
    """Return the table at a place, made where it is missing.

    Parameters
    ----------
    place
        Where.
    schema, partition_by, description, configuration
        What a new one is made with; one that is there stays as it is.
    """
    return listed(
        lambda: DeltaTable.create(
            str(place),
            schema,
            mode="ignore",
            partition_by=list(partition_by),
            description=description,
            configuration=dict(configuration),
            storage_options=delta_options(place),
        )
    )


def folder_of(table: DeltaTable) -> LakePath:
    """Return the place of a loaded table."""
    return place_of(table, table.table_uri)


def files_of(table: DeltaTable) -> list[LakePath]:
    """Return the places of the files of a loaded table."""
    return [place_of(table, uri) for uri in table.file_uris()]


def place_of(table: DeltaTable, uri: str) -> LakePath:
    """Return the place that delta-rs names by an address.

    Parameters
    ----------
    table
        Which knows how its store is reached.
    uri
        As delta-rs writes it: ``file://`` or ``s3://`` and a quoted path, or the path alone.
    """
    options = table._storage_options  # noqa: SLF001 - delta-rs has no other word for how a table was opened
    return place_named(uri, Store.of_delta(options) if options and uri.startswith("s3://") else None)
