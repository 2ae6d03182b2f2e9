"""Repeats: the first arrival stays the first arrival, whatever is replayed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fink_lib.enrich.duplicates import NO_ARRIVALS, Arrivals, find_repeats, first_arrivals
from fink_lib.enrich.seen import SeenNights

Row = tuple[int, int, int, int]


def arrivals(*rows: Row) -> Arrivals:
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Arrivals(*table.T)


def test_within_a_batch_the_lowest_position_is_the_first() -> None:
    batch = arrivals((7, 0, 1, 5), (7, 0, 0, 9), (8, 0, 0, 1), (7, 0, 0, 10))
    assert find_repeats(batch, NO_ARRIVALS).tolist() == [True, False, False, True]


def test_an_alert_on_record_is_a_repeat_unless_it_is_the_record() -> None:
    seen = first_arrivals(arrivals((7, 0, 0, 3), (9, 0, 0, 4)))
    batch = arrivals((7, 0, 0, 3), (7, 0, 0, 8), (8, 0, 0, 9), (9, 0, 1, 4), (9, 1, 0, 4))
    assert find_repeats(batch, seen).tolist() == [False, True, False, True, True]


def test_nothing_arrives() -> None:
    assert find_repeats(NO_ARRIVALS, NO_ARRIVALS).tolist() == []
    assert find_repeats(NO_ARRIVALS, arrivals((1, 0, 0, 0))).tolist() == []


positions = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(0, 1), st.integers(0, 30)),
    unique_by=lambda row: row[1:],
    min_size=1,
    max_size=25,
)


@given(rows=positions, split=st.integers(0, 25))
def test_each_alert_arrives_first_exactly_once_and_a_replay_changes_nothing(rows: list[Row], split: int) -> None:
    nights = SeenNights(lambda _night: NO_ARRIVALS)
    first = []
    for part in (rows[:split], rows[split:]):
        batch = arrivals(*part)
        answer = find_repeats(batch, *nights.of(0))
        nights.add(0, batch.take(~answer))
        assert find_repeats(batch, *nights.of(0)).tolist() == answer.tolist()
        first += batch.alert_id[~answer].tolist()
    assert sorted(first) == sorted({row[0] for row in rows})
