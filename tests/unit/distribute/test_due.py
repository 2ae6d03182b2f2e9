"""What is due: nothing twice, whole packets in parts, and what was sent is remembered in few bytes."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from fink_lib.distribute import distributor, ledger
from fink_lib.distribute.counter import COUNTER
from fink_lib.distribute.distributor import Distributor, Due, parts
from fink_lib.distribute.ledger import AlertIds


def alert(alert_id: int, *filters: str, night: str = "n") -> Any:
    return SimpleNamespace(night=night, alert_id=alert_id, filters=filters)


def due_of(matches: list[Any], sent: set[tuple[int, str]]) -> list[Due]:
    memory = SimpleNamespace(was_sent=lambda _, alert_id, by: (alert_id, by) in sent)
    return Distributor._due(cast("Any", SimpleNamespace(_ledger=memory)), matches)


def test_two_rows_of_one_alert_in_a_batch_leave_once_by_each_filter() -> None:
    rows = [alert(1, "a"), alert(1, "a", "b"), alert(2), alert(1, "a", night="m"), alert(3, "a")]
    told = [(one.night, one.alert_id, names) for one, names in due_of(rows, {(3, "a"), (3, COUNTER), (2, COUNTER)})]
    assert told == [("n", 1, ("a", COUNTER)), ("n", 1, ("b",)), ("m", 1, ("a", COUNTER))]


@pytest.mark.parametrize(
    ("whole", "small", "sizes"),
    [(5, 3, [(2, 0), (2, 0), (1, 3)]), (4, 1, [(2, 0), (2, 1)]), (0, 4, [(0, 4)]), (1, 0, [(1, 0)]), (0, 0, [])],
)
def test_alerts_that_are_only_counted_make_no_part_of_their_own(
    whole: int, small: int, sizes: list[tuple[int, int]]
) -> None:
    due = [(alert(n), (COUNTER,)) for n in range(small)] + [(alert(n), ("a", COUNTER)) for n in range(whole)]
    cut = list(parts(due, 2))
    assert [
        (sum(distributor.is_whole(names) for _, names in part), sum(names == (COUNTER,) for _, names in part))
        for part in cut
    ] == sizes
    assert [names for part in cut for _, names in part] == [("a", COUNTER)] * whole + [(COUNTER,)] * small


def test_ids_are_remembered_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "RECENT_AT_MOST", 4)
    known = [2**53, 5, 2**62 + 1, 7]
    ids = AlertIds(np.array(known, dtype=np.int64))
    assert all(one in ids for one in known)
    assert not any(one in ids for one in (2**53 + 1, 2**62 + 2, 6, 0, 2**63 - 1))
    added = [2**53 + 1, 0, 2**53 + 1, 9, 11, 13]
    for one in added:
        ids.add(one)
    assert all(one in ids for one in [*known, *added])
    assert len(ids._recent) < 4
    assert 12 not in ids
    assert 5 not in AlertIds()
