"""What is due: nothing twice, and what was sent is remembered in few bytes."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from fink_lib.distribute.counter import COUNTER
from fink_lib.distribute.distributor import _has_twice, cut
from fink_lib.distribute.work import Part, due_of
from fink_lib.lake.places import book
from fink_lib.lake.places.book import KnownIds

NIGHT, OTHER = dt.date(2021, 11, 22), dt.date(2021, 11, 23)
NONE = pa.table({})


def alert(alert_id: int, *filters: str, night: dt.date = NIGHT) -> Any:
    return SimpleNamespace(night=night, alert_id=alert_id, filters=filters)


def told(matches: list[Any], part: Part) -> list[tuple[dt.date, int, tuple[str, ...]]]:
    return [(one.night, one.alert_id, names) for one, names in due_of(matches, part, set())]


def test_two_rows_of_one_alert_in_a_batch_leave_once_by_each_filter() -> None:
    rows = [alert(1, "a"), alert(1, "a", "b"), alert(2), alert(1, "a", night=OTHER), alert(3, "a")]
    before = {(NIGHT, 3): frozenset({"a", COUNTER}), (NIGHT, 2): frozenset({COUNTER})}
    found = told(rows, Part(NONE, before))
    assert found == [(NIGHT, 1, ("a", COUNTER)), (NIGHT, 1, ("b",)), (OTHER, 1, ("a", COUNTER))]


def test_what_was_due_earlier_in_the_part_is_not_due_again() -> None:
    seen: set[Any] = set()
    assert len(due_of([alert(1, "a")], Part(NONE), seen)) == 1
    assert due_of([alert(1, "a")], Part(NONE), seen) == []
    assert [names for _, names in due_of([alert(1, "a", "b")], Part(NONE), seen)] == [("b",)]


def test_a_night_whose_counter_is_gone_is_counted_no_more() -> None:
    part = Part(NONE, uncounted=frozenset({NIGHT}))
    assert told([alert(1, "a"), alert(2), alert(3, night=OTHER)], part) == [(NIGHT, 1, ("a",)), (OTHER, 3, (COUNTER,))]


@pytest.mark.parametrize(("rows", "sizes"), [(5, [2, 2, 1]), (4, [2, 2]), (1, [1]), (0, [])])
def test_parts_hold_every_alert_once_in_order(rows: int, sizes: list[int]) -> None:
    parts = list(cut(pa.table({"alert_id": range(rows)}), 2))
    assert [one.num_rows for one in parts] == sizes
    assert [each for one in parts for each in one["alert_id"].to_pylist()] == list(range(rows))


def test_an_alert_that_stands_in_silver_twice_is_seen() -> None:
    nights = [NIGHT, OTHER, NIGHT]
    assert not _has_twice(pa.table({"night": nights, "alert_id": [1, 1, 2]}))
    assert _has_twice(pa.table({"night": nights, "alert_id": [1, 1, 1]}))


def test_ids_are_remembered_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "RECENT_AT_MOST", 4)
    known = [2**53, 5, 2**62 + 1, 7]
    ids = KnownIds(np.array(known, dtype=np.int64))
    assert all(one in ids for one in known)
    others = [2**53 + 1, 2**62 + 2, 6, 0, 2**63 - 1]
    assert not any(one in ids for one in others)
    asked = np.array([*known, *others], dtype=np.int64)
    assert ids.among(asked).tolist() == [True] * 4 + [False] * 5
    added = [2**53 + 1, 0, 2**53 + 1, 9, 11, 13]
    for one in added:
        ids.add(one)
    assert all(one in ids for one in [*known, *added])
    assert ids.among(asked).tolist() == [True] * 5 + [False, False, True, False]
    assert len(ids._recent) < 4
    assert 12 not in ids
    assert 5 not in KnownIds()
    assert KnownIds().among(asked[:1]).tolist() == [False]
