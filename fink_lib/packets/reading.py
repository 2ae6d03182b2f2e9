"""Datums of any writers of a survey read into the same columns: those that are asked for, and nothing else is made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.avro.reader import Reader
from fink_lib.avro.schema import parts
from fink_lib.errors import LakeError
from fink_lib.packets.writer import Writer, Writers
from fink_lib.surveys import Survey

Ints = npt.NDArray[np.int64]


def reader_of(writer: Writer, columns: pa.Schema) -> Reader:
    """Return what reads whole datums of a writer, and tells where they are cut.

    Parameters
    ----------
    writer
        Whose datums.
    columns
        Columns to read; one that the writer has not, or has with another type, is null.
    """
    return Reader(writer.schema, columns, cut=writer.cut)


class PacketReader:
    """Reads the datums that bronze keeps, in two parts.

    Parameters
    ----------
    survey
        Whose packets.
    columns
        Columns to read.
    text_of
        SHA-256 of a writer schema → its text.
    """

    def __init__(self, survey: Survey, columns: pa.Schema, text_of: Callable[[str], str]) -> None:
        self._columns, writers = columns, Writers(survey)
        behind = set(survey.cutout_roots)
        self._in_tail = pa.schema([one for one in columns if one.name in behind])
        self._in_head = pa.schema([one for one in columns if one.name not in behind])
        self.needs_tail = bool(self._in_tail.names)
        self._writer = lru_cache(maxsize=256)(lambda sha256: writers.of(text_of(sha256)))
        self._reader = lru_cache(maxsize=256)(self._new_readers)

    def retyped(self, sha256: str) -> Mapping[str, str]:
        """Return path → Avro type of the fields of a writer that are null, since the broker knows another type."""
        return self._writer(sha256).retyped_fields

    def _new_readers(self, sha256: str) -> tuple[Reader, Reader | None]:
        """Return what reads heads and tails of a writer; None for tails where the head is the whole."""
        writer = self._writer(sha256)
        if writer.cut is None:
            return Reader(writer.schema, self._columns), None
        head, tail = parts(writer.schema, writer.cut)
        return Reader(head, self._in_head), Reader(tail, self._in_tail)

    def read(self, sha256: pa.Array, head: pa.Array, tail: pa.Array | None = None) -> pa.RecordBatch:
        """Return the columns of some datums, in their order.

        Parameters
        ----------
        sha256
            Of the writer schema of each.
        head, tail
            The bytes of each. Where a tail is null, or there are none, the columns of cutouts are null.

        Raises
        ------
        LakeError
            When bytes do not fit their schema: ingest keeps none such, so that bronze is damaged.
        """
        groups = by_value(sha256)
        found = [self._read(name, *(taken(part, rows, groups) for part in (head, tail))) for name, rows in groups]
        if len(found) < 2:  # noqa: PLR2004 - one writer: the order is that of the datums
            return found[0] if found else _none(self._columns)
        order = np.argsort(np.concatenate([rows for _, rows in groups]), kind="stable")
        return stacked(found).take(pa.array(order))

    def _read(self, sha256: str, head: pa.Array, tail: pa.Array | None) -> pa.RecordBatch:
        of_head, of_tail = self._reader(sha256)
        read = _sound(of_head, head, sha256)
        known = dict(zip(read.schema.names, read.columns, strict=True))
        if of_tail is not None and tail is not None and self.needs_tail:
            there = np.flatnonzero(tail.is_valid().to_numpy(zero_copy_only=False))
            places = np.full(len(tail), -1)
            places[there] = np.arange(len(there))
            stamps = _sound(of_tail, tail.take(pa.array(there)), sha256).take(pa.array(places, mask=places < 0))
            known |= dict(zip(stamps.schema.names, stamps.columns, strict=True))
        arrays = [known[one.name] if one.name in known else pa.nulls(len(head), one.type) for one in self._columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self._columns)


def _sound(reader: Reader, datums: pa.Array, sha256: str) -> pa.RecordBatch:
    found = reader.read(datums)
    if found.faults.any():
        raise LakeError(
            f"{int((found.faults != 0).sum())} packets of bronze do not fit the schema {sha256} that they name: "
            "the table is damaged; restore the files of that night"
        )
    return found.columns


def taken(values: pa.Array | None, rows: Ints, groups: Sequence[Any]) -> pa.Array | None:
    """Return some values; all of them, as they are, where there is one group.

    Parameters
    ----------
    values
        One a datum; None stays None.
    rows
        Which are wanted.
    groups
        Only their number counts.
    """
    return values if values is None or len(groups) == 1 else values.take(pa.array(rows))


def by_value(values: pa.Array) -> list[tuple[str, Ints]]:
    """Return each value once, with the rows that have it."""
    coded = pc.dictionary_encode(values)
    codes = coded.indices.to_numpy(zero_copy_only=False)
    return [(name, np.flatnonzero(codes == code)) for code, name in enumerate(coded.dictionary.to_pylist())]


def stacked(batches: Iterable[pa.RecordBatch]) -> pa.RecordBatch:
    """Return batches of the same columns as one."""
    table = pa.Table.from_batches(list(batches)).combine_chunks()
    return table.to_batches()[0] if table.num_rows else _none(table.schema)


def _none(columns: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.nulls(0, one.type) for one in columns], schema=columns)
