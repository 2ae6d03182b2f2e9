"""A writer schema as a program: a list of steps that a walk over the bytes of a datum takes, one after the other.

Slots say which values are wanted. The walk notes at which byte each wanted value begins, and passes over the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.avro.renamed import scaling
from fink_lib.avro.schema import AvroSchema
from fink_lib.errors import SurveyError

MOST_NESTED = 16  # arrays and maps in each other


class Op(IntEnum):
    """What a step does."""

    END = 0
    NULL = 1
    BOOLEAN = 2
    INT = 3
    LONG = 4
    FLOAT = 5
    DOUBLE = 6
    BYTES = 7
    FIXED = 8
    BRANCH = 9  # of a union: go to the step of the branch that the datum names
    JUMP = 10
    REPEAT = 11  # an array or a map: how many items come
    ITEM = 12
    AGAIN = 13
    MARK = 14  # a record or an array is there


_STEP = {
    "null": Op.NULL, "boolean": Op.BOOLEAN, "int": Op.INT, "long": Op.LONG,
    "float": Op.FLOAT, "double": Op.DOUBLE, "bytes": Op.BYTES, "string": Op.BYTES,
}  # fmt: skip


@dataclass
class Node:
    """A wanted column, as a tree; what the program writes for it is noted here.

    Attributes
    ----------
    path, type
        Dotted path, and Arrow type that it is read as.
    children
        Fields of a struct; the one item of a list.
    level
        0 for what a datum has once, and a number of its own for the items of each list.
    slot
        Where the walk notes the beginning of the value, or that a struct or list is there; None where the writer
        has no such field.
    written
        Avro type of the value.
    scale
        Factor and constant that make a double of the written number; None where it is read as it is.
    """

    path: str
    type: pa.DataType
    children: dict[str, "Node"] = field(default_factory=dict)
    level: int = 0
    slot: int | None = None
    written: str = ""
    scale: tuple[float, float] | None = None


@dataclass(frozen=True)
class Program:
    """What a walk needs.

    Attributes
    ----------
    steps
        Shape (steps, 4), int32: step and its operands.
    branches
        Places in `steps`, int32.
    widths
        Number of slots of each level, int64.
    roots
        The wanted columns.
    mismatched
        Path → Avro type, of fields that the writer has with a type that the column cannot hold: they are null.
    cut_slot
        Slot of the byte at which the second part of a datum begins, or -1.
    """

    steps: npt.NDArray[np.int32]
    branches: npt.NDArray[np.int32]
    widths: npt.NDArray[np.int64]
    roots: tuple[Node, ...]
    mismatched: Mapping[str, str]
    cut_slot: int = -1


_HOLDS: Mapping[str, tuple[pa.DataType, ...]] = {
    "boolean": (pa.bool_(),),
    "int": (pa.int32(), pa.int64(), pa.float64()),
    "long": (pa.int64(),),
    "float": (pa.float32(), pa.float64()),
    "double": (pa.float64(),),
    "string": (pa.string(), pa.binary()),
    "bytes": (pa.binary(),),
}


NUMBERS: Mapping[str, pa.DataType] = {
    "int": pa.int32(), "long": pa.int64(), "float": pa.float32(), "double": pa.float64(),
}  # fmt: skip


def fits(written: str, kind: pa.DataType) -> bool:
    """Tell whether every value of an Avro type is one of an Arrow type: the promotions of Avro 1.12, without loss.

    Parameters
    ----------
    written
        Name of an Avro type, such as ``int``.
    kind
        Arrow type of a column.
    """
    return kind in _HOLDS.get(written, ())


def nodes_of(columns: pa.Schema) -> tuple[Node, ...]:
    """Return the wanted columns as trees."""
    return tuple(_node(column.name, column.type) for column in columns)


def _node(path: str, kind: pa.DataType) -> Node:
    if pa.types.is_struct(kind):
        return Node(path, kind, {part.name: _node(f"{path}.{part.name}", part.type) for part in kind})
    if pa.types.is_list(kind):
        return Node(path, kind, {"item": _node(path, kind.value_type)})
    return Node(path, kind)


def compile_program(schema: AvroSchema, columns: pa.Schema, cut: str | None = None) -> Program:
    """Write the program that reads some columns out of datums of a schema.

    Parameters
    ----------
    schema
        Resolved writer schema (see `fink_lib.avro.schema.resolved`).
    columns
        Scalars, structs, and lists of scalars or structs; a list in a list is not supported.
    cut
        Root field whose first byte is noted too.

    Raises
    ------
    SurveyError
        When arrays are nested deeper than `MOST_NESTED`, or a column is a list in a list.
    """
    return _Writer(schema, nodes_of(columns), cut).program()


class _Writer:
    """Writes one program."""

    def __init__(self, schema: AvroSchema, roots: tuple[Node, ...], cut: str | None) -> None:
        self._schema, self._roots, self._cut = schema, roots, cut
        self._steps: list[list[int]] = []
        self._branches: list[int] = []
        self._widths = [0]
        self._mismatched: dict[str, str] = {}

    def program(self) -> Program:
        """Write the steps of the record."""
        wanted, cut_slot = {node.path: node for node in self._roots}, -1
        for fld in self._schema["fields"]:
            if fld["name"] == self._cut:
                cut_slot = self._new_slot(0)
                self._add(Op.MARK, cut_slot, 0)
            self._write(fld["type"], wanted.get(fld["name"]), 0, 0)
        self._add(Op.END)
        return Program(
            np.array(self._steps, dtype=np.int32),
            np.array(self._branches or [0], dtype=np.int32),
            np.array(self._widths, dtype=np.int64),
            self._roots,
            self._mismatched,
            cut_slot,
        )

    def _add(self, op: Op, a: int = -1, b: int = -1, c: int = -1) -> int:
        self._steps.append([op, a, b, c])
        return len(self._steps) - 1

    def _new_slot(self, level: int) -> int:
        self._widths[level] += 1
        return self._widths[level] - 1

    def _write(self, node: Any, want: Node | None, level: int, nested: int) -> None:
        """Write the steps of a type; `want` is the column that it feeds, if any."""
        if isinstance(node, list):
            self._union(node, want, level, nested)
        elif isinstance(node, str) or node["type"] not in {"record", "array", "map"}:
            self._leaf(node, want, level)
        elif node["type"] == "record":
            self._record(node, want, level, nested)
        else:
            self._items(node, want, level, nested)

    def _union(self, branches: list[Any], want: Node | None, level: int, nested: int) -> None:
        at = len(self._branches)
        self._branches += [0] * len(branches)
        self._add(Op.BRANCH, at, len(branches))
        ends = []
        for number, branch in enumerate(branches):
            self._branches[at + number] = len(self._steps)
            self._write(branch, want, level, nested)
            ends.append(self._add(Op.JUMP))
        for end in ends:
            self._steps[end][1] = len(self._steps)

    def _leaf(self, node: Any, want: Node | None, level: int) -> None:
        name = node if isinstance(node, str) else node["type"]
        if name == "fixed":
            self._add(Op.FIXED, -1, level, node["size"])
        elif name == "enum":
            self._add(Op.INT, -1, level)
            self._refuse(want, name)
        else:
            self._add(_STEP[name], self._slot_of(name, want, level, scaling(node)), level)

    def _slot_of(self, name: str, want: Node | None, level: int, scale: tuple[float, float] | None) -> int:
        if want is None or name == "null":
            return -1
        holds = fits(name, want.type) if scale is None else name in NUMBERS and want.type == pa.float64()
        if want.children or not holds or (want.slot is not None and want.written != name):
            self._refuse(want, name)
            return -1
        want.scale = scale
        self._take(want, level, name)
        return -1 if want.slot is None else want.slot

    def _take(self, want: Node, level: int, written: str) -> None:
        if want.slot is None:
            want.slot, want.level, want.written = self._new_slot(level), level, written

    def _refuse(self, want: Node | None, written: str) -> None:
        if want is not None:
            self._mismatched[want.path] = written

    def _record(self, node: AvroSchema, want: Node | None, level: int, nested: int) -> None:
        if want is not None and not pa.types.is_struct(want.type):
            self._refuse(want, "record")
            want = None
        if want is not None:
            self._take(want, level, "record")
            self._add(Op.MARK, -1 if want.slot is None else want.slot, level)
        for fld in node["fields"]:
            self._write(fld["type"], None if want is None else want.children.get(fld["name"]), level, nested)

    def _items(self, node: AvroSchema, want: Node | None, level: int, nested: int) -> None:
        if nested >= MOST_NESTED:
            raise SurveyError(f"arrays are nested deeper than {MOST_NESTED}: no packet is")
        if want is not None and not (pa.types.is_list(want.type) and node["type"] == "array"):
            self._refuse(want, node["type"])
            want = None
        item, inner = None, -1
        if want is not None:
            if level:
                raise SurveyError(f"column {want.path} is a list in a list: columns have lists of scalars or structs")
            self._take(want, level, "array")
            self._add(Op.MARK, -1 if want.slot is None else want.slot, level)
            item, inner = want.children["item"], len(self._widths)
            item.level = inner
            self._widths.append(0)
        begin = self._add(Op.REPEAT)
        body = self._add(Op.ITEM, inner)
        if node["type"] == "map":
            self._add(Op.BYTES, -1, inner)
        self._write(node["items" if node["type"] == "array" else "values"], item, inner, nested + 1)
        self._add(Op.AGAIN, body, begin)
        self._steps[begin][1] = len(self._steps)
