"""What a driver does beside its batches may take minutes: the run loop goes on meanwhile."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fink_lib.streams import loop
from fink_lib.streams.beside import Beside
from fink_lib.streams.stop import PlanOutdated

A_MINUTE = 60.0


def test_the_loop_beats_and_obeys_while_it_waits_for_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for `Distributor.send_beside`, which waits for the micro-batch that is at work."""
    batch_ends, waits, ticks = threading.Event(), threading.Event(), list[bool]()

    def work() -> None:
        waits.set()
        assert batch_ends.wait(A_MINUTE)

    class Recorder:
        def state(self, _state: object) -> None:
            pass

        def tick(self, *, trigger_active: bool) -> None:
            assert waits.wait(A_MINUTE)
            ticks.append(trigger_active)

    stop = SimpleNamespace(reason=None)

    def has_ended(*_: object) -> bool:
        stop.reason = "SIGTERM" if len(ticks) == 3 else None
        return False

    monkeypatch.setattr(loop, "_has_ended", has_ended)
    query = SimpleNamespace(status={"isTriggerActive": True})
    with Beside(work) as beside:
        plan = SimpleNamespace(beside=beside.look, outdated=lambda: False)
        supervise = cast("Callable[..., str]", loop._supervise)
        assert supervise(query, None, stop, Recorder(), plan) == "SIGTERM"
        assert ticks[:3] == [True] * 3
        assert not beside.end(0.0), "it is still at work"
        batch_ends.set()
        assert beside.end(A_MINUTE)


def test_what_it_raises_reaches_the_loop_and_nothing_more_is_begun() -> None:
    times: list[int] = []

    def work() -> None:
        times.append(1)
        if len(times) == 3:
            raise PlanOutdated("made anew")

    with Beside(work, pause_s=0.0) as beside:
        beside._thread.join(A_MINUTE)
        with pytest.raises(PlanOutdated, match="made anew"):
            beside.look()
        assert loop._is_outdated_beside(cast("Any", SimpleNamespace(beside=beside.look)))
    assert len(times) == 3


def test_it_is_waited_for_at_the_end() -> None:
    began, meant, ended = threading.Event(), threading.Event(), list[str]()

    def work() -> None:
        began.set()
        assert meant.wait(A_MINUTE)
        ended.append("done")

    with Beside(work) as beside:
        beside.look()
        assert began.wait(A_MINUTE)
        assert beside.end(A_MINUTE, meanwhile=meant.set)
    assert ended == ["done"], "what was at work is finished, and nothing else begun"
