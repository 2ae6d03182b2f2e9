"""Work is dealt out so that workers end together and make once what they share; lines of unit tests are noted."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fink_lib.config import PROJECT_DIR
from tests.running.measured import WANTED, WORKER, Lines, begun
from tests.running.scheduling import known_seconds, longest_first, renewed, scheduler

E2E = "tests/e2e/test_night.py"
RELEASES = ("tests/releases/test_home_of_v0_1_0.py", "tests/releases/test_tables_of_v0_1_0.py")


def item(nodeid: str) -> Any:
    return SimpleNamespace(nodeid=nodeid)


def test_the_longest_file_comes_first_and_a_story_stays_in_its_order() -> None:
    names = ["tests/a.py::one", "tests/b.py::two", "tests/b.py::one", "tests/c.py::one"]
    items = [*map(item, names), *(item(f"{name}::one") for name in RELEASES)]
    seconds = {"tests/b.py": 90, "tests/c.py": 30, RELEASES[0]: 60, RELEASES[1]: 40}
    assert [one.nodeid for one in longest_first(items, seconds)] == [
        *(f"{name}::one" for name in RELEASES),
        *("tests/b.py::two", "tests/b.py::one", "tests/c.py::one", "tests/a.py::one"),
    ]


def test_each_file_is_one_piece_of_work_but_for_those_that_share(pytestconfig: pytest.Config) -> None:
    config = SimpleNamespace(getvalue=lambda _: ["1*popen"], option=pytestconfig.option)
    files = scheduler(config, None)  # type: ignore[arg-type]  # it asks for workers alone
    assert {files._split_scope(f"{name}::one") for name in RELEASES} == {"tests/releases"}
    assert files._split_scope("tests/unit/test_layers.py::one[a::b]") == "tests/unit/test_layers.py"


def test_every_file_whose_time_is_known_is_there() -> None:
    assert [name for name in known_seconds() if not (PROJECT_DIR / name).is_file()] == []


def test_times_are_those_of_the_last_run_and_of_files_that_are_there(tmp_path: Path) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).touch()
    found = renewed({"a.py": 5, "gone.py": 9}, {"b.py": 7.6, "c.py": 0.4}, tmp_path)
    assert list(found.items()) == [("b.py", 8), ("a.py", 5)]


def test_lines_are_noted_while_tests_are_collected_and_unit_tests_run() -> None:
    told: list[str] = []
    names = ("start", "stop", "save")
    noted = Lines(SimpleNamespace(**{name: lambda name=name: told.append(name) for name in names}))  # type: ignore[arg-type]
    for nodeid in ("tests/unit/test_a.py::a", f"{E2E}::a", f"{E2E}::b", "tests/unit/test_b.py::a"):
        noted.pytest_runtest_logstart(nodeid)
    assert told == ["stop", "start"]
    noted.pytest_sessionfinish()
    assert told[2:] == ["stop", "save"]


@pytest.mark.parametrize("missing", [WANTED, WORKER])
def test_nobody_who_does_not_ask_pays_for_it(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (WANTED, WORKER):
        monkeypatch.setenv(name, "gw0")
    monkeypatch.delenv(missing)
    assert begun() is None
