"""The two works of a large night's compaction, as functions of parts: rows dealt out to buckets, buckets made a file.

A bucket is a stretch of the curve that fits into memory. Who deals out its share of the night's files writes a scratch
file a bucket; who makes a file reads all scratch files of its buckets, in order. Parts share nothing but the folder.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import WriterProperties, write_deltalake

from fink_lib.lake.health import MB
from fink_lib.lake.swap import NightFile
from fink_lib.lake.tables.spec import TableSpec

AT = "place_on_the_curve"


@dataclass(frozen=True)
class Share:
    """Some files of a night, whose rows are dealt out.

    Attributes
    ----------
    number
        Of the share: no two write to one file.
    files, schema
        The files, and the columns that are read of each.
    place
        Place on the curve of each of their rows, among all rows of the night.
    rows, buckets
        How many rows the night has, and how many buckets.
    batch_rows
        Rows in memory at one time.
    scratch
        Folder of the buckets.
    """

    number: int
    files: Sequence[ds.Fragment]
    schema: pa.Schema
    place: npt.NDArray[np.int64]
    rows: int
    buckets: int
    batch_rows: int
    scratch: Path


@dataclass(frozen=True)
class NewFile:
    """One file that is to be.

    Attributes
    ----------
    number, night
        Of the file, in the order of the curve; its partition.
    spec, form
        The table, and how its files are written.
    buckets
        What it is made of, in order.
    schema
        Columns.
    scratch
        Folder of the buckets; the file is left in a folder below it.
    """

    number: int
    night: date
    spec: TableSpec
    form: WriterProperties
    buckets: range
    schema: pa.Schema
    scratch: Path

    @property
    def folder(self) -> Path:
        """Folder that the file is written into, as a small table of its own."""
        return self.scratch / f"file-{self.number}"


def deal_out(share: Share) -> int:
    """Write each row of a share, with its place, into the scratch file of its bucket; return how many there were."""
    first, shape = 0, share.schema.append(pa.field(AT, pa.int64()))
    packed = pa.ipc.IpcWriteOptions(compression="lz4")
    sinks: dict[int, pa.RecordBatchWriter] = {}
    with ExitStack() as stack:
        for fragment in share.files:
            for batch in fragment.to_batches(schema=share.schema, batch_size=share.batch_rows, use_threads=False):
                mine = share.place[first : first + batch.num_rows]
                first += batch.num_rows
                placed = batch.append_column(AT, pa.array(mine))
                bucket = mine * share.buckets // share.rows
                for number in np.unique(bucket).tolist():
                    if number not in sinks:
                        path = _dealt(share.scratch, number) / str(share.number)
                        path.parent.mkdir(exist_ok=True)
                        sinks[number] = stack.enter_context(pa.ipc.new_stream(str(path), shape, options=packed))
                    sinks[number].write_batch(placed.take(pa.array(np.flatnonzero(bucket == number))))
    return first


def make_file(new: NewFile) -> list[NightFile]:
    """Sort the buckets of a file and write it; return it as its log has it, with all limits that a writer notes.

    Done again, as Spark does what a worker that died may have done, it is the same file: its buckets go last.
    """
    if not _log(new.folder):
        _write(new)
    for one in new.buckets:
        shutil.rmtree(_dealt(new.scratch, one), ignore_errors=True)
    return list(_files_of(new.folder, new.night))


def _write(new: NewFile) -> None:
    shutil.rmtree(new.folder, ignore_errors=True)  # what a worker that died left unfinished
    indexed = {"delta.dataSkippingNumIndexedCols": str(new.spec.indexed_columns)}
    shape = wide(new.schema.empty_table()).schema
    rows = pa.RecordBatchReader.from_batches(shape, (batch for one in new.buckets for batch in _sorted(new, one)))
    write_deltalake(str(new.folder), rows, partition_by=["night"], configuration=indexed,
                    writer_properties=new.form, target_file_size=1024 * new.spec.file_mb * MB)  # fmt: skip


def wide(rows: pa.Table) -> pa.Table:
    """Return rows whose packets may be more than 2 GiB together, which sorting puts into one array."""
    fields = [one.with_type(pa.large_binary()) if pa.types.is_binary(one.type) else one for one in rows.schema]
    return rows.cast(pa.schema(fields))


def _dealt(scratch: Path, bucket: int) -> Path:
    return scratch / f"bucket-{bucket}"


def _sorted(new: NewFile, bucket: int) -> list[pa.RecordBatch]:
    parts = []
    for path in sorted(_dealt(new.scratch, bucket).glob("*")):
        with pa.memory_map(str(path)) as file:
            parts.append(wide(pa.ipc.open_stream(file).read_all()))
    if not parts:
        return []
    batches: list[pa.RecordBatch] = pa.concat_tables(parts).sort_by(AT).drop_columns([AT]).to_batches()
    return batches


def _log(made: Path) -> list[Path]:
    return sorted((made / "_delta_log").glob("*.json"))


def _files_of(made: Path, night: date) -> Iterator[NightFile]:
    for entry in _log(made):
        for line in entry.read_text().splitlines():
            if one := json.loads(line).get("add"):
                rows = json.loads(one["stats"])["numRecords"]
                yield NightFile(one["path"], night, one["size"], rows, one["modificationTime"], one["stats"])
