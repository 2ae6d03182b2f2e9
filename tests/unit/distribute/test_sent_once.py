"""A task that Spark runs again sends nothing: nobody knows what its first run sent."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fink_lib.distribute import tasks
from fink_lib.distribute.tasks import _portable, _send
from fink_lib.errors import BrokerError


def test_a_task_that_is_run_again_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.TaskContext, "get", lambda: SimpleNamespace(attemptNumber=lambda: 1))
    with pytest.raises(RuntimeError, match="not done again"):
        _send(cast("Any", (None, None)))


def test_an_error_that_cannot_travel_is_told() -> None:
    class OfTwo(Exception):
        def __init__(self, one: str, two: str) -> None:
            super().__init__(f"{one} {two}")

    assert isinstance(_portable(BrokerError("x")), BrokerError)
    told = _portable(OfTwo("no", "way"))
    assert isinstance(told, RuntimeError)
    assert "no way" in str(told)
    assert _portable(None) is None
