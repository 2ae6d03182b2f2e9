"""A large night in the order of the sky: rows along a Z-order curve over the ranks of their coordinates.

Two passes over the night, in memory that its size does not change: the first deals its rows out to the files that
are to be, the second sorts each file and writes it. A runner does the parts of both. The commit takes the old files
away and names the new ones in one step, and says that no data changed: who reads the table as a stream sees nothing.
"""

import datetime as dt
import math
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import WriterProperties

from fink_lib.errors import LakeError
from fink_lib.lake.delta import delta_table
from fink_lib.lake.health import MB, fewest_files
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.swap import NightFile, Swap, apply, link_files, night_files
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.nightly.runners import IN_PROCESS, Runner, shares
from fink_lib.nightly.sky_parts import NewFile, Share, deal_out, make_file
from fink_lib.storage import LakePath

RANK_BITS = 20  # of a rank; a million places along each axis are as many as a night of ten million can tell apart
SAMPLE_ROWS = 500  # that tell how much memory a row takes, which may be many times what it takes on disk
BATCH_BYTES, BUCKET_BYTES = 64 * MB, 256 * MB  # in memory: of what is dealt out, and of what is sorted at one time
Codes = npt.NDArray[np.uint64]


def sky_codes(coordinates: Sequence[npt.NDArray[np.float64]]) -> Codes:
    """Return the place of each row on a Z-order curve over the ranks of its coordinates.

    Ranks, not values: the values' bits are those of exponents first, and alerts stand denser in parts of the sky.

    Parameters
    ----------
    coordinates
        One array of length n an axis; NaN ranks last.

    Returns
    -------
    ndarray of uint64, shape (n,)
        G. M. Morton (1966): bit i of axis k becomes bit ``i * axes + k``.
    """
    code = np.zeros(len(coordinates[0]), dtype=np.uint64)
    for axis, values in enumerate(coordinates):
        rank = np.empty(len(values), dtype=np.uint64)
        rank[np.argsort(values, kind="stable")] = np.arange(len(values), dtype=np.uint64)
        scaled = rank * np.uint64(2**RANK_BITS) // np.uint64(max(1, len(values)))
        for bit in range(RANK_BITS):
            code |= (scaled >> np.uint64(bit) & np.uint64(1)) << np.uint64(bit * len(coordinates) + axis)
    return code


def compact_night(
    spec: TableSpec,
    path: LakePath,
    night: dt.date,
    sizes: Mapping[str, int],
    form: WriterProperties,
    *,
    runner: Runner = IN_PROCESS,
) -> None:
    """Rewrite the files of one night into as few as the table's file size allows, in the order of the sky.

    Parameters
    ----------
    spec, path, night
        The table, its folder, the night.
    sizes
        ``bytes`` and ``rows`` of the night's files.
    form
        How the files are written.
    runner
        Who deals out and makes the files; the same files come of it.

    Raises
    ------
    LakeError
        When somebody else replaced one of the files meanwhile, or what was made is not the whole night.
    """
    table = delta_table(path)
    old = night_files(table, {night})
    rows = dataset_of(table, [("night", "=", night.isoformat())])
    with _scratch(path / f".compacting-{night.isoformat()}") as scratch:
        count = fewest_files(sizes["bytes"], spec.file_mb)
        buckets = _dealt_out(rows, spec.clustered_by, count, runner, scratch)
        wanted = [NewFile(number, night, spec, form, some, rows.schema, scratch) for number, some in enumerate(buckets)]
        made = zip(wanted, runner.each(make_file, wanted), strict=True)
        new: list[NightFile] = [linked for one, files in made for linked in link_files(files, one.folder, path)]
        if sum(file.rows for file in new) != sum(file.rows for file in old):
            raise LakeError(f"{path.name}: the files made of the night {night} lack rows: nothing was changed")
        facts = {"compacted": night.isoformat()}
        # Each night has steps of its own: another one that is compacted at the same time is no step of this one.
        once = f"compaction.{night.isoformat()}", time.time_ns()
        apply(table, Swap(old, new, *once, facts, same_rows=True))


@contextmanager
def _scratch(folder: LakePath) -> Iterator[Path]:
    """Yield an empty folder on the table's disk; what a killed compaction of the same night left there goes first.

    Of a table in an object store it is where this host keeps what passes, which must have room for the night.
    """
    if not isinstance(folder, Path):
        with tempfile.TemporaryDirectory(prefix="compacting-") as passing:
            yield Path(passing)
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _dealt_out(rows: ds.Dataset, axes: Sequence[str], count: int, runner: Runner, scratch: Path) -> list[range]:
    """Deal the rows of a night out into buckets; return the buckets of each new file, in order."""
    files = sorted(rows.get_fragments(), key=lambda one: str(one.path))
    keys = [one.to_table(schema=rows.schema, columns=list(axes), use_threads=False) for one in files]
    place = _places(pa.concat_tables(keys), axes)
    some = rows.head(SAMPLE_ROWS, batch_size=SAMPLE_ROWS)
    row_bytes = max(1, some.nbytes // max(1, some.num_rows))
    of_file = max(1, math.ceil(len(place) * row_bytes / (count * BUCKET_BYTES)))
    ends = np.cumsum([0, *(one.num_rows for one in keys)])
    wanted = [
        Share(number, [files[at] for at in mine], rows.schema, place[ends[mine[0]] : ends[mine[-1] + 1]], len(place),
              count * of_file, max(1, BATCH_BYTES // row_bytes), scratch)
        for number, mine in enumerate(shares(range(len(files)), runner.width))
    ]  # fmt: skip
    sum(runner.each(deal_out, wanted))  # all of it, before the first file is made
    return [range(first, first + of_file) for first in range(0, count * of_file, of_file)]


def _places(keys: pa.Table, axes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the place of each row on the curve, among all of them."""
    codes = sky_codes([pc.fill_null(keys[name], np.nan).to_numpy() for name in axes])
    place = np.empty(len(codes), dtype=np.int64)
    place[np.argsort(codes, kind="stable")] = np.arange(len(codes))
    return place
