"""A large night in the order of the sky, in process: rows along a Z-order curve over the ranks of their coordinates.

Two passes over the night, in memory that its size does not change: the first deals its rows out to the files that
are to be, the second sorts each file and writes it. The commit takes the old files away and names the new ones in one
step, and says that no data changed: who reads the table as a stream sees nothing.
"""

import datetime as dt
import json
import math
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable, WriterProperties, write_deltalake

from fink_lib.lake.health import MB, fewest_files
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.swap import NightFile, Swap, apply, link_files, night_files
from fink_lib.lake.tables.spec import TableSpec

RANK_BITS = 20  # of a rank; a million places along each axis are as many as a night of ten million can tell apart
SAMPLE_ROWS = 500  # that tell how much memory a row takes, which may be many times what it takes on disk
BATCH_BYTES, BUCKET_BYTES = 64 * MB, 256 * MB  # in memory: of what is dealt out, and of what is sorted at one time
AT = "place_on_the_curve"
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
    spec: TableSpec, path: Path, night: dt.date, sizes: Mapping[str, int], form: WriterProperties
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

    Raises
    ------
    LakeError
        When somebody else replaced one of the files meanwhile.
    """
    table = DeltaTable(str(path))
    old = night_files(table, {night})
    rows = dataset_of(table, [("night", "=", night.isoformat())])
    with _scratch(path / f".compacting-{night.isoformat()}") as scratch:
        made = scratch / "table"
        indexed = {"delta.dataSkippingNumIndexedCols": str(spec.indexed_columns)}
        for part in _sorted_files(rows, spec, fewest_files(sizes["bytes"], spec.file_mb), scratch):
            write_deltalake(str(made), part, mode="append", partition_by=["night"], configuration=indexed,
                            writer_properties=form, target_file_size=1024 * spec.file_mb * MB)  # fmt: skip
        new = link_files(_files_of(made, night), made, path)
        facts = {"compacted": night.isoformat()}
        # Each night has steps of its own: another one that is compacted at the same time is no step of this one.
        once = f"compaction.{night.isoformat()}", time.time_ns()
        apply(table, Swap(old, new, *once, facts, same_rows=True))


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Yield an empty folder on the table's disk; what a killed compaction of the same night left there goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _files_of(made: Path, night: dt.date) -> list[NightFile]:
    """Return the files of a table that was just written, with their limits as its log has them."""
    log = sorted((made / "_delta_log").glob("*.json"))
    actions = [json.loads(line) for entry in log for line in entry.read_text().splitlines()]
    return [
        NightFile(one["path"], night, one["size"], json.loads(one["stats"])["numRecords"], one["modificationTime"],
                  one["stats"])
        for action in actions
        if (one := action.get("add"))
    ]  # fmt: skip


def _sorted_files(rows: ds.Dataset, spec: TableSpec, count: int, scratch: Path) -> Iterator[pa.RecordBatchReader]:
    """Yield the rows of each new file, in order, bucket by bucket: no more than a bucket of them is in memory."""
    keys = pa.concat_tables(
        one.to_table(schema=rows.schema, columns=list(spec.clustered_by), use_threads=False) for one in _fragments(rows)
    )
    codes = sky_codes([pc.fill_null(keys[name], np.nan).to_numpy() for name in spec.clustered_by])
    place = np.empty(len(codes), dtype=np.int64)
    place[np.argsort(codes, kind="stable")] = np.arange(len(codes))
    some = rows.head(SAMPLE_ROWS, batch_size=SAMPLE_ROWS)
    row_bytes = max(1, some.nbytes // max(1, some.num_rows))
    of_file = max(1, math.ceil(len(place) * row_bytes / (count * BUCKET_BYTES)))
    _deal_out(rows, place, count * of_file, max(1, BATCH_BYTES // row_bytes), scratch)
    shape = _wide(rows.schema.empty_table()).schema
    for file in range(count):
        buckets = [scratch / str(number) for number in range(file * of_file, (file + 1) * of_file)]
        yield pa.RecordBatchReader.from_batches(shape, (batch for one in buckets for batch in _sorted_bucket(one)))


def _sorted_bucket(path: Path) -> list[pa.RecordBatch]:
    with pa.memory_map(str(path)) as file:
        dealt = _wide(pa.ipc.open_stream(file).read_all())
    path.unlink()
    batches: list[pa.RecordBatch] = dealt.sort_by(AT).drop_columns([AT]).to_batches()
    return batches


def _wide(rows: pa.Table) -> pa.Table:
    """Return rows whose packets may be more than 2 GiB together, which sorting puts into one array."""
    fields = [one.with_type(pa.large_binary()) if pa.types.is_binary(one.type) else one for one in rows.schema]
    return rows.cast(pa.schema(fields))


def _fragments(rows: ds.Dataset) -> list[ds.Fragment]:
    """Return the files, in the same order each time they are asked for."""
    return sorted(rows.get_fragments(), key=lambda one: str(one.path))


def _deal_out(rows: ds.Dataset, place: npt.NDArray[np.int64], count: int, batch_rows: int, scratch: Path) -> None:
    """Write each row, with its place, into the scratch file of the bucket that it belongs to."""
    with ExitStack() as stack:
        shape = rows.schema.append(pa.field(AT, pa.int64()))
        packed = pa.ipc.IpcWriteOptions(compression="lz4")
        sinks = [
            stack.enter_context(pa.ipc.new_stream(str(scratch / str(part)), shape, options=packed))
            for part in range(count)
        ]
        first = 0
        for fragment in _fragments(rows):
            for batch in fragment.to_batches(schema=rows.schema, batch_size=batch_rows, use_threads=False):
                mine = place[first : first + batch.num_rows]
                first += batch.num_rows
                placed = batch.append_column(AT, pa.array(mine))
                part = mine * count // len(place)
                for number in np.unique(part):
                    sinks[number].write_batch(placed.take(pa.array(np.flatnonzero(part == number))))
