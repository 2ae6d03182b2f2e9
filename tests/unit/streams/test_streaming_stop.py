import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fink_lib.streams.stop import Gate, GateClosed, PlanOutdated, StopRequest, ask_to_stop


@pytest.fixture
def handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_a_marker_asks_and_is_removed_when_obeyed(tmp_path: Path) -> None:
    marker = tmp_path / "stream" / "stop"
    request = StopRequest(marker, time.time())
    assert request.reason is None
    ask_to_stop(marker)
    assert request.reason == "stop marker"
    request.done()
    assert not marker.exists()


def test_a_marker_of_an_earlier_driver_is_forgotten(tmp_path: Path) -> None:
    marker = tmp_path / "stop"
    ask_to_stop(marker)
    assert StopRequest(marker, time.time() + 1).reason is None
    ask_to_stop(marker)
    assert StopRequest(marker, time.time() - 60).reason == "stop marker"


def test_sigterm_asks_and_does_not_interrupt(tmp_path: Path, handlers: None) -> None:
    request = StopRequest(tmp_path / "stop", time.time())
    request.listen()
    os.kill(os.getpid(), signal.SIGTERM)
    assert request.reason == "SIGTERM"


def test_a_closed_gate_begins_no_batch() -> None:
    written: list[int] = []
    gate: Gate[str] = Gate(lambda _frame, batch_id: written.append(batch_id))
    gate("rows", 1)
    gate.close()
    with pytest.raises(GateClosed, match="batch 2"):
        gate("rows", 2)
    assert written == [1]
    assert gate.has_refused


def test_a_gate_remembers_that_a_batch_wants_another_plan() -> None:
    def work(_frame: str, batch_id: int) -> None:
        if batch_id:
            raise PlanOutdated("a filter was switched off")

    gate: Gate[str] = Gate(work)
    gate("rows", 0)
    assert not gate.wants_plan
    with pytest.raises(PlanOutdated):
        gate("rows", 1)
    assert gate.wants_plan


def test_a_gate_knows_whether_a_batch_went_all_the_way() -> None:
    def work(_frame: str, batch_id: int) -> None:
        if batch_id:
            raise OSError("the disk is gone")

    gate: Gate[str] = Gate(work)
    assert not gate.has_done
    gate("rows", 0)
    assert gate.has_done
    failing: Gate[str] = Gate(work)
    with pytest.raises(OSError, match="gone"):
        failing("rows", 1)
    assert not failing.has_done
