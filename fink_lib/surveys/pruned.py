"""The columns of a packet with some of their fields."""

from collections.abc import Iterable

import pyarrow as pa

from fink_lib.lake.tables.types import list_of


def pruned(columns: pa.Schema, paths: Iterable[str]) -> pa.Schema:
    """Return the columns of a packet with only those fields that some dotted paths lead to.

    Parameters
    ----------
    columns
        Columns of a packet at root level.
    paths
        A path keeps all that is below it; one that leads nowhere is passed over.

    Returns
    -------
    In the order of the columns.
    """
    below: dict[str, set[str]] = {}
    for path in paths:
        root, _, rest = path.partition(".")
        below.setdefault(root, set()).add(rest)
    return pa.schema([one.with_type(_narrow(one.type, below[one.name])) for one in columns if one.name in below])


def _narrow(kind: pa.DataType, below: set[str]) -> pa.DataType:
    """Return a type with some of its fields; an empty path stands for all of them."""
    if pa.types.is_list(kind):
        return list_of(_narrow(kind.value_type, below))
    if "" in below or not pa.types.is_struct(kind):
        return kind
    names = {path.partition(".")[0] for path in below}
    rest = {name: {path.partition(".")[2] for path in below if path.partition(".")[0] == name} for name in names}
    return pa.struct([part.with_type(_narrow(part.type, rest[part.name])) for part in kind if part.name in names])
