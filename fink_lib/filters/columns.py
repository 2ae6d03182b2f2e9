"""Arrow columns as the arrays that filters see; the kind of array depends on the type alone."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa


def _plain(column: pa.Array, dtype: Any) -> Any:
    """Numbers as a numpy array with NaN for null."""
    return np.asarray(column.cast(dtype).to_numpy(zero_copy_only=False), dtype=dtype.to_pandas_dtype())


def _lists(column: pa.Array) -> Any:
    """Arrays as an object array: numbers as float arrays with NaN for null, anything else as lists."""
    numeric = pa.types.is_floating(column.type.value_type) or pa.types.is_integer(column.type.value_type)
    rows = np.empty(len(column), dtype=object)
    for position, scalar in enumerate(column):
        if not scalar.is_valid:
            rows[position] = None
        elif numeric:
            rows[position] = _plain(scalar.values, pa.float64())
        else:
            rows[position] = scalar.as_py()
    return rows


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
    texts = np.empty(len(column), dtype=object)
    texts[:] = column.to_pylist()
    return texts
