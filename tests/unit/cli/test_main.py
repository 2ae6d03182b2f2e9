"""The command line: one sentence an error, help without heavy imports."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fink_lib.cli import main as cli
from fink_lib.errors import HostError

HEAVY = ("pyspark", "airflow", "pandas", "pyarrow", "astropy", "confluent_kafka", "matplotlib", "great_expectations")


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    return int(end.value.code or 0)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    text = capsys.readouterr().out
    for name in ("up", "down", "status", "doctor", "kafka", "jars", "night", "simulate"):
        assert f" {name} " in text


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom fink_lib.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.splitlines()[-1] == "HEAVY []"


def test_help_loads_nothing_of_ours_but_the_command_line() -> None:
    code = (
        "import sys\nfrom fink_lib.cli.main import build_app\nbuild_app(['--help'])\n"
        "print(sorted(name for name in sys.modules if name.startswith('fink_lib.')))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.strip() == str(["fink_lib.cli", "fink_lib.cli.main", "fink_lib.errors", "fink_lib.moved"])


@pytest.mark.parametrize("command", ["up", "down", "status", "doctor", "kafka", "jars", "night", "simulate"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    assert "Usage: fink" in capsys.readouterr().out


def raise_from(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def jars() -> None:
        raise error

    monkeypatch.setattr(cli.importlib, "import_module", lambda _: SimpleNamespace(jars=jars))


def test_known_error_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    raise_from(monkeypatch, HostError("the lamp is out: light it"))
    assert run("jars") == 2
    assert capsys.readouterr().err == "fink: the lamp is out: light it\n"


def test_unknown_error_has_no_trace(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    raise_from(monkeypatch, ZeroDivisionError("nought"))
    assert run("jars") == 1
    assert capsys.readouterr().err == "fink: unexpected ZeroDivisionError: nought (--debug shows where)\n"


def test_debug_shows_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    raise_from(monkeypatch, HostError("the lamp is out"))
    with pytest.raises(HostError):
        cli.main(["jars", "--debug"])


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("dance") == 2
    assert "No such command 'dance'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("FINK_KAFKA_PORT", "ninety", ("kafka", "topics")),
        ("FINK_KAFKA_PORT", "70000", ("status",)),
        ("FINK_KAFKA_SECURITY", "{", ("status",)),
    ],
)
def test_a_wrong_setting_is_named(
    name: str, value: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert run(*words) == 2
    error = capsys.readouterr().err
    assert error.startswith("fink: a")
    assert name.removeprefix("FINK_").lower() in error.lower()
    assert error.count("\n") == 1


def test_a_wrong_setting_shows_no_password(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FINK_KAFKA_SECURITY", '{"sasl.password": ["hunter2"]}')
    assert run("status") == 2
    error = capsys.readouterr().err
    assert "FINK_KAFKA_SECURITY" in error
    assert "hunter2" not in error


def test_home_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run("status", "--home", str(tmp_path / "file")) == 2
    assert "is a file: give a folder with --home" in capsys.readouterr().err


def test_topics_without_a_broker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("kafka", "topics", "--home", str(tmp_path)) == 2
    assert "does not run: start it with `fink kafka start`" in capsys.readouterr().err


def test_down_where_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("down", "--home", str(tmp_path)) == 0
    assert capsys.readouterr().out == "api: not running\nairflow: not running\nkafka: not running\n"
