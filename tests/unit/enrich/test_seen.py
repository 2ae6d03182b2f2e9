"""First arrivals on record: found in every run, loaded once, and added at a cost that the night does not set."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fink_lib.enrich import seen
from fink_lib.enrich.duplicates import NO_ARRIVALS, Arrivals, find_repeats
from fink_lib.enrich.seen import NIGHTS_KEPT, SeenNights

BATCH, BATCHES = 50, 200


def arrivals(ids: np.ndarray, offset: int = 0) -> Arrivals:
    zeros = np.zeros(len(ids), dtype=np.int64)
    return Arrivals(np.asarray(ids, dtype=np.int64), zeros, zeros, offset + np.arange(len(ids)))


def batches() -> list[Arrivals]:
    ids = np.random.default_rng(3).permutation(BATCH * BATCHES)
    return [arrivals(part, BATCH * number) for number, part in enumerate(np.split(ids, BATCHES))]


def test_an_alert_is_found_in_whatever_run_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(seen, "IN_MEMORY", 4 * BATCH)
    nights = SeenNights(lambda _night: NO_ARRIVALS, tmp_path)
    for batch in batches():
        assert not find_repeats(batch, *nights.of(0)).any()
        nights.add(0, batch)
    for batch in batches():
        assert not find_repeats(batch, *nights.of(0)).any(), "a replay"
        later = Arrivals(batch.alert_id, batch.topic, batch.partition, batch.offset + 10**6)
        assert find_repeats(later, *nights.of(0)).all()
    assert sum(map(len, nights.of(0))) == BATCH * BATCHES
    assert not list(tmp_path.iterdir()), "files of runs have no names"


def test_runs_shrink_so_that_there_are_few_of_them_and_few_copies_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    copied, whole = [], seen.merged
    monkeypatch.setattr(seen, "merged", lambda one, other: (copied.append(len(one) + len(other)), whole(one, other))[1])
    nights = SeenNights(lambda _night: NO_ARRIVALS)
    for batch in batches():
        nights.add(0, batch)
        lengths = [len(run) for run in nights.of(0) if len(run)]
        assert all(longer >= seen.SHRINKING * shorter for longer, shorter in pairwise(lengths))
    assert sum(copied) <= BATCH * BATCHES * 2 * np.log2(BATCHES)


def test_what_is_on_record_is_not_added_again() -> None:
    nights, batch = SeenNights(lambda _night: arrivals(np.arange(9))), arrivals(np.array([3, 20, 4, 20]), 100)
    nights.add(0, batch)
    nights.add(0, batch)
    assert sorted(np.concatenate([run.alert_id for run in nights.of(0)]).tolist()) == [*range(9), 20]
    assert find_repeats(batch, *nights.of(0)).tolist() == [True, False, True, True]


def test_all_nights_of_a_batch_are_kept_and_those_before_only_while_there_is_room() -> None:
    loaded: list[int] = []

    def load(night: int) -> Arrivals:
        loaded.append(night)
        return arrivals(np.array([night]))

    nights, many = SeenNights(load), range(NIGHTS_KEPT + 5)
    for _ in range(3):
        nights.hold(many)
        assert [int(nights.of(night)[0].alert_id[0]) for night in many] == list(many)
    assert loaded == list(many)
    nights.hold([100])
    nights.hold([0])
    assert loaded == [*many, 100, 0]
