"""Java: found, too old, missing, mute; each with one sentence."""

from pathlib import Path

import pytest

from fink_lib.errors import HostError
from fink_lib.host.java import find_java, parse_major


def fake_java(folder: Path, says: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "java"
    script.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    script.chmod(0o755)
    return script


@pytest.fixture(autouse=True)
def no_java_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("Unable to locate a Java Runtime", None),
    ],
)
def test_version_text(text: str, major: int | None) -> None:
    assert parse_major(text) == major


def test_first_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = fake_java(tmp_path, 'openjdk version "21.0.1" 2023')
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    java = find_java()
    assert (java.path, java.major) == (script, 21)


def test_java_home_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path, 'openjdk version "11.0.1" 2019')
    script = fake_java(tmp_path / "home" / "bin", 'openjdk version "17.0.1" 2022')
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert find_java().path == script


def test_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path, 'openjdk version "11.0.2" 2019-01-15')
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(HostError, match=r"is Java 11, too old .* 17 or newer"):
        find_java()


def test_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError, match="Java is missing: install"):
        find_java()


def test_java_home_without_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(HostError, match=r"JAVA_HOME is .* holds no bin/java"):
        find_java()


def test_mute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path, "hello")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(HostError, match="does not tell its version"):
        find_java()
