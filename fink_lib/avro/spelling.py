"""Values written as Avro, compiled: numbers, texts, and blocks of items at given places of a buffer.

Throughout, `at` is the byte at which each value begins, negative for one that is left out, and `branch` how many bytes
the number of its branch takes: 1 where it may be null, which is branch 0, and 0 where it may not.
"""

import numba
import numpy as np

NULL, THERE = np.uint8(0), np.uint8(2)  # branches 0 and 1, zigzag
SEVEN, LOW, MORE = np.uint64(7), np.uint64(0x7F), np.uint64(0x80)


@numba.njit(cache=True)
def _zigzag(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled for the types that it meets
    return (np.uint64(value) << np.uint64(1)) ^ np.uint64(value >> np.int64(63))


@numba.njit(cache=True)
def _long_size(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the same
    bits, size = _zigzag(value), 1
    while bits >= MORE:
        bits >>= SEVEN
        size += 1
    return size


@numba.njit(cache=True)
def _write_long(out, at, value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the same
    """Write a number; return the byte after it."""
    bits = _zigzag(value)
    while bits >= MORE:
        out[at] = np.uint8((bits & LOW) | MORE)
        bits >>= SEVEN
        at += 1
    out[at] = np.uint8(bits)
    return at + 1


@numba.njit(cache=True)
def _write_branch(out, at, valid, branch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the same
    """Write the number of a branch, where there is one; return the byte after it."""
    if branch:
        out[at] = THERE if valid else NULL
    return at + branch


@numba.njit(cache=True)
def write_branches(out, at, valid, branch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - the same
    """Write the branches of values whose bytes are written elsewhere.

    Parameters
    ----------
    out
        The buffer, uint8.
    at
        Shape (rows,), int64.
    valid
        Shape (rows,); False for null.
    branch
        Bytes of the branch, 0 or 1.
    """
    for row in range(at.shape[0]):
        if at[row] >= 0:
            _write_branch(out, at[row], valid[row], branch)


@numba.njit(cache=True)
def write_words(out, at, words, valid, branch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - the same
    """Write words of the width of `words`, little-endian.

    Parameters
    ----------
    out
        The buffer, uint8.
    at
        Shape (rows,), int64.
    words
        Bit patterns of the values, unsigned, shape (rows,).
    valid
        Shape (rows,); False for null.
    branch
        Bytes of the branch, 0 or 1.
    """
    width = words.itemsize
    for row in range(at.shape[0]):
        if at[row] >= 0:
            place = _write_branch(out, at[row], valid[row], branch)
            if valid[row]:
                word = np.uint64(words[row])
                for byte in range(width):
                    out[place + byte] = np.uint8((word >> np.uint64(8 * byte)) & np.uint64(0xFF))


@numba.njit(cache=True)
def long_sizes(values, valid, branch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - the same
    """Return the bytes that each whole number takes.

    Parameters
    ----------
    values
        Whole numbers, shape (rows,).
    valid
        Shape (rows,); False for null, which takes the branch alone.
    branch
        Bytes of the branch, 0 or 1.
    """
    sizes = np.full(values.shape[0], branch, dtype=np.int64)
    for row in range(values.shape[0]):
        if valid[row]:
            sizes[row] += _long_size(values[row])
    return sizes


@numba.njit(cache=True)
def write_longs(out, at, values, valid, branch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - the same
    """Write whole numbers.

    Parameters
    ----------
    out
        The buffer, uint8.
    at
        Shape (rows,), int64.
    values
        Whole numbers, shape (rows,).
    valid
        Shape (rows,); False for null.
    branch
        Bytes of the branch, 0 or 1.
    """
    for row in range(at.shape[0]):
        if at[row] >= 0:
            place = _write_branch(out, at[row], valid[row], branch)
            if valid[row]:
                _write_long(out, place, values[row])


@numba.njit(cache=True)
def text_sizes(offsets, valid, branch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - the same
    """Return the bytes that each text takes.

    Parameters
    ----------
    offsets
        Shape (rows + 1,): where each text begins in the bytes of all.
    valid
        Shape (rows,); False for null, which takes the branch alone.
    branch
        Bytes of the branch, 0 or 1.
    """
    sizes = np.full(valid.shape[0], branch, dtype=np.int64)
    for row in range(valid.shape[0]):
        if valid[row]:
            length = offsets[row + 1] - offsets[row]
            sizes[row] += _long_size(length) + length
    return sizes


@numba.njit(cache=True)
def write_texts(out, at, data, offsets, valid, branch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, PLR0917 - the same
    """Write texts: their length in bytes, and these.

    Parameters
    ----------
    out
        The buffer, uint8.
    at
        Shape (rows,), int64.
    data
        The bytes of all texts, uint8.
    offsets
        Shape (rows + 1,): where each text begins in the bytes of all.
    valid
        Shape (rows,); False for null.
    branch
        Bytes of the branch, 0 or 1.
    """
    for row in range(at.shape[0]):
        if at[row] >= 0:
            place = _write_branch(out, at[row], valid[row], branch)
            if valid[row]:
                first, last = offsets[row], offsets[row + 1]
                place = _write_long(out, place, last - first)
                out[place : place + last - first] = data[first:last]


@numba.njit(cache=True)
def block_sizes(offsets, each, valid, branch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - the same
    """Return the bytes that the items of each row take together, with their number and the end.

    Parameters
    ----------
    offsets
        Shape (rows + 1,): the first item of each row.
    each
        Bytes that each item takes, shape (items,).
    valid
        Shape (rows,); False for null, which takes the branch alone.
    branch
        Bytes of the branch, 0 or 1.
    """
    sizes = np.full(valid.shape[0], branch, dtype=np.int64)
    for row in range(valid.shape[0]):
        if valid[row]:
            first, last = offsets[row], offsets[row + 1]
            sizes[row] += 1
            if last > first:
                sizes[row] += _long_size(last - first) + each[first:last].sum()
    return sizes


@numba.njit(cache=True)
def write_blocks(out, at, offsets, each, valid, branch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, PLR0917 - the same
    """Write the number of items of each row, and the end; return where each item begins, -1 where it is left out.

    Parameters
    ----------
    out
        The buffer, uint8.
    at
        Shape (rows,), int64.
    offsets
        Shape (rows + 1,): the first item of each row.
    each
        Bytes that each item takes, shape (items,).
    valid
        Shape (rows,); False for null.
    branch
        Bytes of the branch, 0 or 1.

    Returns
    -------
    Shape (items,), int64; the items themselves are not written.
    """
    there = np.full(each.shape[0], -1, dtype=np.int64)
    for row in range(at.shape[0]):
        if at[row] >= 0:
            place = _write_branch(out, at[row], valid[row], branch)
            if valid[row]:
                first, last = offsets[row], offsets[row + 1]
                if last > first:
                    place = _write_long(out, place, last - first)
                for item in range(first, last):
                    there[item] = place
                    place += each[item]
                out[place] = NULL
    return there
