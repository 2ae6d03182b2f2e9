"""A folder whose file system does not decide which of two commits was first is refused before anything is written."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from fink_lib.errors import HostError
from fink_lib.host.checks import check_commits
from fink_lib.lake.decided import require_decided, undecided


def test_a_local_disk_decides_and_nothing_stays(tmp_path: Path) -> None:
    require_decided(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lake_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    require_decided(tmp_path / "home" / "lake")
    assert list(tmp_path.iterdir()) == []


def test_it_costs_milliseconds(tmp_path: Path) -> None:
    begin = time.process_time()
    for _ in range(10):
        require_decided(tmp_path)
    assert time.process_time() - begin < 0.5


def test_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    words = r"tables cannot be kept in .*: its file system .* \(Operation not permitted\); put the home on a local disk"
    with pytest.raises(HostError, match=words):
        require_decided(tmp_path)
    assert list(tmp_path.iterdir()) == []
    check = check_commits(tmp_path)
    assert (check.ok, check.fix.split(" (")[0]) == (False, "put the home on a local disk")


def test_a_second_link_that_is_let_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", shutil.copy)
    with pytest.raises(HostError, match="both would be told that a commit is theirs"):
        require_decided(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    assert "Invalid argument" in undecided(tmp_path)


def test_who_may_only_read_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "link", lambda *_: pytest.fail("a folder that may not be written was written"))
    require_decided(tmp_path)
