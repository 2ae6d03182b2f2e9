"""Locks in an object store keep the promises of locks on a disk: one holder, and a dead one keeps nothing for long."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from fink_lib.errors import ConfigError, HostError, LockHeld, LockLost
from fink_lib.locks import lock_at, locked, object_store
from fink_lib.locks.object_store import StoreLock
from fink_lib.storage import LakePath, Store
from fink_lib.storage.paths import in_store
from tests.builders import object_store as stores

HOLDER = """
import sys
from fink_lib.locks import object_store
from fink_lib.storage import Store
from fink_lib.storage.paths import in_store
object_store.POLL_S = 0.1
lock = object_store.StoreLock(in_store(sys.argv[1], Store(sys.argv[2])), float(sys.argv[3]))
print(lock.acquire(float(sys.argv[4])), flush=True)
for order in sys.stdin:
    if order == "require\\n":
        try:
            lock.require()
            print("held", flush=True)
        except Exception as error:
            print(type(error).__name__, flush=True)
    else:
        lock.release()
        print("released", flush=True)
"""
COUNTER = """
import sys
from fink_lib.locks import locked, object_store
from fink_lib.storage import Store
from fink_lib.storage.paths import in_store
object_store.POLL_S = 0.01
place = in_store(sys.argv[1], Store(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    with locked(place.parent / "one.lock"):
        place.write_text(str(int(place.read_text()) + 1))
"""
LEASE_S, LONG_LEASE_S = 3.0, 600.0
PATIENCE_S = 120.0  # how slow a machine may be
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with stores.object_store() as url:
        yield url


@pytest.fixture
def place(address: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> LakePath:
    for name, value in stores.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(object_store, "POLL_S", 0.1)
    return in_store(f"s3://{stores.BUCKET}/{request.node.name.partition('[')[0]}/one.lock", Store(address))


@pytest.fixture
def start(place: LakePath, address: str) -> Iterator[Start]:
    """Starts processes that take the lock, or say that they cannot."""
    started: list[subprocess.Popen[str]] = []

    def begin(patience_s: float = 0.0, code: str = HOLDER, *more: str, at: LakePath = place) -> "subprocess.Popen[str]":
        words = [sys.executable, "-c", code, str(at), address, *(more or (str(LEASE_S), str(patience_s)))]
        started.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for process in started:
        with process:
            process.kill()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: "subprocess.Popen[str]", order: str) -> str:
    assert process.stdin is not None
    process.stdin.write(order + "\n")
    process.stdin.flush()
    return said(process)


def test_of_several_processes_one_has_it(place: LakePath, start: Start) -> None:
    first = start()
    assert said(first) == "True"
    others = [start(), start()]
    assert [said(one) for one in others] == ["False", "False"]
    time.sleep(2 * LEASE_S)  # renewed meanwhile
    lock = lock_at(place)
    assert isinstance(lock, StoreLock)
    assert lock.is_held()
    with pytest.raises(LockHeld, match=r"another process holds s3://lake/.*one\.lock"), locked(place, 0.1):
        pytest.fail("held twice")
    assert tell(first, "require") == "held"
    assert tell(first, "release") == "released"
    assert not lock.is_held()
    assert said(start()) == "True"


def test_a_killed_holder_loses_it_once_its_lease_is_over(place: LakePath, start: Start) -> None:
    for lease_s in (LONG_LEASE_S, LEASE_S):
        at = place.with_name(f"{lease_s:g}.lock")
        first = start(0.0, HOLDER, str(lease_s), "0", at=at)
        assert said(first) == "True"
        first.kill()
        first.wait()
        if lease_s == LONG_LEASE_S:
            assert lock_at(at).is_held(), "not before its lease is over"
    second = start(PATIENCE_S, at=at)
    assert said(second) == "True"
    assert tell(second, "require") == "held"


def test_a_holder_that_slept_is_told_that_it_lost_it(place: LakePath, start: Start) -> None:
    first = start()
    assert said(first) == "True"
    os.kill(first.pid, signal.SIGSTOP)
    second = start(PATIENCE_S)
    assert said(second) == "True"
    os.kill(first.pid, signal.SIGCONT)
    assert tell(first, "require") == "LockLost"
    assert tell(first, "release") == "released"
    assert tell(second, "require") == "held", "who lost it cannot give it back"


def test_what_is_done_under_it_is_done_one_after_the_other(place: LakePath, start: Start) -> None:
    counter = place.with_name("counter")
    counter.write_text("0")
    workers, rounds = 3, 8
    words = [sys.executable, "-c", COUNTER, str(counter), str(place.storage_options["endpoint"]), str(rounds)]  # type: ignore[union-attr]
    running = [subprocess.Popen(words) for _ in range(workers)]
    assert [one.wait(PATIENCE_S) for one in running] == [0] * workers
    assert counter.read_text() == str(workers * rounds)


@pytest.mark.parametrize("left", [b"", b"{", b"\x00" * 4096, b"somebody else\n", b'{"held": true}', b"[1]"])
def test_what_somebody_else_put_there_is_of_no_weight(left: bytes, place: LakePath) -> None:
    place.write_bytes(left)
    lock = lock_at(place)
    assert not lock.is_held()
    assert lock.acquire(0)
    assert lock.acquire(0), "what one has one may take again"
    assert lock.is_held()
    lock.release()
    assert not lock.is_held()


def test_who_finds_it_removed_or_overwritten_has_lost_it(place: LakePath) -> None:
    first, second = lock_at(place), lock_at(place)
    assert first.acquire(0)
    assert not second.acquire(0)
    place.unlink()
    with pytest.raises(LockLost, match="not held any more: begin again"):
        first.require()
    assert second.acquire(0)
    place.write_bytes(b"somebody else")
    with pytest.raises(LockLost):
        second.require()
    first.release()
    second.release()


def test_a_store_that_cannot_be_used_is_one_sentence(place: LakePath, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = in_store("s3://no-such-bucket/one.lock", Store(place.storage_options["endpoint"]))  # type: ignore[union-attr]
    with pytest.raises(HostError, match=r"s3://no-such-bucket/one\.lock cannot be written: the store answers 404"):
        lock_at(missing).acquire(0)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(HostError, match="set AWS_ACCESS_KEY_ID"):
        lock_at(place).acquire(0)


def test_a_bare_address_has_no_store() -> None:
    with pytest.raises(ConfigError, match="below FINK_LAKE_URL"):
        lock_at("s3://lake/one.lock")
