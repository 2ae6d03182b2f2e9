"""A batch done in halves: the guilty alerts stand alone, whatever the driver dies of, and nobody is blamed wrongly."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from fink_lib.errors import BrokerError, LakeError
from fink_lib.streams.attempts import FILE, Attempts, Tried
from fink_lib.streams.guard import ATTEMPTS, Guard, Parts
from fink_lib.streams.halves import MOST_BLAMED, Blamed, Halves
from fink_lib.streams.stop import PlanOutdated

FRAME: Any = None


class Killed(BaseException):
    """The driver's process is gone."""


@dataclass
class Stream:
    """Alerts of one batch, tables that hold what was written, and a driver that may die at any call."""

    checkpoint: Path
    alerts: Sequence[int]
    guilty: frozenset[int] = frozenset()
    idle: frozenset[int] = frozenset()  # alerts that do not go all the way: rejected, not selected
    error: Exception = field(default_factory=lambda: ValueError("cannot be read"))
    dies_at: int = -1
    calls: int = 0
    written: list[int] = field(default_factory=list)
    aside: dict[int, str] = field(default_factory=dict)

    def guard(self) -> Guard[int]:
        spec = cast("Any", SimpleNamespace(name="ztf.test", checkpoint=self.checkpoint))
        return Guard(spec, lambda _frame, _id: self._whole(), lambda _frame, _id: self._parts())

    def _live(self) -> None:
        self.calls += 1
        if self.calls == self.dies_at:
            raise Killed

    def _whole(self) -> None:
        self.do(self.alerts)

    def _parts(self) -> Parts[int]:
        left = [one for one in self.alerts if one not in self.written and one not in self.aside]
        return Parts(left, self.do, self.set_aside, lambda one: (one,), before=len(set(self.written) - self.idle))

    def do(self, alerts: Sequence[int]) -> int:
        self._live()
        new = [one for one in alerts if one not in self.written and one not in self.aside]
        if self.guilty.intersection(new):
            raise self.error
        self.written += new
        self._live()
        return len(set(new) - self.idle)

    def set_aside(self, blamed: Sequence[Blamed[int]]) -> None:
        self._live()
        self.aside |= {one.item: str(one.error) for one in blamed}
        self._live()

    def drive(self, batch_id: int = 0, drivers: int = 20) -> int:
        """Start drivers until the batch is done; return how many it took."""
        for number in range(1, drivers + 1):
            try:
                self.guard()(FRAME, batch_id)
            except (Exception, Killed) as error:  # noqa: BLE001 - a driver ends however it does
                last = error
            else:
                return number
        raise last


def test_of_a_batch_that_passes_it_is_noted_that_it_was_begun(tmp_path: Path) -> None:
    stream = Stream(tmp_path, range(8))
    assert stream.drive() == 1
    assert (stream.written, stream.aside) == (list(range(8)), {})
    assert Attempts(tmp_path).of(0) == Tried(0, at_work=True)
    assert Attempts(tmp_path).of(1) == Tried(1)


def test_one_alert_is_found_with_few_tries_and_the_others_go_on(tmp_path: Path) -> None:
    stream = Stream(tmp_path, range(1024), frozenset({700}))
    assert stream.drive() == ATTEMPTS
    assert stream.aside == {700: "cannot be read"}
    assert stream.written == [one for one in range(1024) if one != 700]
    assert stream.calls <= ATTEMPTS + 2 * (2 * math.log2(1024) + 4)


