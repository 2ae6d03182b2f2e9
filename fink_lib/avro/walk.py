"""The walk over datums, compiled: which byte each wanted value begins at, and whether a datum fits its schema.

A datum of ZTF with a history has some two thousand values; a walk passes them in some twenty microseconds. What is
refused: bytes that end too early or are left over, a branch that the union has not, a number of items that the bytes
cannot hold, an int or a boolean out of range.
"""

from enum import IntEnum
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from fink_lib.avro.program import MOST_NESTED, Op, Program

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

ITEMS_AT_FIRST = 64  # of each list in each datum; the buffer grows where there are more


class Fault(IntEnum):
    """Why a datum does not fit its schema."""

    NONE = 0
    TRUNCATED = 1
    BAD_BRANCH = 2
    TRAILING = 3
    BAD_COUNT = 4
    BAD_NUMBER = 5
    BAD_TEXT = 6


# Plain numbers: compiled code knows no enums.
_END, _BOOLEAN, _INT = int(Op.END), int(Op.BOOLEAN), int(Op.INT)
_FLOAT, _DOUBLE, _BYTES, _FIXED = int(Op.FLOAT), int(Op.DOUBLE), int(Op.BYTES), int(Op.FIXED)
_BRANCH, _JUMP, _REPEAT, _ITEM, _AGAIN = int(Op.BRANCH), int(Op.JUMP), int(Op.REPEAT), int(Op.ITEM), int(Op.AGAIN)
_MARK = int(Op.MARK)
_TRUNCATED, _BAD_BRANCH, _TRAILING = int(Fault.TRUNCATED), int(Fault.BAD_BRANCH), int(Fault.TRAILING)
_BAD_COUNT, _BAD_NUMBER = int(Fault.BAD_COUNT), int(Fault.BAD_NUMBER)
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1


@numba.njit(cache=True)
def read_long(data: Any, at: Any, end: Any) -> Any:
    """Return the byte after a zigzag number and its value; -1 and 0 where it does not end in time or in 64 bits.

    Parameters
    ----------
    data
        Bytes, uint8.
    at
        Byte at which the number begins.
    end
        Byte before which it is to end.
    """
    bits, shift = np.uint64(0), np.uint64(0)
    while True:
        if at >= end or shift > np.uint64(63):
            return -1, np.int64(0)
        byte = np.uint64(data[at])
        at += 1
        bits |= (byte & np.uint64(0x7F)) << shift
        if byte < np.uint64(0x80):
            break
        shift += np.uint64(7)
    return at, np.int64(bits >> np.uint64(1)) ^ -np.int64(bits & np.uint64(1))


@numba.njit(cache=True)
def _past_value(data, at, end, op, size):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, C901 - compiled for the types that it meets
    """Return the byte after a value, and the fault of it."""
    if op == _FLOAT:
        at += 4
    elif op == _DOUBLE:
        at += 8
    elif op == _FIXED:
        at += size
    elif op == _BOOLEAN:
        if at < end and data[at] > 1:
            return at, _BAD_NUMBER
        at += 1
    else:
        at, value = read_long(data, at, end)
        if at < 0:
            return end, _TRUNCATED
        if op == _INT and (value < _INT_MIN or value > _INT_MAX):
            return at, _BAD_NUMBER
        if op == _BYTES:
            if value < 0:
                return at, _BAD_COUNT
            if value > end - at:
                return end, _TRUNCATED
            at += value
    return at, (_TRUNCATED if at > end else 0)


@numba.njit(cache=True)
def _item_count(data, at, end, budget):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the same
    """Return the byte after the head of a block of items, how many there are, and the fault of it."""
    at, value = read_long(data, at, end)
    if at >= 0 and value < 0:  # a block that tells its size in bytes too
        value = -value
        at, _ = read_long(data, at, end)
    if at < 0:
        return end, np.int64(0), _TRUNCATED
    return at, value, (_BAD_COUNT if value < 0 or value > budget else 0)


