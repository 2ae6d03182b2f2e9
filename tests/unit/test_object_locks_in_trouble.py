"""Locks in an object store that is silent, loses answers or tells half of them: nobody loses what is its own."""

import logging
import time
from pathlib import Path

import pytest

from fink_lib.errors import HostError, LockLost, StoreSilent
from fink_lib.lake.object_store import require_conditions
from fink_lib.locks import locked, object_store
from fink_lib.locks.object_store import LEASE_S, RENEWALS, StoreLock
from fink_lib.storage import LakePath, Store
from fink_lib.storage.paths import in_store
from tests.builders.made_store import MadeStore

PLACE = "s3://lake/one.lock"
PATIENCE_S = 20.0  # how slow a machine may be


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MadeStore:
    made = MadeStore()
    monkeypatch.setattr(Store, "ask", lambda _, *given, **named: made.ask(*given, **named))
    monkeypatch.setattr(object_store, "POLL_S", 0.01)
    return made


@pytest.fixture
def place() -> LakePath:
    return in_store(PLACE, Store("http://localhost"))


def test_no_request_waits_longer_than_from_one_renewal_to_the_next(store: MadeStore, place: LakePath) -> None:
    lock = StoreLock(place)
    assert lock.acquire(0)
    lock.require()
    lock.release()
    assert store.timeouts_s == [LEASE_S / RENEWALS] * 4


def test_a_renewal_whose_answer_was_lost_loses_no_lock(store: MadeStore, place: LakePath) -> None:
    lock = StoreLock(place)
    assert lock.acquire(0)
    store.losing = 1
    with pytest.raises(StoreSilent):
        lock.require()
    lock.require()
    store.losing = 1
    with pytest.raises(StoreSilent):
        lock.require()
    lock.release()
    assert not lock.is_held(), "given back by the ETag that the lost answer would have told"


def test_who_took_it_over_has_it_whatever_answers_were_lost(store: MadeStore, place: LakePath) -> None:
    first, second = StoreLock(place), StoreLock(place)
    assert first.acquire(0)
    assert not second.acquire(0)
    store.losing = 1
    with pytest.raises(StoreSilent):
        first.require()
    store.now_s += LEASE_S + 1
    assert second.acquire(0)
    with pytest.raises(LockLost):
        first.require()
    second.require()
    first.release()
    second.require()
    second.release()


@pytest.mark.parametrize("trouble", [{"silent": 2}, {"status": [503, 500]}, {"losing": 1}], ids=str)
def test_a_store_that_is_silent_for_a_while_is_waited_for(
    trouble: dict[str, object], store: MadeStore, place: LakePath
) -> None:
    for name, value in trouble.items():
        setattr(store, name, value)
    lock = StoreLock(place)
    assert lock.acquire(PATIENCE_S)
    lock.require()
    lock.release()


def test_a_store_that_stays_silent_is_said(store: MadeStore, place: LakePath) -> None:
    store.silent = 10**6
    with pytest.raises(StoreSilent, match="does not answer"):
        StoreLock(place).acquire(0.05)
    store.silent, store.status = 0, [403]
    with pytest.raises(HostError, match=r"one\.lock cannot be read: the store answers 403; check the rights"):
        StoreLock(place).acquire(PATIENCE_S)


def test_a_lock_that_cannot_be_given_back_hides_nothing(
    store: MadeStore, place: LakePath, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), locked(place, 0) as lock:
        store.silent = 1
    assert "one.lock is free once its lease is over, not yet: the made store does not answer" in caplog.text
    writes = store.writes
    assert lock.acquire(0)
    assert store.writes == writes + 1, "taken again, not thought to be held still"
    lock.release()


def test_who_is_refused_again_and_again_waits_between(
    store: MadeStore, place: LakePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    store.status = [404, 412]
    assert not StoreLock(place).acquire(0)
    assert slept == []
    store.status = [404, 412, 404, 409, 404, 412, 404, 403]
    with pytest.raises(HostError, match=r"one\.lock cannot be written: the store answers 403; check the rights"):
        StoreLock(place).acquire(PATIENCE_S)
    assert slept == [object_store.POLL_S] * 3


@pytest.mark.parametrize("name", ["date", "last-modified", "etag"])
def test_an_answer_that_lacks_a_header_is_one_sentence(name: str, store: MadeStore, place: LakePath) -> None:
    lock = StoreLock(place)
    assert lock.acquire(0)
    store.without = name
    with pytest.raises(HostError, match=f"without the header {name}"):
        lock.is_held()
    store.without = ""
    lock.release()


@pytest.mark.parametrize("ahead_s", [-40.0, 40.0])
def test_a_store_of_two_clocks_is_refused(ahead_s: float, store: MadeStore, place: LakePath) -> None:
    require_conditions(place)
    store.proxy_s = ahead_s
    with pytest.raises(HostError, match=rf"is {ahead_s:.0f} s old .*two holders; set the clocks"):
        require_conditions(place)
    assert store.kept == {}


def test_no_place_in_a_store(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="is no place in an object store"):
        StoreLock(tmp_path / "one.lock")
