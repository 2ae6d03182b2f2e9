"""Runs of nights: few, next to each other, and each night in one of them."""

import datetime as dt
import itertools

from hypothesis import given
from hypothesis import strategies as st

from fink_lib.served.runs import Run, around, joined, pair_to_merge, run_of

DAY = dt.date(2021, 11, 1)


def run(first: int, last: int) -> Run:
    return Run(DAY + dt.timedelta(days=first), DAY + dt.timedelta(days=last))


def test_a_name_says_the_nights() -> None:
    one = run(0, 3)
    assert one.name == "2021-11-01_2021-11-04"
    assert Run.of(one.name) == one


def test_a_night_goes_where_its_neighbours_are() -> None:
    runs = [run(0, 3), run(8, 8)]
    assert run_of(runs, DAY + dt.timedelta(days=2)) == run(0, 3)
    assert run_of(runs, DAY + dt.timedelta(days=5)) == run(5, 5)
    met = [*runs, run(2, 2)]  # closings of two nights met
    assert around(met, DAY + dt.timedelta(days=2)) == (run(0, 3), run(2, 2))
    assert run_of(met, DAY + dt.timedelta(days=2)) == run(0, 3)


def test_the_smallest_neighbours_become_one() -> None:
    rows = {run(0, 9): 1000, run(10, 10): 5, run(11, 11): 7, run(12, 12): 3000}
    assert pair_to_merge(rows, 4) is None
    assert pair_to_merge(rows, 3) == (run(10, 10), run(11, 11))


@given(st.permutations(range(40)), st.integers(2, 6))
def test_whatever_the_order_runs_are_few_and_apart(nights: list[int], most: int) -> None:
    rows: dict[Run, int] = {}
    for night in nights:
        at = DAY + dt.timedelta(days=night)
        mine = run_of(rows, at)
        rows[mine] = rows.get(mine, 0) + 1
        while (pair := pair_to_merge(rows, most)) is not None:
            rows[joined(pair)] = sum(rows.pop(one) for one in pair)
    assert len(rows) <= most
    assert sum(rows.values()) == len(nights)
    assert all(a.last < b.first for a, b in itertools.pairwise(sorted(rows)))
