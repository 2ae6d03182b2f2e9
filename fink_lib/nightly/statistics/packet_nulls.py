"""How often each field of a night's packets is null: counted by whoever wrote the files, and read from their footers.

A packet has hundreds of fields. Counting them by a query takes a column of the plan and a pass over the rows for each;
the footers hold the same numbers, and reading them does not grow with the rows.
"""

from collections.abc import Iterable, Mapping

import pyarrow as pa

from fink_lib.lake.parquet import parquet_metadata
from fink_lib.lake.versions import Table
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.report.highlights.rows import night_files
from fink_lib.storage import LakePath
from fink_lib.surveys.tables import night_specs, packet_schema


def packet_nulls(context: NightContext, version: int | None = None) -> dict[str, float]:
    """Return the share of a night's rows of silver in which a field of the packet is null, by dotted path.

    Fields of structs are counted; of lists, whose rows are other things, none.

    Parameters
    ----------
    context
        The night.
    version
        Version of silver; the newest when not given.
    """
    path = night_specs(context.survey)[Table.SILVER].path(context.settings.lake)
    files = night_files(path, context.night, version)
    return null_shares(files, set(leaf_paths(packet_schema(context.survey, cutouts=False))))


def leaf_paths(packet: pa.Schema) -> Iterable[str]:
    """Yield the dotted path of each field of a struct of the packet."""
    for root in packet:
        if pa.types.is_struct(root.type):
            yield from (f"{root.name}.{leaf.name}" for leaf in root.type if not pa.types.is_nested(leaf.type))


def null_shares(files: Iterable[LakePath], paths: set[str]) -> dict[str, float]:
    """Return the share of nulls of columns over some files; a column that some file does not count is left out.

    Parameters
    ----------
    files
        Paths of Parquet files.
    paths
        Dotted names of columns, as Parquet has them.

    Returns
    -------
    Column → share, 0 to 1; nothing where there are no rows.
    """
    nulls, rows = dict.fromkeys(sorted(paths), 0), 0
    for name in files:
        counted, in_file = _file_nulls(name, paths)
        rows += in_file
        nulls = {path: nulls[path] + counted[path] for path in nulls if path in counted}
    return {path: round(count / rows, 6) for path, count in nulls.items()} if rows else {}


def _file_nulls(name: LakePath, paths: set[str]) -> tuple[Mapping[str, int], int]:
    """Return the nulls of each column that every row group of a file counts, and the file's rows.

    A file that was written before a column was added to the table has it in no row.
    """
    meta = parquet_metadata(name)
    known = {meta.schema.column(at).path: at for at in range(meta.num_columns)}
    found = dict.fromkeys(paths - set(known), meta.num_rows)
    for path in paths & set(known):
        parts = [meta.row_group(group).column(known[path]).statistics for group in range(meta.num_row_groups)]
        if all(part is not None and part.has_null_count for part in parts):
            found[path] = sum(part.null_count for part in parts)
    return found, meta.num_rows
