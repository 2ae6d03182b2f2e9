"""The values at a path of a packet."""

import pyarrow as pa
import pyarrow.compute as pc


def leaf(packet: pa.RecordBatch, path: str) -> pa.Array:
    """Return the values at a dotted path; of an array of records, an array for each row.

    Parameters
    ----------
    packet
        Columns under their root names.
    path
        Its root is a column; a list is only followed at the root.
    """
    root, _, rest = path.partition(".")
    values = packet.column(root)
    if not rest:
        return values
    if not pa.types.is_list(values.type):
        return pc.struct_field(values, rest.split("."))
    inner = pc.struct_field(values.values, rest.split("."))
    mask = values.is_null() if values.null_count else None
    return pa.ListArray.from_arrays(values.offsets, inner, mask=mask)
