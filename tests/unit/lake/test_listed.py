"""A log that is listed while others add to it: an entry that the listing passed over is no damage."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from fink_lib.config import PROJECT_DIR
from fink_lib.lake import delta
from fink_lib.lake.delta import delta_table, renew

LATER_S = 0.2


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table whose log shows entries 0 and 2, as a listing may that began before there was a 1."""
    write_deltalake(tmp_path / "table", pa.table({"a": [1]}))
    put(tmp_path / "table", 2)
    return tmp_path / "table"


def put(table: Path, version: int) -> None:
    entry = json.dumps({"commitInfo": {"timestamp": 1, "operation": "WRITE"}})
    (table / "_delta_log" / f"{version:020}.json").write_text(entry + "\n")


def newest_by_opening(table: Path) -> int:
    return int(delta_table(table).version())


def newest_by_renewing(table: Path) -> int:
    opened = delta_table(table, 0)
    renew(opened)
    return int(opened.version())


@pytest.mark.parametrize("newest", [newest_by_opening, newest_by_renewing])
def test_a_passed_over_entry_is_looked_for_again(table: Path, newest: Callable[[Path], int]) -> None:
    with pytest.raises(DeltaError, match=delta.GAP):
        DeltaTable(table)
    later = threading.Timer(LATER_S, put, (table, 1))
    later.start()
    try:
        assert newest(table) == 2
    finally:
        later.join()


def test_an_entry_that_stays_missing_is_damage(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta, "AGAIN_S", 0.01)
    with pytest.raises(DeltaError, match=delta.GAP):
        delta_table(table)


def test_whoever_lists_a_log_looks_again() -> None:
    """All tables are opened and renewed by `fink_lib.lake.delta`; benches measure delta-rs itself."""
    library = PROJECT_DIR / "fink_lib"
    kept = {library / "lake" / "delta.py", *(library / "bench").glob("*.py"), *library.rglob("spark/*.py")}
    others = [path for path in library.rglob("*.py") if path not in kept]
    assert [
        path.name for path in others if ".update_incremental(" in (text := path.read_text()) or " DeltaTable(" in text
    ] == []
