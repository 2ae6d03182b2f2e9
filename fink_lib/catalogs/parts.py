"""The parts of a catalogue and the match with one of them: no more than a part is ever in memory.

A part is a file of the catalogue's table: half a million sources at the most, of a range of cells. What no circle
touches is not read, be it a file, by the log of the table, or a row group, by the file's own statistics. A part knows
all that it takes to match it and nothing else, so that any process can be given it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from fink_lib.catalogs.match import FOUND, nearest_sources
from fink_lib.catalogs.placed import Placed
from fink_lib.lake.delta import delta_table
from fink_lib.lake.parquet import parquet_file
from fink_lib.storage import LakePath

CELL = "cell"
COLUMNS = (CELL, "ra", "dec", "source_id", "label")
Ints = npt.NDArray[np.int64]
# What a range of cells is taken for that no statistics tell: all of the sky
FIRST, LAST = 0, 2**31 - 1


@dataclass(frozen=True)
class Part:
    """A file of a catalogue, and the positions that may have a source in it.

    Attributes
    ----------
    path
        The file.
    placed
        Positions whose circles touch its cells.
    """

    path: LakePath
    placed: Placed


def parts(table: LakePath, version: int, placed: Placed) -> Iterator[Part]:
    """Yield the parts of a catalogue that any circle touches.

    Parameters
    ----------
    table
        Folder of the catalogue's table.
    version
        Version of the table.
    placed
        All positions.
    """
    files = pa.table(delta_table(table, version=version).get_add_actions(flatten=True))
    first, last = _ends(files, f"min.{CELL}", FIRST), _ends(files, f"max.{CELL}", LAST)
    paths = files["path"].to_pylist()
    for at in np.flatnonzero(placed.touches(first, last)):
        yield Part(table / unquote(paths[at]), placed.between(int(first[at]), int(last[at])))


def match_part(part: Part) -> pa.Table:
    """Match a part: the nearest source that each of its positions has in it.

    Returns
    -------
    pa.Table
        `FOUND`; a position across a border may have found a nearer one in another part.
    """
    with parquet_file(part.path) as file:
        touched = part.placed.touches(*_row_groups(file))
        if not touched.any():
            return FOUND.empty_table()
        sources = file.read_row_groups(np.flatnonzero(touched).tolist(), columns=list(COLUMNS))
    return nearest_sources(part.placed, sources)


def _ends(files: pa.Table, name: str, unknown: int) -> Ints:
    if name not in files.column_names:
        return np.full(files.num_rows, unknown, dtype=np.int64)
    return np.asarray(files[name].cast(pa.int64()).fill_null(unknown), dtype=np.int64)


def _row_groups(file: pq.ParquetFile) -> tuple[Ints, Ints]:
    """Return the first and the last cell of each row group."""
    column = file.schema_arrow.names.index(CELL)
    told = [file.metadata.row_group(group).column(column).statistics for group in range(file.num_row_groups)]
    known = [(one.min, one.max) if one is not None and one.has_min_max else (FIRST, LAST) for one in told]
    ends = np.array(known, dtype=np.int64).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]
