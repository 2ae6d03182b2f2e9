"""Locks: one holder at a time, whoever it is; a dead one keeps nothing; what the file holds is of no weight."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fink_lib.errors import ConfigError, LockHeld, LockLost
from fink_lib.locks import lock_at, locked
from fink_lib.locks.local import LocalLock

HOLDER = """
import sys
from fink_lib.locks import lock_at
lock = lock_at(sys.argv[1])
print(lock.acquire(float(sys.argv[2])), flush=True)
sys.stdin.readline()
lock.release()
print("released", flush=True)
sys.stdin.readline()
"""
PATIENCE_S = 120.0  # how slow a machine may be
Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "new" / "one.lock"


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """Starts processes that take the lock at once, or say that they cannot."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> "subprocess.Popen[str]":
        words = [sys.executable, "-c", HOLDER, str(place), "0"]
        started.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for process in started:
        with process:
            process.kill()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_of_two_processes_one_has_it(place: Path, start: Start) -> None:
    first = start()
    assert said(first) == "True"
    assert said(start()) == "False"
    assert lock_at(place).is_held()
    assert not lock_at(place).acquire(patience_s=0)
    with (
        pytest.raises(LockHeld, match=r"another process holds .*one\.lock, since more than 0\.1 s"),
        locked(place, 0.1),
    ):
        pytest.fail("held twice")
    tell(first)
    assert said(first) == "released"
    assert said(start()) == "True"


def test_a_dead_holder_keeps_nothing(place: Path, start: Start) -> None:
    first = start()
    assert said(first) == "True"
    waiting, taken = lock_at(place), threading.Event()

    def take() -> None:
        waiting.acquire()
        taken.set()

    thread = threading.Thread(target=take)
    thread.start()
    assert not taken.wait(0.2)
    first.kill()
    assert taken.wait(PATIENCE_S)
    thread.join()
    waiting.require()
    waiting.release()


@pytest.mark.parametrize("left", [b"", b"{", b"\x00" * 4096, b"somebody else\n"])
def test_what_the_file_holds_is_of_no_weight(left: bytes, place: Path, start: Start) -> None:
    place.parent.mkdir()
    place.write_bytes(left)
    assert not lock_at(place).is_held()
    assert said(start()) == "True"
    place.write_bytes(left)
    assert lock_at(place).is_held()
    assert place.read_bytes() == left


def test_of_two_holders_in_one_process_one_has_it(place: Path) -> None:
    first, second = lock_at(place), lock_at(place)
    assert first.acquire(0)
    assert first.acquire(0), "what one has one may take again"
    assert not second.acquire(0)
    second.release()
    assert second.is_held(), "who does not hold it cannot give it back"
    first.release()
    assert second.acquire(0)
    second.release()
    assert not first.is_held()


def test_a_body_that_raises_gives_it_back(place: Path) -> None:
    with pytest.raises(ValueError, match="inside"), locked(place):
        raise ValueError("inside")
    with locked(place, 0) as lock:
        lock.require()
    with pytest.raises(LockLost, match="not held any more"):
        lock.require()


def test_a_fork_that_lives_on_keeps_nothing(place: Path) -> None:
    """A child that was forked while the lock was held has the same file open."""
    lock = LocalLock(place)
    assert lock.acquire(0)
    copy = os.dup(vars(lock)["_handle"])
    lock.release()
    assert not lock_at(place).is_held()
    os.close(copy)


def test_a_file_that_somebody_removed(place: Path) -> None:
    lock = lock_at(place)
    assert lock.acquire(0)
    place.unlink()
    with pytest.raises(LockLost, match="begin again"):
        lock.require()
    with locked(place, 0) as other:
        other.require()
    lock.release()


@pytest.mark.parametrize("place", ["s3://lake/one.lock", "s3:/lake/one.lock", Path("gs://lake/one.lock")])
def test_a_place_without_a_form_of_lock(place: str | Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no lock can lie at (s3|gs):.*: there are locks in a folder, and below FINK_LAKE_URL"
    ):
        lock_at(place)
