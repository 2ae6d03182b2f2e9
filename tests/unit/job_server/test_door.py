"""The door to Spark, where there is no server behind it; and what both sides say to each other."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from fink_lib.config import Settings
from fink_lib.errors import ConfigError, FinkError, HostError, JobFailed, PacketError
from fink_lib.filters.users.trial import Clause, Trial
from fink_lib.host.overview import look
from fink_lib.job_server import door, record
from fink_lib.job_server.kinds import Kind, Run
from fink_lib.job_server.messages import as_raised, told
from fink_lib.job_server.record import Record, key_of, package_folders, read_record, write_record
from fink_lib.job_server.start import is_served, running, stop
from fink_lib.processes.faults import fault_of


def never() -> Run:
    raise AssertionError("Spark is asked for")


def refuse(_settings: Settings, asked: dict[str, object]) -> None:
    if asked.get("refused"):
        raise ConfigError("no such night")


KIND = Kind("planted", never, refuse)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the jobs that were run without a server."""
    names: list[str] = []

    def run_here(_settings: Settings, kind: Kind, _request: object) -> dict[str, object]:
        names.append(kind.name)
        return {"here": True}

    monkeypatch.setattr(door, "run_here", run_here)
    return names


def test_a_cluster_and_who_wants_none_have_no_server(settings: Settings, here: list[str]) -> None:
    assert is_served(settings.model_copy(update={"job_server_idle_s": 60}))
    without = settings.model_copy(update={"job_server_idle_s": 0})
    cluster = settings.model_copy(update={"job_server_idle_s": 60, "spark_master": "spark://host:7077"})
    for one in (without, cluster):
        assert not is_served(one)
        assert door.run_on_spark(one, KIND, {}) == {"here": True}
    assert here == ["planted", "planted"]
    assert not settings.home.exists()


def test_a_server_that_cannot_be_started_is_told_of_and_done_without(
    settings: Settings, tmp_path: Path, here: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    settings.home.mkdir()
    broken = settings.model_copy(update={"job_server_idle_s": 60, "project": tmp_path})
    said: list[str] = []
    with pytest.raises(ConfigError, match="no such night"):
        door.run_on_spark(broken, KIND, {"refused": True}, said.append)
    assert said == [], "what is refused starts nothing"
    (tmp_path / "jobs").mkdir()
    assert door.run_on_spark(broken, KIND, {}, said.append) == {"here": True}
    assert (len(said), here) == (1, ["planted"])
    (told_of,) = caplog.messages
    assert told_of.startswith("'planted' runs without the server of Spark jobs: the server of Spark jobs (pid ")
    assert "job_server.py" in told_of, "with the server's own last word"
    stop(broken)


def test_a_job_that_is_refused_starts_no_jvm(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="no such night"):
        door.run_here(settings, KIND, {"refused": True})


def test_the_key_follows_code_and_what_the_jvm_is_made_of(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    mine = settings.model_copy(update={"project": tmp_path})
    first = key_of(mine)
    assert key_of(mine.model_copy(update={"transfer_quota": 1})) == first
    assert key_of(mine.model_copy(update={"job_server_memory": "2g"})) != first
    (tmp_path / "jobs" / "new.py").touch()
    assert key_of(mine) != first


def test_the_key_follows_packages(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(Path(pa.__file__).parents[1]) in package_folders()
    (tmp_path / "jobs").mkdir()
    packages = tmp_path / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setattr(record, "package_folders", lambda: [str(packages)])
    mine = settings.model_copy(update={"project": tmp_path})
    first = key_of(mine)
    (packages / "another-2.0.dist-info").mkdir()
    assert key_of(mine) != first


def test_a_dead_server_is_none(settings: Settings) -> None:
    assert read_record(settings) is None
    write_record(settings, Record(2**22 + 1, 0.0, "token", "/nowhere/jobs", key_of(settings), "log"))
    assert running(settings) is None
    assert [(one.name, one.state) for one in look(settings).services] == [("spark jobs", "stopped")]
    assert not stop(settings)


@pytest.mark.parametrize("error", [ConfigError("a"), HostError("b"), ValueError("c"), OSError("Permission denied")])
def test_an_error_is_what_it_was(error: Exception) -> None:
    raised = as_raised(told(error, "trace"))
    assert (type(raised).__name__, str(raised)) == (type(error).__name__, str(error))
    assert isinstance(raised, FinkError) is isinstance(error, FinkError)
    assert fault_of(raised) is fault_of(error)


def test_an_error_of_more_than_a_text_is_one_of_the_job() -> None:
    assert repr(as_raised(told(PacketError("truncated", "short"), ""))) == repr(JobFailed("short"))


def test_a_trial_travels_as_json() -> None:
    alert = {"alert_id": 2**53 + 1, "object_id": "ZTF18a", "ra": 0.1, "dec": -3.3, "band": "g"}
    found = Trial(dt.date(2021, 11, 22), 320, 1, (Clause("a < 1", 3, 2), Clause("b", 1, 0)), (alert,))
    assert Trial.from_json(found.as_json()) == found
