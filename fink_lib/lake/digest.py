"""A digest of what a table says, whatever its files, row order or column order: equal content, equal digest.

Every value is hashed in numpy, column by column; the hashes of a row are added up, and so are those of all rows.
A null adds nothing, so that a column which holds only nulls changes nothing either. A column that was renamed counts
under its first name: digests that were noted down before still hold. No JVM is needed.

The mixing function is the finaliser of SplitMix64 (Steele, Lea & Flood 2014, OOPSLA, doi:10.1145/2660193.2660195).
It guards against accidents, not against somebody who wants two tables to look the same.
"""

import hashlib
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import QueryBuilder

from fink_lib.errors import LakeError
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.renamed import FIRST_NAMES
from fink_lib.storage import LakePath

Hashes: TypeAlias = npt.NDArray[np.uint64]

LANES = 2  # two times 64 bits: chance finds no two equal tables in the life of a survey
_LIST, _STRUCT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)
_BLAKE_BYTES = 8 * LANES


def table_digest(path: LakePath, version: int | None = None, predicate: str | None = None) -> str:
    """Return the digest of a Delta table's content.

    Parameters
    ----------
    path
        Folder of the table.
    version
        Version to read; the newest when not given.
    predicate
        SQL condition on the rows, for example ``night = DATE '2021-11-22'``; all rows when not given.

    Raises
    ------
    LakeError
        When there is no table.
    """
    if not is_delta_table(path):
        raise LakeError(f"no Delta table at {path}: its content cannot be digested")
    query = "SELECT * FROM content" + (f" WHERE {predicate}" if predicate else "")  # noqa: S608 - the caller's own condition, read-only
    found = QueryBuilder().register("content", delta_table(path, version=version)).execute(query)
    return content_digest(pa.record_batch(batch) for batch in found)


def content_digest(batches: Iterable[pa.RecordBatch]) -> str:
    """Return the digest of some rows, in any order and in any batches."""
    return rows_and_digest(batches)[1]


def rows_and_digest(batches: Iterable[pa.RecordBatch]) -> tuple[int, str]:
    """Return how many rows there are, and their digest."""
    rows, totals = 0, np.zeros(LANES, dtype=np.uint64)
    for batch in batches:
        rows += batch.num_rows
        for lane in range(LANES):
            totals[lane : lane + 1] += _row_sums(batch, lane).sum(dtype=np.uint64, keepdims=True)
    return rows, hashlib.sha256(f"{rows}:{totals.tolist()}".encode()).hexdigest()[:32]


def _row_sums(batch: pa.RecordBatch, lane: int) -> Hashes:
    total = np.zeros(batch.num_rows, dtype=np.uint64)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        total += _named(FIRST_NAMES.get(name, name), value_hashes(column, lane), lane)
    return _mix(total)


def value_hashes(column: pa.Array, lane: int = 0) -> Hashes:
    """Return a hash for each value of a column; 0 for null. Equal values have equal hashes, NaN equals NaN.

    Parameters
    ----------
    column
        Values of one column; nested types are hashed with all that is in them.
    lane
        Which of the `LANES` independent hashes, from 0.

    Raises
    ------
    LakeError
        For a type that no table of the lake has.
    """
    kind = column.type
    if pa.types.is_map(kind):
        return _list_hashes(column.cast(pa.list_(_entry(kind))), lane, ordered=False)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _list_hashes(column, lane, ordered=True)
    if pa.types.is_struct(kind):
        hashes = _struct_hashes(column, lane)
    elif pa.types.is_null(kind):
        return np.zeros(len(column), dtype=np.uint64)
    elif _is_text(kind):
        hashes = _text_hashes(column, lane)
    else:
        hashes = _mix(_bits(column) + np.uint64(2 * lane + 1))
    return np.where(_valid(column), hashes, np.uint64(0))


def _entry(kind: pa.MapType) -> pa.DataType:
    return pa.struct([pa.field("key", kind.key_type, nullable=False), pa.field("value", kind.item_type)])


def _is_text(kind: pa.DataType) -> bool:
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_binary_view,
    )
    return any(test(kind) for test in tests)


def _valid(column: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), dtype=bool)


def _bits(column: pa.Array) -> Hashes:
    """Return numbers, flags and times as 64 bits each."""
    kind = column.type
    if pa.types.is_floating(kind):
        values = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)
        return np.where(np.isnan(values), np.nan, values).view(np.uint64)
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", tz=kind.tz)).cast(pa.int64())
    elif pa.types.is_date32(kind):
        column = column.cast(pa.int32())
    elif not (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        raise LakeError(f"a column of type {kind} cannot be digested")
    whole = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return np.asarray(whole, dtype=np.int64).view(np.uint64)


def _text_hashes(column: pa.Array, lane: int) -> Hashes:
    binary = column.cast(pa.large_binary()) if not pa.types.is_large_binary(column.type) else column
    coded = binary.dictionary_encode()
    words = [hashlib.blake2b(word, digest_size=_BLAKE_BYTES).digest() for word in coded.dictionary.to_pylist()]
    table = np.frombuffer(b"".join(words) or bytes(_BLAKE_BYTES), dtype="<u8").reshape(-1, LANES)[:, lane]
    codes = pc.fill_null(coded.indices, 0).to_numpy(zero_copy_only=False)
    return np.asarray(table[codes], dtype=np.uint64)


def _struct_hashes(column: pa.Array, lane: int) -> Hashes:
    total = np.full(len(column), _STRUCT, dtype=np.uint64)
    names = [column.type.field(number).name for number in range(column.type.num_fields)]
    for name, child in zip(names, column.flatten(), strict=True):
        total += _named(name, value_hashes(child, lane), lane)
    return _mix(total)


def _list_hashes(column: pa.Array, lane: int, *, ordered: bool) -> Hashes:
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    ends = np.cumsum(lengths)
    items = value_hashes(column.flatten(), lane)
    place = np.arange(len(items)) - np.repeat(ends - lengths, lengths) if ordered else np.zeros(len(items))
    running = np.zeros(len(items) + 1, dtype=np.uint64)
    np.cumsum(_mix(items + _mix(place.astype(np.uint64) + _LIST)), out=running[1:])
    total = running[ends] - running[ends - lengths]
    return np.where(_valid(column), _mix(total + _mix(lengths.astype(np.uint64) + _LIST)), np.uint64(0))


def _named(name: str, hashes: Hashes, lane: int) -> Hashes:
    """Tie hashes to the column that they stand in; a null stays 0."""
    word = hashlib.blake2b(name.encode(), digest_size=_BLAKE_BYTES).digest()
    salt = np.frombuffer(word, dtype="<u8")[lane]
    return np.where(hashes == 0, np.uint64(0), _mix(hashes ^ salt))


def _mix(values: Hashes) -> Hashes:
    with np.errstate(over="ignore"):
        mixed = values + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)
