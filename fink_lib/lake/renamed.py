"""What v0.1.0 called otherwise: a column and a table, and how its files are written anew under today's names.

Delta can rename a column by a mapping in the log, but only readers of version 2 follow it. Files are therefore
rewritten: one new file for each old one, with the same rows in the same order and row groups, so that whoever noted
down the name of an old file still finds its rows.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fink_lib.lake.swap import NightFile
from fink_lib.lake.tables.spec import full_name

COLUMNS = {"is_repeat": "is_duplicate"}  # name in v0.1.0 → today's
FIRST_NAMES = {new: old for old, new in COLUMNS.items()}
TABLES = {full_name("gold", None, "upkeep"): full_name("gold", None, "table_stats")}
MARK = "renamed-"  # begins the name of a file that was written anew
LIMITS = ("minValues", "maxValues", "nullCount")


def name_in(names: Iterable[str], name: str) -> str:
    """Return what a table of these columns calls a column of today.

    Parameters
    ----------
    names
        Columns of the table.
    name
        What the column is called today; it is returned too where the table has it under neither name.
    """
    return name if name in names else FIRST_NAMES.get(name, name)


def has_old_names(names: Iterable[str]) -> bool:
    """Tell whether one of some columns is called as v0.1.0 called it."""
    return not COLUMNS.keys().isdisjoint(names)


def original(path: str) -> str:
    """Return the name of the file that a file was made of; its own when it was not written anew."""
    return path.replace(MARK, "")


def under_todays_names(file: NightFile, folder: Path, shape: pa.Schema) -> NightFile:
    """Write a file of a table anew when it has a column under an old name; return the file that has it under today's.

    A file that was written before is not written again: an upgrade that was killed goes on where it stood.

    Parameters
    ----------
    file, folder
        The file, and the folder of its table.
    shape
        Columns of the table, old names or new ones; those of its partitions may be among them.
    """
    parent, _, name = file.path.rpartition("/")
    there = replace(file, path=f"{parent}/{MARK}{name}" if parent else f"{MARK}{name}")
    goal = there.inside(folder)
    with pq.ParquetFile(file.inside(folder)) as source:
        if not has_old_names(source.schema_arrow.names):
            return file
        if not _is_whole(goal, file.rows):
            scratch = goal.with_name(f".{goal.name}.part")  # left by a kill, it is written over
            _rewrite(source, scratch, shape)
            scratch.replace(goal)
    facts = goal.stat()
    return replace(
        there, size_bytes=facts.st_size, modified_ms=int(facts.st_mtime * 1000), stats=_todays_stats(file.stats)
    )


def _is_whole(path: Path, rows: int) -> bool:
    try:
        return int(pq.read_metadata(path).num_rows) == rows
    except (OSError, pa.ArrowInvalid):
        return False


def _rewrite(source: pq.ParquetFile, target: Path, shape: pa.Schema) -> None:
    old = source.schema_arrow
    kinds = {COLUMNS.get(one.name, one.name): one.type for one in shape}
    new = pa.schema([(name, kinds[name]) for name in (COLUMNS.get(one, one) for one in old.names)])
    with pq.ParquetWriter(target, new, compression="zstd", bloom_filter_options=_blooms(source.metadata)) as out:
        for number in range(source.num_row_groups):
            group = source.read_row_group(number).rename_columns(new.names).cast(new)
            out.write_table(group, row_group_size=max(1, len(group)))


def _blooms(facts: pq.FileMetaData) -> dict[str, dict[str, int | float]]:
    """Return the Bloom filters that a file has, as they are asked for; one value in a hundred is found by mistake."""
    groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
    columns = [(group.num_rows, group.column(at)) for group in groups for at in range(group.num_columns)]
    found: dict[str, dict[str, int | float]] = {}
    for rows, column in columns:
        if column.bloom_filter_offset is not None:
            name = COLUMNS.get(column.path_in_schema, column.path_in_schema)
            found[name] = {"ndv": max(rows, int(found.get(name, {}).get("ndv", 1))), "fpp": 0.01}
    return found


def _todays_stats(stats: str) -> str:
    told = json.loads(stats)
    for limit in LIMITS:
        if limit in told:
            told[limit] = {COLUMNS.get(name, name): value for name, value in told[limit].items()}
    return json.dumps(told, sort_keys=True)
