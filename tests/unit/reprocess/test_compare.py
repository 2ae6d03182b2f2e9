"""Two versions of the same values: what differs, where it went, how far it drifted."""

import numpy as np
import pyarrow as pa
import pytest

from fink_lib.reprocess import compare
from fink_lib.reprocess.side import pluck


def rows(*offsets: int, places: list[str] | None = None) -> pa.Table:
    table = pa.table(
        {
            "alert_id": pa.array([1000 + offset for offset in offsets], pa.int64()),
            "kafka_topic": ["t"] * len(offsets),
            "kafka_partition": pa.array([0] * len(offsets), pa.int32()),
            "kafka_offset": pa.array(offsets, pa.int64()),
        }
    )
    return table if places is None else table.append_column("place", pa.array(places))


def test_rows_are_paired_by_their_position_in_kafka() -> None:
    found = compare.align(rows(3, 1, 2), rows(2, 4, 3))
    assert found.old.tolist() == [0, 2]
    assert found.new.tolist() == [2, 0]
    assert (found.only_old.tolist(), found.only_new.tolist()) == ([1], [1])
    nothing = compare.align(rows(), rows(7))
    assert (nothing.old.tolist(), nothing.only_old.tolist(), nothing.only_new.tolist()) == ([], [], [0])


def test_moves_name_every_alert_that_stands_elsewhere() -> None:
    old = rows(1, 2, 3, 4, places=["silver", "silver", "rejected", "silver"])
    new = rows(1, 2, 3, 5, places=["silver", "rejected", "silver", "repeat"])
    assert compare.moves(old, new) == [
        {"from": "nowhere", "to": "repeat", "count": 1, "alert_ids": [1005]},
        {"from": "rejected", "to": "silver", "count": 1, "alert_ids": [1003]},
        {"from": "silver", "to": "nowhere", "count": 1, "alert_ids": [1004]},
        {"from": "silver", "to": "rejected", "count": 1, "alert_ids": [1002]},
    ]
    assert compare.moves(old, old) == []


def test_flips_are_counted_with_examples_and_null_is_a_label() -> None:
    old = pa.array(["EW", "EW", "EW", None, "M"])
    new = pa.array(["RRAB", "RRAB", "EW", "M", None])
    found = compare.Flips()
    found.add(old, new, np.arange(5))
    assert found.total == 4
    assert found.ranked() == [
        {"from": "EW", "to": "RRAB", "count": 2, "alert_ids": [0, 1]},
        {"from": "M", "to": None, "count": 1, "alert_ids": [4]},
        {"from": None, "to": "M", "count": 1, "alert_ids": [3]},
    ]


def test_one_value_against_one_is_no_division_by_zero() -> None:
    found = compare.drift(np.array([1.0]), np.array([2.0]))
    assert found is not None
    assert (found["ks"], found["p_value"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    "values",
    [
        [0.1 + 0.2, 0.3],
        [1e17, 1e17],
        [5e-324, 0.0],
        [-1.7e308, 1.7e308],
        [0.0, 0.0],
        [3.0, 7.0],
    ],
    ids=str,
)
def test_every_number_lies_in_a_bin(values: list[float]) -> None:
    before, after = np.array(values), np.array(values[:1])
    found = compare.drift(before, after)
    assert found is not None
    assert (sum(found["counts_old"]), sum(found["counts_new"])) == (2, 1)
    assert np.all(np.diff(np.array(found["edges"]) / 2) > 0)


def test_bins_are_those_of_numpy() -> None:
    values = np.random.default_rng(1).normal(size=1000)
    assert compare.common_edges(values) == pytest.approx(np.histogram_bin_edges(values, bins=compare.BINS), rel=1e-12)


def test_drift_tells_a_shift_from_none() -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=2000)
    same = compare.drift(values, values)
    moved = compare.drift(values, compare.finite(pa.array(np.append(values + 0.5, np.nan))))
    assert same is not None
    assert moved is not None
    assert (same["ks"], same["p_value"]) == (0.0, 1.0)
    # two normal distributions half a sigma apart: D = 2 * Phi(0.25) - 1
    assert moved["ks"] == pytest.approx(0.1974, abs=0.03)
    assert moved["p_value"] < 1e-10
    assert (moved["n_old"], moved["n_new"]) == (2000, 2000)
    assert sum(moved["counts_old"]) == sum(moved["counts_new"]) == 2000
    assert compare.drift(compare.finite(pa.array([None], pa.float64())), np.array([1.0])) is None


def test_filters_gain_and_lose() -> None:
    found = compare.gains({"a": [1, 2], "gone": [9]}, {"a": [2, 3]})
    assert found["a"] == {"old": 2, "new": 2, "gained": [3], "lost": [1]}
    assert found["gone"]["lost"] == [9]


def test_numbers_inside_a_struct_are_looked_at_one_by_one() -> None:
    kind = pa.struct([("a", pa.float64()), ("b", pa.struct([("c", pa.float32())])), ("n", pa.int64())])
    column = pa.array([{"a": 1.0, "b": {"c": 2.0}, "n": 3}, None], kind)
    assert {name: values.to_pylist() for name, values in compare.leaves("x", column).items()} == {
        "x.a": [1.0, None],
        "x.b.c": [2.0, None],
        "x.n": [3, None],
    }


def test_a_path_is_followed_as_spark_follows_it() -> None:
    kind = pa.struct([("jd", pa.list_(pa.struct([("v", pa.float64())]))), ("one", pa.int32())])
    column = pa.array([{"jd": [{"v": 1.0}, None], "one": 7}, {"jd": None, "one": None}, None], kind)
    assert pluck(column, ["jd", "v"]).to_pylist() == [[1.0, None], None, None]
    assert pluck(column, ["one"]).to_pylist() == [7, None, None]
    assert pluck(column.slice(1), ["jd", "v"]).to_pylist() == [None, None]
