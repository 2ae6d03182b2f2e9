"""`fink doctor`: what is missing, and how to get it."""

import json
import os
import socket
from pathlib import Path

import psutil
import pytest

from fink_lib.cli import main as cli
from fink_lib.config import Settings
from fink_lib.host import checks, ports
from fink_lib.host.services import Service, Services
from fink_lib.simulator.sample import sample_folder
from fink_lib.surveys import get_survey


def doctor(capsys: pytest.CaptureFixture[str], home: Path) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        cli.main(["doctor", "--home", str(home)])
    return int(end.value.code or 0), capsys.readouterr().out


def test_tells_what_is_missing_and_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FINK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    code, text = doctor(capsys, tmp_path / "home")
    assert code == 1
    assert "MISSING  java" in text
    assert "MISSING  spark jars" in text
    assert "→ run `fink jars`" in text
    assert "MISSING  sample night" in text
    assert "OK       python" in text
    assert text.splitlines()[-1].startswith("missing: ")


def test_a_taken_port_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        monkeypatch.setenv("FINK_AIRFLOW_PORT", str(server.getsockname()[1]))
        _, text = doctor(capsys, tmp_path)
    assert "MISSING  airflow port" in text
    assert "or set FINK_AIRFLOW_PORT" in text


def test_our_own_port_is_fine(settings: Settings) -> None:
    Services(settings.home).put("kafka", Service(os.getpid(), psutil.Process().create_time(), 9092, ""))
    check = checks.check_port(settings, "kafka", 9092, "FINK_KAFKA_PORT")
    assert check.ok
    assert "ours" in check.detail


def test_the_port_for_users_is_looked_at_too(settings: Settings) -> None:
    mine = Service(os.getpid(), psutil.Process().create_time(), 9092, "", {"users": 9093})
    Services(settings.home).put("kafka", mine)
    check = checks.check_port(settings, "kafka", 9093, "FINK_KAFKA_USERS_PORT", listener="users")
    assert (check.name, check.ok, check.detail.split(",")[0]) == ("kafka users port", True, "9093")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check = checks.check_writable("home", tmp_path / "file" / "home", "--home or FINK_HOME")
    assert not check.ok
    assert check.fix == "choose another with --home or FINK_HOME"


def test_a_full_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "free_bytes", lambda _: 1000)
    assert not checks.check_disk(settings).ok


def test_too_new_a_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "NEWEST_PYTHON", (3, 10))
    check = checks.check_python()
    assert not check.ok
    assert "make setup PYTHON=" in check.fix


def test_sample_is_the_simulators(tmp_path: Path, settings: Settings) -> None:
    cached = settings.model_copy(update={"cache": tmp_path})
    ztf = get_survey("ztf")
    folder = sample_folder(cached, ztf)
    folder.mkdir(parents=True)
    assert not checks.check_sample(cached, ztf).ok
    (folder / "1.avro").touch()
    assert checks.check_sample(cached, ztf).ok


def test_supported_pythons_are_those_of_the_package() -> None:
    text = (Settings().project / "pyproject.toml").read_text()
    oldest, (major, newest) = ".".join(map(str, checks.OLDEST_PYTHON)), checks.NEWEST_PYTHON
    assert f'requires-python = ">={oldest},<{major}.{newest + 1}"' in text


def test_status_reads_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    night = tmp_path / "nights" / "ztf" / "2021-11-22"
    night.mkdir(parents=True)
    (night / "manifest.json").write_text(json.dumps({"offered": 320, "bronze": 320, "equation_holds": True}))
    Services(tmp_path).put("kafka", Service(os.getpid(), 1.0, 9092, "broker.log"))
    with pytest.raises(SystemExit):
        cli.main(["status", "--json", "--home", str(tmp_path)])
    seen = json.loads(capsys.readouterr().out)
    assert seen["services"] == [
        {"name": "kafka", "state": "stopped", "port": 9092, "pid": os.getpid(), "log": "broker.log"}
    ]
    assert seen["nights"][0]["offered"] == 320
    assert seen["nights"][0]["equation_holds"] is True
    assert seen["streams"] == []
