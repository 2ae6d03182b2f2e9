"""Datums of one schema as Arrow columns: the fields that are asked for, and nothing else is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.avro.program import NUMBERS, Node, compile_program
from fink_lib.avro.schema import AvroSchema
from fink_lib.avro.values import Flags, numbers, spans, texts
from fink_lib.avro.walk import Fault, Ints, Places


@dataclass(frozen=True)
class Decoded:
    """What some datums hold.

    Attributes
    ----------
    columns
        The columns that were asked for, a row a datum; what the rows of faulty datums hold means nothing.
    faults
        A `Fault` a datum, as int64.
    cuts
        Byte within each datum at which its second part begins; its length where it has none.
    stops
        Byte within each datum at which a faulty one stopped making sense.
    """

    columns: pa.RecordBatch
    faults: Ints
    cuts: Ints
    stops: Ints


class Reader:
    """Reads datums of one schema.

    Parameters
    ----------
    schema
        Resolved writer schema.
    columns
        Columns to read, by the names of the packet's fields; a column that the writer lacks is null.
    cut
        Root field at which datums are to be cut in two.
    """

    def __init__(self, schema: AvroSchema, columns: pa.Schema, cut: str | None = None) -> None:
        self._columns = columns
        self._program = compile_program(schema, columns, cut)

    @property
    def mismatched(self) -> Mapping[str, str]:
        """Path → Avro type, of columns that are null since the writer's type does not fit them."""
        return self._program.mismatched

    def read(self, datums: pa.BinaryArray) -> Decoded:
        """Read datums, none of them null.

        Parameters
        ----------
        datums
            The bytes of each.
        """
        data, starts, ends = spans(datums)
        places = Places(self._program, data, starts, ends)
        builder = _Builder(places)
        arrays = [builder.column(node, len(starts)) for node in self._program.roots]
        faults = np.where((places.faults == Fault.NONE) & ~builder.sound, int(Fault.BAD_TEXT), places.faults)
        slot = self._program.cut_slot
        cuts = places.of(0, slot) - starts if slot >= 0 else ends - starts
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._columns) if arrays else _no_columns(len(starts))
        return Decoded(batch, faults, cuts, places.stops - starts)


def _no_columns(rows: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_struct_array(pa.array([{}] * rows, type=pa.struct([])))


class _Builder:
    """Makes Arrow arrays of the values at the places of one walk."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.sound: Flags = np.ones(len(places.faults), dtype=bool)

    def column(self, node: Node, rows: int) -> pa.Array:
        """Return one column; all null where the writer has no such field."""
        if node.slot is None:
            return pa.nulls(rows, node.type)
        if pa.types.is_struct(node.type):
            return self._struct(node, rows)
        if pa.types.is_list(node.type):
            return self._list(node)
        return self._leaf(node)

    def _leaf(self, node: Node) -> pa.Array:
        at = self._places.of(node.level, node.slot or 0)
        if node.scale is not None:
            factor, constant = node.scale
            raw = numbers(self._places.data, at, node.written, NUMBERS[node.written])
            return pc.add(pc.multiply(raw.cast(node.type, safe=False), factor), constant)
        if node.written not in {"string", "bytes"}:
            return numbers(self._places.data, at, node.written, node.type)
        found, sound = texts(self._places.data, at, node.type)
        if not sound.all():
            self._note(node.level, sound)
        return found

    def _note(self, level: int, sound: Flags) -> None:
        """Remember which datums hold a text that is none."""
        if level == 0:
            self.sound &= sound
        else:
            owners = np.repeat(np.arange(len(self.sound)), self._places.counts[level])
            self.sound[owners[~sound]] = False

    def _struct(self, node: Node, rows: int) -> pa.Array:
        missing = self._places.of(node.level, node.slot or 0) < 0
        children = [self.column(child, rows) for child in node.children.values()]
        fields: Any = [node.type.field(number) for number in range(node.type.num_fields)]
        if not children:
            return pa.nulls(rows, node.type)
        return pa.StructArray.from_arrays(children, fields=fields, mask=pa.array(missing) if missing.any() else None)

    def _list(self, node: Node) -> pa.Array:
        item = node.children["item"]
        counts = self._places.counts[item.level]
        rows = int(self._places.taken[item.level])
        values = self.column(item, rows)
        offsets = np.zeros(len(counts) + 1, dtype=np.int32)
        np.cumsum(counts, out=offsets[1:])
        missing: npt.NDArray[np.bool_] = self._places.of(0, node.slot or 0) < 0
        mask = pa.array(missing) if missing.any() else None
        return pa.ListArray.from_arrays(pa.array(offsets), values, type=node.type, mask=mask)
