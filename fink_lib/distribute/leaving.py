"""Which columns of silver leave in a message that is written anew, under which names and types."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.distribute.columns import CDSXMATCH, KEPT_BACK, RENAMED
from fink_lib.distribute.suffix import TEXT, as_text, leaving_type
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import packet_schema


@dataclass(frozen=True)
class Leaving:
    """A field of a message.

    Attributes
    ----------
    name
        Its name there.
    path
        Column of the alert, then the fields inside it.
    kind
        Type of its values: times and dates leave as text.
    """

    name: str
    path: tuple[str, ...]
    kind: pa.DataType

    def values(self, rows: pa.RecordBatch | pa.Table) -> pa.Array:
        """Return the field of each alert.

        Parameters
        ----------
        rows
            Alerts; a column that they lack is null.
        """
        if self.path[0] not in rows.schema.names:
            return pa.nulls(rows.num_rows, self.kind)
        column = rows.column(self.path[0])
        found = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for name in self.path[1:]:
            found = _field(found, name)
        return as_text(found)


def whole_alert(silver: pa.Schema, survey: Survey, *, cutouts: bool) -> list[Leaving]:
    """Return the fields of a whole alert in order: packet and science, `cdsxmatch`, cutouts last.

    Parameters
    ----------
    silver
        Columns of the table.
    survey
        Tells which columns are cutouts.
    cutouts
        Whether cutouts leave too; silver itself has none.
    """
    fields = [
        Leaving(RENAMED.get(one.name, one.name), (one.name,), leaving_type(one.type))
        for one in silver
        if one.name not in KEPT_BACK
    ]
    if CDSXMATCH not in silver.names:
        fields.append(Leaving(CDSXMATCH, (CDSXMATCH,), TEXT))
    packet = packet_schema(survey, cutouts=True)
    return [*fields, *(Leaving(root, (root,), packet.field(root).type) for root in survey.cutout_roots if cutouts)]


def chosen_fields(silver: pa.Schema, paths: Sequence[str]) -> list[Leaving]:
    """Return some columns of silver as fields, each under its path with ``_`` for the dots.

    Parameters
    ----------
    silver
        Columns of the table.
    paths
        Columns of silver, with dots before the fields of records; a field of a list of records is a list.

    Returns
    -------
    Fields in the order of the paths.
    """
    found = []
    for path in paths:
        names = tuple(path.split("."))
        kind = silver.field(names[0]).type
        for name in names[1:]:
            kind = _field_type(kind, name)
        found.append(Leaving("_".join(names), names, leaving_type(kind)))
    return found


def _field_type(kind: pa.DataType, name: str) -> pa.DataType:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_field_type(kind.value_type, name))
    return kind.field(name).type


def _field(values: pa.Array, name: str) -> pa.Array:
    """Return a field of each record, or of each record of each list; null where the record or list is."""
    if not (pa.types.is_list(values.type) or pa.types.is_large_list(values.type)):
        return pc.struct_field(values, name)
    lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
    offsets = pa.array([0, *lengths.cumsum().tolist()], pa.int32())
    return pa.ListArray.from_arrays(offsets, _field(values.flatten(), name), mask=pc.is_null(values))
