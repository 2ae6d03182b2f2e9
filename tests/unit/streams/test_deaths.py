"""A driver that dies at an alert without an exception, as a real process: the alert is found, the others go on once."""

import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fink_lib.streams.attempts import Attempts
from fink_lib.streams.deaths import DEATHS_ALONE, KILLED, WAYS
from fink_lib.streams.guard import ATTEMPTS, Guard, Parts
from fink_lib.streams.halves import Blamed

OUT_OF_MEMORY, RAISED = 137, 1
FRAME: Any = None


@dataclass(frozen=True)
class Stream:
    """Alerts of a batch, files that hold what was written and set aside, and drivers that are processes.

    Attributes
    ----------
    folder
        Of the files; the checkpoint is in it.
    alerts
        The batch.
    killers
        Alerts at which the process ends.
    raising
        Alerts that raise.
    idle
        Whether no alert goes all the way.
    """

    folder: Path
    alerts: Sequence[int]
    killers: frozenset[int] = frozenset()
    raising: frozenset[int] = frozenset()
    idle: bool = False

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    @property
    def written(self) -> list[int]:
        return [int(line) for line in self.lines("written")]

    @property
    def aside(self) -> dict[int, str]:
        return {int(number): why for number, _, why in (line.partition(" ") for line in self.lines("aside"))}

    @property
    def attempts(self) -> Attempts:
        return Attempts(self.folder)

    def do(self, alerts: Sequence[int]) -> int:
        new = [one for one in alerts if one not in {*self.written, *self.aside}]
        for one in new:
            if one in self.killers:
                os._exit(OUT_OF_MEMORY)
            if one in self.raising:
                raise ValueError("cannot be read")
        with (self.folder / "written").open("a") as file:
            file.writelines(f"{one}\n" for one in new)
        return 0 if self.idle else len(new)

    def set_aside(self, blamed: Sequence[Blamed[int]]) -> None:
        with (self.folder / "aside").open("a") as file:
            file.writelines(f"{one.item} {one.error}\n" for one in blamed)

    def drive(self, batch_id: int) -> None:
        spec = cast("Any", SimpleNamespace(name="ztf.test", checkpoint=self.folder))
        parts = Parts(self.alerts, self.do, self.set_aside, key=lambda one: ("topic", 0, one))
        try:
            Guard(spec, lambda _frame, _id: cast("None", self.do(self.alerts)), lambda *_: parts)(FRAME, batch_id)
        except BaseException:  # noqa: BLE001 - a driver ends however it does
            os._exit(RAISED)
        os._exit(0)

    def drivers(self, at_most: int, batch_id: int = 0) -> list[int]:
        """Start drivers until one is done with the batch; return the exit codes of all."""
        codes: list[int] = []
        while len(codes) < at_most and (not codes or codes[-1] != 0):
            child = multiprocessing.get_context("fork").Process(target=self.drive, args=(batch_id,))
            child.start()
            child.join(30)
            codes.append(cast("int", child.exitcode))
            child.close()
        return codes


def test_the_alert_that_kills_drivers_is_found_and_all_others_are_written_once(tmp_path: Path) -> None:
    stream = Stream(tmp_path, range(500), frozenset({317}))
    codes = stream.drivers(at_most=20)
    # 500 alerts are cut into eighths: parts of 63, 8 and 1
    assert codes == [OUT_OF_MEMORY] * (ATTEMPTS + 2 + DEATHS_ALONE) + [0]
    assert stream.aside == {317: KILLED}
    assert sorted(stream.written) == [one for one in range(500) if one != 317]
    assert replace(stream, killers=frozenset()).drivers(at_most=1, batch_id=1) == [0], "the next batch is done as ever"


@pytest.mark.parametrize("killers", [{0}, {39}, {3, 4}, {1, 17, 38}])
def test_wherever_they_stand_and_however_many_they_are(killers: set[int], tmp_path: Path) -> None:
    stream = Stream(tmp_path, range(40), frozenset(killers))
    stream.drivers(at_most=40)
    assert stream.aside == dict.fromkeys(sorted(killers), KILLED)
    assert sorted(stream.written) == [one for one in range(40) if one not in killers]


def test_a_batch_of_one_alert_is_set_aside(tmp_path: Path) -> None:
    stream = Stream(tmp_path, [7], frozenset({7}))
    stream.drivers(at_most=10)
    assert (list(stream.aside), stream.written) == ([7], [])


def test_one_that_kills_and_one_that_raises_are_both_found(tmp_path: Path) -> None:
    stream = Stream(tmp_path, range(30), frozenset({20}), frozenset({5, 25}))
    stream.drivers(at_most=40)
    assert stream.aside == {5: "cannot be read", 20: KILLED, 25: "cannot be read"}
    assert sorted(stream.written) == [one for one in range(30) if one not in {5, 20, 25}]


def test_where_drivers_die_at_whatever_they_do_nobody_is_blamed(tmp_path: Path) -> None:
    stream = Stream(tmp_path, range(20), frozenset(range(20)))
    codes = stream.drivers(at_most=40)
    first_error = codes.index(RAISED)
    assert first_error <= ATTEMPTS + 2 * DEATHS_ALONE + 2
    assert (stream.aside, stream.written) == ({}, [])


def test_drivers_that_were_killed_by_somebody_else_blame_nobody(tmp_path: Path) -> None:
    """The machine was restarted three times while the batch was at work."""
    stream = Stream(tmp_path, range(50))
    for _ in range(ATTEMPTS + 1):
        stream.attempts.begin(0)
    assert stream.attempts.of(0).deaths == ATTEMPTS
    assert stream.drivers(at_most=1) == [0]
    assert (sorted(stream.written), stream.aside) == (list(range(50)), {})


def test_an_error_of_another_kind_is_no_death(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path)
    for _ in range(5):
        assert attempts.begin(3).deaths == 0
        attempts.end(3)
    assert attempts.begin(4).deaths == 0
    assert attempts.begin(4).deaths == 1
    attempts.begin_part(4, ("t", 0, 1), ("t", 0, 1))
    assert attempts.begin(4).deaths_alone == 1
    assert Attempts(tmp_path).of(4).part == (("t", 0, 1), ("t", 0, 1))
    assert WAYS > 1
