"""Delta tables as delta-rs opens them, wherever they lie: the place tells the store, and how it is reached."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from deltalake import DeltaTable

from fink_lib.storage import LakePath, Store
from fink_lib.storage.paths import delta_options, place_named


def delta_table(place: LakePath, version: int | None = None) -> DeltaTable:
    """Open a table.

    Parameters
    ----------
    place
        Its folder, or its place in an object store.
    version
        Which; the newest when not given.
    """
    return DeltaTable(str(place), version=version, storage_options=delta_options(place))


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
    return DeltaTable.create(
        str(place),
        schema,
        mode="ignore",
        partition_by=list(partition_by),
        description=description,
        configuration=dict(configuration),
        storage_options=delta_options(place),
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
