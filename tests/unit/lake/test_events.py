"""An event is appended once; a commit that failed is no event that was written."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from deltalake.exceptions import CommitFailedError

from fink_lib.lake import events
from fink_lib.lake.events import append_event
from fink_lib.lake.small import TRIES, read_rows
from fink_lib.lake.tables.spec import TableSpec

SPEC = TableSpec(
    layer="gold",
    survey="",
    name="happened",
    schema=pa.schema([("what", pa.string())]),
    key=("what",),
    comment="What happened.",
    written_by="a test",
    partitioned_by=(),
)
WRITERS = 6


def rows(lake: Path) -> list[str]:
    return sorted(row["what"] for row in read_rows(SPEC, lake))


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PAUSE_S", 0.0)


def test_an_event_is_appended_once(tmp_path: Path) -> None:
    assert append_event(SPEC, tmp_path, {"what": "first"}, "app", 1)
    assert not append_event(SPEC, tmp_path, {"what": "again"}, "app", 1)
    assert append_event(SPEC, tmp_path, {"what": "second"}, "app", 2)
    assert not append_event(SPEC, tmp_path, {"what": "late"}, "app", 1)
    assert rows(tmp_path) == ["first", "second"]


def test_a_commit_that_the_very_event_was_faster_than(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def beaten(*words: Any, **options: Any) -> None:
        monkeypatch.setattr(events, "write_deltalake", write_deltalake)
        assert append_event(SPEC, tmp_path, {"what": "theirs"}, "app")
        write_deltalake(*words, **options)  # from the version that was looked at before: Delta refuses it

    monkeypatch.setattr(events, "write_deltalake", beaten)
    assert not append_event(SPEC, tmp_path, {"what": "ours"}, "app")
    assert rows(tmp_path) == ["theirs"]


def test_a_commit_that_failed_for_another_reason_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any, **__: Any) -> None:
        monkeypatch.setattr(events, "write_deltalake", write_deltalake)
        raise CommitFailedError("the table was altered meanwhile")

    monkeypatch.setattr(events, "write_deltalake", busy)
    assert append_event(SPEC, tmp_path, {"what": "ours"}, "app")
    assert rows(tmp_path) == ["ours"]


def test_a_commit_that_cannot_be_made_is_no_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def busy(*_: Any, **__: Any) -> None:
        tries.append(1)
        raise CommitFailedError("the table was altered meanwhile")

    monkeypatch.setattr(events, "write_deltalake", busy)
    with pytest.raises(CommitFailedError, match="altered meanwhile"):
        append_event(SPEC, tmp_path, {"what": "ours"}, "app")
    assert (len(tries), rows(tmp_path)) == (TRIES, [])


def test_a_commit_whose_last_try_was_made_though_it_was_called_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is asked after the last try too: what is there must not be reported as missing."""
    tries = []

    def lost_answer(*words: Any, **options: Any) -> None:
        tries.append(1)
        if len(tries) == TRIES:
            write_deltalake(*words, **options)
        raise CommitFailedError("no answer")

    monkeypatch.setattr(events, "write_deltalake", lost_answer)
    assert not append_event(SPEC, tmp_path, {"what": "ours"}, "app")
    assert rows(tmp_path) == ["ours"]


def test_of_many_writers_of_one_event_one_is_told_that_it_appended(tmp_path: Path) -> None:
    append_event(SPEC, tmp_path, {"what": "before"}, "other")
    with ThreadPoolExecutor(WRITERS) as pool:
        told = list(pool.map(lambda at: append_event(SPEC, tmp_path, {"what": f"one {at}"}, "app"), range(WRITERS)))
    assert sum(told) == 1
    assert rows(tmp_path) == ["before", f"one {told.index(True)}"]


def test_of_many_writers_of_many_events_every_one_is_there(tmp_path: Path) -> None:
    append_event(SPEC, tmp_path, {"what": "before"}, "other")
    with ThreadPoolExecutor(WRITERS) as pool:
        told = list(pool.map(lambda at: append_event(SPEC, tmp_path, {"what": f"{at}"}, f"app {at}"), range(WRITERS)))
    assert all(told)
    assert len(rows(tmp_path)) == WRITERS + 1
