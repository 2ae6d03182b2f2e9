"""Pinned jars: only the files of the lock are ever used. A stand-in for Java plays Ivy."""

import hashlib
import json
import re
import threading
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from fink_lib.errors import HostError
from fink_lib.host.jars import COMPILER, LOCK, S3, SETS, Jar, ensure_jars, ivy_module, locked, unusable

GOOD = b"the bytes that were pinned"
# Called like Ivy: it finds the retrieve pattern among its arguments and puts one file where that says.
IVY = """#!/bin/sh
if [ "$1" = -version ]; then echo 'openjdk version "17.0.1" 2021' >&2; exit 0; fi
echo run >> {runs}
for word; do pattern=$word; done
mkdir -p "$(dirname "$pattern")"
printf '%s' '{content}' > "$(dirname "$pattern")/one-1.0.jar"
echo '	[SUCCESSFUL ] org.one#one;1.0!one.jar (1ms)'
exit {code}
"""


class Maven:
    """What the next fetch brings, and how often one was made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs_file = folder / "runs"
        self.brings(GOOD)

    def brings(self, content: bytes, code: int = 0) -> None:
        script = self.folder / "java"
        script.write_text(IVY.format(runs=self.runs_file, content=content.decode(), code=code))
        script.chmod(0o755)

    @property
    def runs(self) -> int:
        return len(self.runs_file.read_text().splitlines()) if self.runs_file.exists() else 0


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maven:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return Maven(folder)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "lock.json"
    jar = {
        "group": "org.one",
        "name": "one",
        "version": "1.0",
        "sha256": hashlib.sha256(GOOD).hexdigest(),
        "size": len(GOOD),
    }
    path.write_text(json.dumps({"spark": [jar]}))
    return path


def test_fetches_once(tmp_path: Path, maven: Maven, lock: Path) -> None:
    said: list[str] = []
    folder = ensure_jars(tmp_path / "cache", ["spark"], said.append, lock)["spark"]
    assert (folder / "one-1.0.jar").read_bytes() == GOOD
    ensure_jars(tmp_path / "cache", ["spark"], said.append, lock)
    assert maven.runs == 1
    assert "  1/1 org.one#one;1.0" in said
    assert said[-1].endswith("all there")
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".fetch-")] == []


def test_refuses_other_bytes(tmp_path: Path, maven: Maven, lock: Path) -> None:
    maven.brings(b"other bytes of some length")
    with pytest.raises(HostError, match=r"one-1.0.jar as fetched has sha256 .* it was refused"):
        ensure_jars(tmp_path / "cache", ["spark"], print, lock)
    assert list((tmp_path / "cache" / "jars" / "spark").glob("*.jar")) == []


def test_replaces_a_damaged_jar(tmp_path: Path, maven: Maven, lock: Path) -> None:
    folder = tmp_path / "cache" / "jars" / "spark"
    folder.mkdir(parents=True)
    (folder / "one-1.0.jar").write_bytes(b"x" * len(GOOD))
    ensure_jars(tmp_path / "cache", ["spark"], print, lock)
    assert (folder / "one-1.0.jar").read_bytes() == GOOD
    assert maven.runs == 1


def test_removes_a_jar_that_is_not_pinned(tmp_path: Path, maven: Maven, lock: Path) -> None:
    folder = ensure_jars(tmp_path / "cache", ["spark"], print, lock)["spark"]
    (folder / "stranger-2.0.jar").write_bytes(b"?")
    ensure_jars(tmp_path / "cache", ["spark"], print, lock)
    assert [path.name for path in folder.glob("*.jar")] == ["one-1.0.jar"]


def test_a_failed_fetch_is_one_sentence(tmp_path: Path, maven: Maven, lock: Path) -> None:
    maven.brings(b"", code=1)
    with pytest.raises(HostError, match=r"fetching jars from Maven Central failed: .* run `fink jars` again"):
        ensure_jars(tmp_path / "cache", ["spark"], print, lock)


def test_callers_at_the_same_time_fetch_once(tmp_path: Path, maven: Maven, lock: Path) -> None:
    threads = [
        threading.Thread(target=ensure_jars, args=(tmp_path / "cache", ["spark"], lambda _: None, lock))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert maven.runs == 1


def test_ivy_is_asked_for_nothing_transitive() -> None:
    module = fromstring(ivy_module([Jar("g", "n", "1", "", 0)]))  # noqa: S314  # our own text
    dependency = module.find("dependencies/dependency")
    assert dependency is not None
    assert dependency.attrib == {"org": "g", "name": "n", "rev": "1", "transitive": "false", "conf": "default->*"}


def test_the_lock_is_well_formed() -> None:
    for name in (*SETS, S3, COMPILER):
        jars = locked(name)
        assert len({jar.file_name for jar in jars}) == len(jars)
        assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) and jar.size > 0 for jar in jars)
    assert "://" not in LOCK.read_text(), "where jars are fetched from is not for the lock to say"


def test_unusable_names_what_is_missing(tmp_path: Path) -> None:
    jar = Jar("g", "n", "1", hashlib.sha256(b"abc").hexdigest(), 3)
    assert unusable(tmp_path, [jar]) == [jar]
    (tmp_path / jar.file_name).write_bytes(b"abd")
    assert unusable(tmp_path, [jar]) == [jar]
    (tmp_path / jar.file_name).write_bytes(b"abc")
    assert unusable(tmp_path, [jar]) == []
