"""The values at known places of a buffer, compiled: numbers, and texts or bytes laid end to end."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.avro.walk import Bytes, Ints, read_long

Flags = npt.NDArray[np.bool_]

_AS_WORDS: dict[str, tuple[Any, Any]] = {
    "float": (np.uint32, np.float32),
    "double": (np.uint64, np.float64),
    "boolean": (np.uint8, np.uint8),
}


@numba.njit(cache=True)
def _longs(data, places, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled for the types that it meets
    end = data.shape[0]
    for row in range(places.shape[0]):
        if places[row] >= 0:
            out[row] = read_long(data, places[row], end)[1]


@numba.njit(cache=True)
def _words(data, places, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the same
    """Read little-endian words of the width of `out`."""
    width = out.itemsize
    for row in range(places.shape[0]):
        at = places[row]
        if at >= 0:
            word = np.uint64(0)
            for byte in range(width):
                word |= np.uint64(data[at + byte]) << np.uint64(8 * byte)
            out[row] = word


@numba.njit(cache=True)
def _lengths(data, places, begins, offsets):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the same
    end, total = data.shape[0], 0
    for row in range(places.shape[0]):
        if places[row] >= 0:
            at, length = read_long(data, places[row], end)
            begins[row] = at
            total += length
        offsets[row + 1] = total


@numba.njit(cache=True)
def _copied(data, begins, offsets, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the same
    for row in range(begins.shape[0]):
        first, last = offsets[row], offsets[row + 1]
        out[first:last] = data[begins[row] : begins[row] + last - first]


@numba.njit(cache=True)
def _followers(byte):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the same
    """Return how many bytes follow a first byte of UTF-8, and the range of the next: table 3-7 of Unicode 15."""
    if 0xC2 <= byte <= 0xDF:  # noqa: PLR2004 - the numbers are those of the table
        return 1, 0x80, 0xBF
    if 0xE0 <= byte <= 0xEF:  # noqa: PLR2004
        return 2, (0xA0 if byte == 0xE0 else 0x80), (0x9F if byte == 0xED else 0xBF)  # noqa: PLR2004
    if 0xF0 <= byte <= 0xF4:  # noqa: PLR2004
        return 3, (0x90 if byte == 0xF0 else 0x80), (0x8F if byte == 0xF4 else 0xBF)  # noqa: PLR2004
    return -1, 0, 0


@numba.njit(cache=True)
def _is_utf8(data, begins, offsets, sound):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the same
    for row in range(begins.shape[0]):
        left, low, high = 0, 0x80, 0xBF
        for byte in data[begins[row] : begins[row] + offsets[row + 1] - offsets[row]]:
            if left > 0:
                if byte < low or byte > high:
                    left = -1
                    break
                left, low, high = left - 1, 0x80, 0xBF
            elif byte >= 0x80:  # noqa: PLR2004 - beyond ASCII
                left, low, high = _followers(byte)
                if left < 0:
                    break
        if left != 0:
            sound[row] = False


def numbers(data: Bytes, places: Ints, written: str, kind: pa.DataType) -> pa.Array:
    """Return the numbers or flags at some places as an Arrow array; null where a place is negative.

    Parameters
    ----------
    data
        The bytes of all datums.
    places
        Byte at which each value begins, as a walk found it.
    written
        Avro type: int, long, float, double or boolean.
    kind
        Arrow type that holds every value of it, see `fits`.
    """
    missing = places < 0
    if written in {"int", "long"}:
        whole = np.zeros(len(places), dtype=np.int64)
        _longs(data, places, whole)
        return pa.array(whole.astype(kind.to_pandas_dtype()), type=kind, mask=missing)
    word, code = _AS_WORDS[written]
    raw = np.zeros(len(places), dtype=word)
    _words(data, places, raw)
    values = raw.view(code)
    return pa.array(values.astype(kind.to_pandas_dtype()), type=kind, mask=missing)


def texts(data: Bytes, places: Ints, kind: pa.DataType) -> tuple[pa.Array, Flags]:
    """Return the texts or bytes at some places, and which of them are sound; a text that is no UTF-8 is null.

    Parameters
    ----------
    data
        The bytes of all datums.
    places
        Byte at which each value begins, as a walk found it; negative for null.
    kind
        String or binary.

    Returns
    -------
    Both of the shape of the places; null is sound.
    """
    count = len(places)
    begins, offsets = np.zeros(count, dtype=np.int64), np.zeros(count + 1, dtype=np.int64)
    _lengths(data, places, begins, offsets)
    sound = np.ones(count, dtype=bool)
    if pa.types.is_string(kind):
        _is_utf8(data, begins, offsets, sound)
    out = np.empty(int(offsets[-1]), dtype=np.uint8)
    _copied(data, begins, offsets, out)
    valid = (places >= 0) & sound
    bitmap = pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    large = pa.large_string() if pa.types.is_string(kind) else pa.large_binary()
    array = pa.Array.from_buffers(large, count, [bitmap, pa.py_buffer(offsets), pa.py_buffer(out)])
    return array.cast(kind), sound


def sliced(data: pa.Buffer, begins: Ints, ends: Ints) -> pa.Array:
    """Return slices of a buffer as binary values, copied once.

    Parameters
    ----------
    data
        Any bytes.
    begins, ends
        First byte of each slice, and the byte after its last one; shape (slices,).
    """
    offsets = np.zeros(len(begins) + 1, dtype=np.int64)
    np.cumsum(ends - begins, out=offsets[1:])
    out = np.empty(int(offsets[-1]), dtype=np.uint8)
    _copied(np.frombuffer(data, dtype=np.uint8), begins, offsets, out)
    array = pa.Array.from_buffers(pa.large_binary(), len(begins), [None, pa.py_buffer(offsets), pa.py_buffer(out)])
    return array.cast(pa.binary())


def spans(values: pa.BinaryArray) -> tuple[Bytes, Ints, Ints]:
    """Return the bytes of a binary array, and where each value begins and ends in them; nothing is copied."""
    _, offsets, data = values.buffers()
    kind: Any = np.int64 if pa.types.is_large_binary(values.type) else np.int32
    first = values.offset
    ends = np.frombuffer(offsets, dtype=kind)[first : first + len(values) + 1].astype(np.int64)
    whole = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)
    return whole, ends[:-1], ends[1:]
