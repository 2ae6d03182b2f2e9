"""Who asked long ago is forgotten, whatever they were sent then."""

import pytest

from fink_lib.accounts import limits
from fink_lib.accounts.limits import DAY_S, Limits


def test_bytes_of_an_earlier_day_keep_nobody_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KNOWN", 3)
    now = [0.0]
    counted = Limits(10, 100, lambda: now[0])
    for who in ("a", "b", "c"):
        counted.ask(who)
        counted.sent(who, 100)
    now[0] = DAY_S
    assert counted.ask("d").requests == 9
    assert set(counted._used) == {"d"}


def test_bytes_of_today_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KNOWN", 1)
    now = [0.0]
    counted = Limits(10, 100, lambda: now[0])
    counted.ask("a")
    counted.sent("a", 100)
    now[0] = 3600.0
    counted.ask("b")
    assert counted.ask("a").sent == 0