@numba.njit(cache=True)
def _note(once, items, taken, row, level, slot, at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917 - the same
    if level == 0:
        once[row, slot] = at
    elif taken[level] <= items.shape[1]:
        items[level, taken[level] - 1, slot] = at


@numba.njit(cache=True)
def _walk_one(data, at, end, steps, branches, once, items, taken, counts, row, left):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, C901, PLR0912, PLR0917 - one loop: a call a step would cost more than the step
    """Walk one datum; return the byte that it ends at, and its fault."""
    step, depth, fault = 0, -1, 0
    budget = end - at  # an item takes a byte at least: more items than bytes are none
    while fault == 0:
        op, first, second = steps[step, 0], steps[step, 1], steps[step, 2]
        if op == _END:
            break
        step += 1
        if _BOOLEAN <= op <= _FIXED:
            if first >= 0:
                _note(once, items, taken, row, second, first, at)
            at, fault = _past_value(data, at, end, op, steps[step - 1, 3])
        elif op == _BRANCH:
            at, value = read_long(data, at, end)
            if at < 0:
                at, fault = end, _TRUNCATED
            elif value < 0 or value >= second:
                fault = _BAD_BRANCH
            else:
                step = branches[first + value]
        elif op == _JUMP:
            step = first
        elif op == _REPEAT:
            at, value, fault = _item_count(data, at, end, budget)
            budget -= value
            if value == 0:
                step = first
            else:
                depth += 1
                left[depth] = value
        elif op == _ITEM:
            if first > 0:
                taken[first] += 1
                counts[first, row] += 1
        elif op == _AGAIN:
            left[depth] -= 1
            if left[depth] > 0:
                step = first
            else:
                depth -= 1
                step = second  # another block of items may follow
        elif op == _MARK:
            _note(once, items, taken, row, second, first, at)
    return at, (_TRAILING if fault == 0 and at != end else fault)


@numba.njit(cache=True)
def _walk(data, starts, ends, steps, branches, once, items, taken, counts, faults, stops):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917 - the same
    """Walk datums; `taken` counts the items of each level, also beyond what `items` has room for."""
    left = np.zeros(MOST_NESTED + 1, np.int64)
    for row in range(starts.shape[0]):
        at, fault = _walk_one(data, starts[row], ends[row], steps, branches, once, items, taken, counts, row, left)
        if fault:  # its places may lie outside of its bytes
            once[row, :] = -1
            for level in range(1, taken.shape[0]):
                taken[level] -= counts[level, row]
                counts[level, row] = 0
        faults[row], stops[row] = fault, at


class Places:
    """Where the wanted values of some datums begin.

    Attributes
    ----------
    once
        Shape (datums, slots of level 0): byte, or -1 where there is none.
    items
        Shape (levels, items, slots): the same for the items of each list, datum after datum.
    counts
        Shape (levels, datums): items of each list.
    faults
        A `Fault` a datum.
    """

    def __init__(self, program: Program, data: Bytes, starts: Ints, ends: Ints) -> None:
        self.data, rows = data, len(starts)
        levels, width = len(program.widths), int(program.widths[1:].max(initial=1))
        room = rows * ITEMS_AT_FIRST if levels > 1 else 1
        while True:
            self.once = np.full((rows, max(1, int(program.widths[0]))), -1, dtype=np.int64)
            self.items = np.full((levels, room, width), -1, dtype=np.int64)
            self.counts = np.zeros((levels, rows), dtype=np.int64)
            self.faults, self.stops = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
            taken = np.zeros(levels, dtype=np.int64)
            _walk(
                data, starts, ends, program.steps, program.branches, self.once, self.items, taken,
                self.counts, self.faults, self.stops,
            )  # fmt: skip
            if int(taken.max()) <= room:
                self.taken = taken
                return
            room = int(taken.max())

    def of(self, level: int, slot: int) -> Ints:
        """Return the beginnings of one wanted value.

        Parameters
        ----------
        level
            0 for what a datum has once, otherwise that of the items of a list.
        slot
            Slot of the value in its level.

        Returns
        -------
        Shape (datums,), or (items of all datums,); -1 where there is none.
        """
        found = self.once[:, slot] if level == 0 else self.items[level, : self.taken[level], slot]
        return np.ascontiguousarray(found)
