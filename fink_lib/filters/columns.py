"""Arrow columns as the arrays that filters see; the kind of array depends on the type alone."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def _plain(column: pa.Array, dtype: Any) -> Any:
    """Numbers as a numpy array with NaN for null."""
    return np.asarray(column.cast(dtype).to_numpy(zero_copy_only=False), dtype=dtype.to_pandas_dtype())


def _lists(column: pa.Array) -> Any:
    """Arrays as an object array: numbers as float arrays with NaN for null, anything else as lists."""
    kind = column.type.value_type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return _each(column.to_pylist())
    # One conversion for all rows, then views: a scalar at a time would cost more than all filters together.
    values = _plain(column.flatten(), pa.float64())
    lengths = np.asarray(pc.fill_null(pc.list_value_length(column), 0), dtype=np.int64)
    ends = np.cumsum(lengths)
    rows = _each([values[start:end] for start, end in zip(ends - lengths, ends, strict=True)])
    rows[np.asarray(column.is_null())] = None
    return rows


def _each(items: list[Any]) -> Any:
    """Return a list as an array of objects, whatever shape its items have together."""
    found = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        found[place] = item
    return found


def as_array(column: pa.Array | pa.ChunkedArray) -> Any:
    """Return one column as a filter sees it; `fink_lib.filters.base.Batch` holds the table of kinds."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    if pa.types.is_floating(kind):
        return _plain(column, kind)
    if pa.types.is_int64(kind):
        return pd.array(column.to_pylist(), dtype="Int64")
    if pa.types.is_integer(kind):
        return _plain(column, pa.float64())
    if pa.types.is_boolean(kind):
        return pd.array(column.to_pylist(), dtype="boolean")
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _lists(column)
    return _each(column.to_pylist())
