"""The arrays that filters see: exact, and of one kind whatever values share the batch."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fink_lib.filters.columns import as_array

KINDS = [pa.float32(), pa.float64(), pa.int8(), pa.int32(), pa.int64(), pa.bool_(), pa.string(), pa.list_(pa.float32())]
VALUES: dict[pa.DataType, Any] = {pa.bool_(): True, pa.string(): "t", pa.list_(pa.float32()): [1.0, None]}


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_null_does_not_change_the_kind_of_array(kind: pa.DataType) -> None:
    value = VALUES.get(kind, 3)
    full, holed = as_array(pa.array([value, value], kind)), as_array(pa.array([value, None], kind))
    assert (type(full), full.dtype) == (type(holed), holed.dtype)
    assert pd.isna(holed[1])


def test_ids_above_2_to_the_53_are_exact() -> None:
    ids = [2**53 + 1, None, 2**62 + 3]
    assert [None if pd.isna(one) else int(one) for one in as_array(pa.array(ids, pa.int64()))] == ids


def test_histories_are_float_arrays_with_nan_for_upper_limits() -> None:
    histories = as_array(pa.chunked_array([pa.array([[19.5, None], None], pa.list_(pa.float32()))]))
    assert histories[0].tolist()[0] == 19.5
    assert np.isnan(histories[0][1])
    assert histories[1] is None


def test_lists_of_text_stay_lists() -> None:
    assert as_array(pa.array([["a", None]], pa.list_(pa.string())))[0] == ["a", None]


def test_times_are_objects_with_none() -> None:
    dates = as_array(pa.array([0, None], pa.date32()))
    assert dates[0].isoformat() == "1970-01-01"
    assert dates[1] is None


def test_histories_of_one_length_stay_one_array_an_alert_and_a_slice_is_its_own() -> None:
    column = pa.array([[1.0], [2.0], None, [], [5.0]], pa.list_(pa.float64()))
    assert [None if one is None else one.tolist() for one in as_array(column)] == [[1.0], [2.0], None, [], [5.0]]
    assert [None if one is None else one.tolist() for one in as_array(column.slice(1, 3))] == [[2.0], None, []]
    assert as_array(pa.array([["a"], ["b"]], pa.list_(pa.string()))).tolist() == [["a"], ["b"]]
    assert as_array(pa.array([], pa.list_(pa.float64()))).shape == (0,)
