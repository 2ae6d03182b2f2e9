"""Arrow columns as Avro datums, compiled: of records whose every field may be null, null first.

Each column is passed twice: once to learn how many bytes each of its values takes, once to write them where they stand
in the datums of their rows. No Python object is made of a value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.avro import spelling
from fink_lib.errors import LakeError

Bytes: TypeAlias = npt.NDArray[np.uint8]
Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]


def datums(columns: Sequence[pa.Array], kinds: Sequence[pa.DataType]) -> pa.BinaryArray:
    """Return a datum a row: its fields in order, each a union of null and its type.

    Parameters
    ----------
    columns
        The fields, all of one length.
    kinds
        Their types: numbers, flags, texts, bytes, and lists, structs and maps by text of such. A field of a struct that
        the column lacks is null.

    Raises
    ------
    LakeError
        When a type has no form in Avro.
    """
    rows = len(columns[0])
    values = [_form(column, kind, 1) for column, kind in zip(columns, kinds, strict=True)]
    sizes = np.zeros(rows, dtype=np.int64)
    for one in values:
        sizes += one.sizes
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    out, at = np.empty(int(offsets[-1]), dtype=np.uint8), offsets[:-1].copy()
    for one in values:
        one.write(out, at)
        at += one.sizes
    return pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(out)]
    ).cast(pa.binary())


class _Form(Protocol):
    """The values of a column, about to be written."""

    sizes: Ints

    def write(self, out: Bytes, at: Ints) -> None:
        """Write each value at its place; one whose place is negative is left out."""


@dataclass
class _Plain:
    """Floats, doubles and flags: words of one width."""

    words: npt.NDArray[Any]
    valid: Flags
    branch: int

    def __post_init__(self) -> None:
        self.sizes = self.branch + self.valid * np.int64(self.words.itemsize)

    def write(self, out: Bytes, at: Ints) -> None:
        spelling.write_words(out, at, self.words, self.valid, self.branch)


@dataclass
class _Whole:
    """Whole numbers of any width."""

    values: Ints
    valid: Flags
    branch: int

    def __post_init__(self) -> None:
        self.sizes = spelling.long_sizes(self.values, self.valid, self.branch)

    def write(self, out: Bytes, at: Ints) -> None:
        spelling.write_longs(out, at, self.values, self.valid, self.branch)


@dataclass
class _Text:
    """Texts and bytes."""

    data: Bytes
    offsets: Ints
    valid: Flags
    branch: int

    def __post_init__(self) -> None:
        self.sizes = spelling.text_sizes(self.offsets, self.valid, self.branch)

    def write(self, out: Bytes, at: Ints) -> None:
        spelling.write_texts(out, at, self.data, self.offsets, self.valid, self.branch)


@dataclass
class _Record:
    """Structs."""

    fields: Sequence[_Form]
    valid: Flags
    branch: int

    def __post_init__(self) -> None:
        inside = np.zeros(len(self.valid), dtype=np.int64)
        for one in self.fields:
            inside += one.sizes
        self.sizes = self.branch + np.where(self.valid, inside, 0)

    def write(self, out: Bytes, at: Ints) -> None:
        spelling.write_branches(out, at, self.valid, self.branch)
        there = np.where(self.valid & (at >= 0), at + self.branch, -1)
        for one in self.fields:
            one.write(out, there)
            there = np.where(there >= 0, there + one.sizes, -1)


@dataclass
class _Items:
    """Lists and maps: one block of all items, where there are any, and the end."""

    items: Sequence[_Form]  # key and value of a map
    offsets: Ints
    valid: Flags
    branch: int

    def __post_init__(self) -> None:
        self._each = np.zeros(int(self.offsets[-1]), dtype=np.int64)
        for one in self.items:
            self._each += one.sizes
        self.sizes = spelling.block_sizes(self.offsets, self._each, self.valid, self.branch)

    def write(self, out: Bytes, at: Ints) -> None:
        there = spelling.write_blocks(out, at, self.offsets, self._each, self.valid, self.branch)
        for one in self.items:
            one.write(out, there)
            there = np.where(there >= 0, there + one.sizes, -1)


def _form(column: pa.Array, kind: pa.DataType, branch: int) -> _Form:
    """Return the values of a column in the form of a type.

    Parameters
    ----------
    column
        The values.
    kind
        Their type.
    branch
        Bytes of the number of the branch: 1 for a union with null, 0 for a type that is none.
    """
    if pa.types.is_struct(kind):
        return _record(column, kind, branch)
    if pa.types.is_map(kind):
        offsets, first, last = _span(column)
        items = [
            _form(column.keys.slice(first, last - first), kind.key_type, 0),
            _form(column.items.slice(first, last - first), kind.item_type, 1),
        ]
        return _Items(items, offsets, _valid(column), branch)
    if pa.types.is_list(kind):
        offsets, first, last = _span(column)
        return _Items(
            [_form(column.values.slice(first, last - first), kind.value_type, 1)], offsets, _valid(column), branch
        )
    return _scalars(column if column.type == kind else column.cast(kind), kind, branch)


def _record(column: pa.StructArray, kind: pa.StructType, branch: int) -> _Record:
    has = {column.type.field(at).name: at for at in range(column.type.num_fields)}
    inside = [
        _form(column.field(has[one.name]) if one.name in has else pa.nulls(len(column), one.type), one.type, 1)
        for one in kind
    ]
    return _Record(inside, _valid(column), branch)


def _span(column: pa.Array) -> tuple[Ints, int, int]:
    """Return where the items of each row begin, counted from the first, and where all of them lie."""
    ends = np.asarray(column.offsets, dtype=np.int64)
    return ends - ends[0], int(ends[0]), int(ends[-1])


def _scalars(column: pa.Array, kind: pa.DataType, branch: int) -> _Form:
    valid = _valid(column)
    if pa.types.is_floating(kind):
        word = {pa.float32(): np.uint32, pa.float64(): np.uint64}[kind]
        return _Plain(_values(column, 0.0).view(word), valid, branch)
    if pa.types.is_boolean(kind):
        return _Plain(_values(pc.fill_null(column, False).cast(pa.uint8()), 0), valid, branch)
    if pa.types.is_integer(kind):
        return _Whole(_values(column.cast(pa.int64()), 0), valid, branch)
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        _, ends, data = column.buffers()
        offsets = np.frombuffer(ends, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
        plain = np.empty(0, np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
        return _Text(plain, offsets.astype(np.int64), valid, branch)
    raise LakeError(f"values of type {kind} have no form in Avro: cast them to text or number")


def _values(column: pa.Array, missing: float) -> npt.NDArray[Any]:
    there = column.fill_null(missing) if column.null_count else column
    return np.ascontiguousarray(there.to_numpy(zero_copy_only=False))


def _valid(column: pa.Array) -> Flags:
    if not column.null_count:
        return np.ones(len(column), dtype=np.bool_)
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)
