"""Read the lake from plain Python, without Spark and without a JVM: one call, an Arrow table."""

import datetime as dt
import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from fink_lib.config import Settings
from fink_lib.errors import LakeError
from fink_lib.lake.delta import delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables.spec import full_name
from fink_lib.nights import parse_night
from fink_lib.storage import LakePath
from fink_lib.storage.paths import in_store

Night: TypeAlias = str | dt.date
NIGHT = "night"
NAMES_IN_A_SENTENCE = 12


def read(
    layer: str,
    survey: str | None,
    name: str = "alerts",
    *,
    night: Night | Iterable[Night] | None = None,
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
    version: int | None = None,
    lake: LakePath | str | None = None,
) -> pa.Table:
    """Read a table of the lake.

    Only the files of the nights asked for are opened, and of them only the columns asked for.

    Parameters
    ----------
    layer, survey, name
        Parts of the table's name: ``bronze``, ``silver`` or ``gold``; ``ztf``, ``lsst``, or None for the tables of all
        surveys, such as ``gold__nights``; and the last part.
    night
        One night (a date, or ``YYYY-MM-DD``) or several; all of them when not given.
    columns
        Names in the order wanted; a dotted one (``candidate.magpsf``) is a field of a struct. All when not given.
    where
        A further condition, for example ``pyarrow.compute.field("ra") > 180``.
    version, lake
        Version of the table, the newest when not given; folder of the tables, ``FINK_HOME``'s when not given.

    Returns
    -------
    pyarrow.Table
        ``.to_pandas()`` makes a frame of it. A night without rows is an empty table.

    Raises
    ------
    LakeError, ConfigError
        When there is no such table, version or column, naming those that there are; when a night is no date.
    """
    folder = _root(lake)
    table = open_table(folder, full_name(layer, survey, name), version)
    dataset = dataset_of(table)
    condition = _both(_of_nights(dataset, night), where)
    chosen = None if columns is None else {column: _field(dataset.schema, column) for column in columns}
    try:
        return dataset.to_table(columns=chosen, filter=condition)
    except FileNotFoundError as error:
        raise LakeError(
            f"version {table.version()} of {table.table_uri} has lost files, most likely to a vacuum: read a newer one"
        ) from error


def table_names(lake: LakePath | str | None = None) -> list[str]:
    """Return the names of the tables that a lake holds."""
    folder = _root(lake)
    return sorted(path.parent.name for path in folder.glob("*/_delta_log"))


def _root(lake: LakePath | str | None) -> LakePath:
    """Return the folder that is asked for; a text may be an address in the object store of the settings."""
    if lake is None:
        return Settings().lake
    if isinstance(lake, str):
        return in_store(lake, Settings().store) if lake.startswith("s3://") else Path(lake)
    return lake


def open_table(folder: LakePath, full_name: str, version: int | None = None) -> DeltaTable:
    """Open a table of a lake by its full name, at a version or at the newest.

    Parameters
    ----------
    folder
        Root folder of the tables.
    full_name
        As `full_name` makes it, for example ``silver_ztf__alerts``.
    version
        Which; the newest when not given.

    Raises
    ------
    LakeError
        When there is no such table or version, naming those that there are.
    """
    path = folder / full_name
    if not (path / "_delta_log").is_dir():
        known = table_names(folder)
        there = f"it has {', '.join(known)}" if known else "it has no tables at all: is FINK_HOME right?"
        raise LakeError(f"no table {full_name} in {folder}; {there}")
    try:
        return delta_table(path, version=version)
    except DeltaError as error:
        newest = delta_table(path).version()
        raise LakeError(f"table {full_name} has no version {version}; the newest is {newest}") from error


def _of_nights(dataset: ds.Dataset, night: Night | Iterable[Night] | None) -> pc.Expression | None:
    if night is None:
        return None
    if NIGHT not in dataset.schema.names:
        raise LakeError(f"the table has no nights; its columns are {_some(dataset.schema.names)}")
    asked = [night] if isinstance(night, str | dt.date) else list(night)
    dates = [parse_night(one) if isinstance(one, str) else one for one in asked]
    return pc.field(NIGHT).isin(pa.array(dates, type=pa.date32()))


def _both(first: pc.Expression | None, second: pc.Expression | None) -> pc.Expression | None:
    if first is None or second is None:
        return first if second is None else second
    return first & second


def _field(schema: pa.Schema, column: str) -> pc.Expression:
    """Return a column, or a field of a struct, by its dotted name."""
    names: list[str] = []
    level: pa.Schema | pa.StructType = schema
    for part in column.split("."):
        known = [level.field(at).name for at in range(len(level.names if isinstance(level, pa.Schema) else level))]
        if part not in known:
            within = f" in {'.'.join(names)}" if names else ""
            close = difflib.get_close_matches(part, known, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are {_some(known)}"
            raise LakeError(f"no column '{part}'{within}: {hint}")
        names.append(part)
        kind = level.field(part).type
        level = kind if pa.types.is_struct(kind) else pa.schema([])
    return pc.field(*names)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_IN_A_SENTENCE} more" if len(names) > NAMES_IN_A_SENTENCE else ""
    return ", ".join(names[:NAMES_IN_A_SENTENCE]) + more
