"""The log store is compiled by a pinned jar: a JRE alone will do, and the same source gives the same bytes."""

import shutil
from pathlib import Path

import pytest

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host import log_store as building
from fink_lib.host.checks import check_log_store
from fink_lib.host.compile import compile_jar
from fink_lib.host.java import find_java
from fink_lib.host.log_store import class_path, ensure_log_store, is_sound
from fink_lib.lake.spark import log_store
from fink_lib.lake.spark.log_store import SOURCE, log_store_jar, require_log_store


@pytest.fixture
def bare(jars: dict[str, Path], tmp_path: Path) -> Settings:
    """A cache that holds what was fetched, and nothing that was compiled."""
    cache = tmp_path / "cache"
    for name in ("spark", "compiler"):
        shutil.copytree(Settings().cache / "jars" / name, cache / "jars" / name)
    return Settings(home=tmp_path / "home", cache=cache)


def test_without_a_compiler_on_the_path_and_twice_the_same_bytes(
    bare: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "java").symlink_to(find_java().path.resolve())
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(programs))
    assert shutil.which("javac") is None
    first = ensure_log_store(bare)
    content = first.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == [first.name], "no trace of the work"
    first.unlink()
    assert ensure_log_store(bare).read_bytes() == content
    assert content == ensure_log_store(Settings()).read_bytes()


def test_it_is_compiled_once_and_anew_when_the_source_changes(
    bare: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    first = ensure_log_store(bare, said.append)
    ensure_log_store(bare, said.append)
    assert [line for line in said if "compiled from" in line] == [f"{first.name}: compiled from LinkLogStore.java"]
    changed = tmp_path / "LinkLogStore.java"
    changed.write_text(SOURCE.read_text() + "\n// changed\n")
    monkeypatch.setattr(log_store, "SOURCE", changed)
    monkeypatch.setattr(building, "SOURCE", changed)
    assert not check_log_store(bare).ok
    second = ensure_log_store(bare, said.append)
    assert first != second
    assert is_sound(first), "an older version that shares the cache goes on with its own"


def test_a_damaged_jar_is_compiled_anew(bare: Settings) -> None:
    jar = ensure_log_store(bare)
    content = jar.read_bytes()
    jar.write_bytes(content[: len(content) // 2])
    assert check_log_store(bare).fix == "run `fink jars`"
    assert ensure_log_store(bare).read_bytes() == content
    assert check_log_store(bare).ok


def test_a_session_does_not_compile(bare: Settings) -> None:
    with pytest.raises(HostError, match=r"no fink-log-store-\w+\.jar in .*: run `fink jars` once"):
        require_log_store(bare.built_jars)
    assert not log_store_jar(bare.built_jars).exists()


def test_a_source_that_does_not_compile_is_told_with_its_line(bare: Settings, tmp_path: Path) -> None:
    wrong = tmp_path / "Wrong.java"
    wrong.write_text("class Wrong { int number = true; }\n")
    with pytest.raises(HostError, match=r"(?s)Wrong.java does not compile .*Wrong.java \(at line 1\)"):
        compile_jar(wrong, class_path(bare), tmp_path / "built" / "wrong.jar", bare.cache)
    assert list((tmp_path / "built").iterdir()) == []