@profile(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(2, 40), data=st.data())
def test_a_driver_that_dies_at_any_moment_comes_to_the_same_decision(
    size: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    alerts = range(size)
    guilty = data.draw(st.frozensets(st.sampled_from(alerts), min_size=1, max_size=min(MOST_BLAMED, size - 1)))
    undisturbed = Stream(tmp_path_factory.mktemp("calm"), alerts, guilty)
    assert undisturbed.drive() == ATTEMPTS
    assert set(undisturbed.aside) == guilty
    moment = data.draw(st.integers(1, undisturbed.calls))
    killed = Stream(tmp_path_factory.mktemp("killed"), alerts, guilty, dies_at=moment)
    killed.drive()
    assert (sorted(killed.written), killed.aside) == (sorted(undisturbed.written), undisturbed.aside)
    assert len(set(killed.written)) == len(killed.written)


@pytest.mark.parametrize("size", [2, 7, 300])
def test_where_all_fail_nobody_is_blamed_and_the_error_ends_the_driver(size: int, tmp_path: Path) -> None:
    stream = Stream(tmp_path, range(size), frozenset(range(size)))
    with pytest.raises(ValueError, match="cannot be read"):
        stream.drive(drivers=5)
    assert (stream.written, stream.aside) == ([], {})
    assert stream.calls < 5 * 6 * MOST_BLAMED, "it is not tried with thousands one by one"


def test_alerts_that_do_not_go_all_the_way_prove_nothing(tmp_path: Path) -> None:
    stream = Stream(tmp_path, range(8), frozenset({1, 2, 3}), idle=frozenset({0, 4, 5, 6, 7}))
    with pytest.raises(ValueError, match="cannot be read"):
        stream.drive(drivers=5)
    assert stream.aside == {}


def test_too_many_are_the_codes_fault(tmp_path: Path) -> None:
    stream = Stream(tmp_path, range(100), frozenset(range(0, 2 * MOST_BLAMED + 2, 2)))
    with pytest.raises(ValueError, match="cannot be read"):
        stream.drive(drivers=5)
    assert stream.aside == {}


def test_an_alert_alone_in_its_batch_is_blamed_but_not_one_in_each_batch(tmp_path: Path) -> None:
    first, second = (Stream(tmp_path, [number], frozenset({number})) for number in (5, 6))
    assert first.drive(batch_id=3) == ATTEMPTS
    assert first.aside == {5: "cannot be read"}
    with pytest.raises(ValueError, match="cannot be read"):
        second.drive(batch_id=4)
    assert second.aside == {}
    later = Stream(tmp_path, [9], frozenset({9}))
    later.drive(batch_id=8)
    assert list(later.aside) == [9], "batches between went through"


@pytest.mark.parametrize("error", [BrokerError("away"), LakeError("a table is missing"), OSError(28, "No space left")])
def test_an_error_with_a_known_cause_is_no_alerts_fault(error: Exception, tmp_path: Path) -> None:
    error = OSError(28, "No space left on device") if isinstance(error, OSError) else error
    stream = Stream(tmp_path, range(8), frozenset({3}), error=error)
    with pytest.raises(type(error)):
        stream.drive(drivers=6)
    assert (stream.calls, stream.aside) == (6, {}), "each driver tried once and ended"
    assert Attempts(tmp_path).of(0) == Tried(0), "nothing is held against the batch"


def test_a_trouble_that_comes_amid_the_search_ends_it(tmp_path: Path) -> None:
    def away(_items: Sequence[int]) -> int:
        raise BrokerError("away")

    halves: Halves[int] = Halves(away, lambda error: not isinstance(error, BrokerError), lambda: None)
    with pytest.raises(BrokerError):
        halves.search(range(4))
    assert halves.blamed == []


def test_a_plan_that_is_outdated_is_no_failure(tmp_path: Path) -> None:
    stream = Stream(tmp_path, range(4), frozenset({1}), error=PlanOutdated("a filter was switched off"))
    with pytest.raises(PlanOutdated):
        stream.drive(drivers=6)
    assert Attempts(tmp_path).of(0) == Tried(0), "nothing is held against the batch"


def test_a_file_that_was_damaged_counts_from_the_beginning(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"batch_id": 3, "fai')
    attempts = Attempts(tmp_path)
    assert [attempts.failed(3, "why") for _ in range(2)] == [1, 2]
    assert Attempts(tmp_path).of(3).failed == 2
    assert Attempts(tmp_path).of(4).failed == 0
