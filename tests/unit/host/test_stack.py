"""The stack: room, whose broker it is, and which streams a home knows."""

import os
from pathlib import Path

import psutil
import pytest

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host import stack
from fink_lib.host.airflow_config import airflow_environment, airflow_options
from fink_lib.host.services import KAFKA, Service, Services


def test_a_full_disk_is_one_sentence(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "free_bytes", lambda _: 10**8)
    with pytest.raises(HostError, match=r"only 0.1 GB are free under .* make room"):
        stack.require_room(settings)


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HostError, match=r"cannot be written .* choose another with --home"):
        stack.require_room(Settings(home=tmp_path / "file" / "home"))


@pytest.mark.parametrize(("bootstrap", "own"), [(None, True), ("127.0.0.1:9092", True), ("broker.example:9092", False)])
def test_whose_broker(
    *,
    bootstrap: str | None,
    own: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FINK_KAFKA_BOOTSTRAP", raising=False)
    if bootstrap:
        monkeypatch.setenv("FINK_KAFKA_BOOTSTRAP", bootstrap)
    assert stack.has_own_kafka(Settings(home=tmp_path)) is own


def running(home: Path, **more_ports: int) -> None:
    """Leave what a running broker of this home would have left."""
    Services(home).put(KAFKA, Service(os.getpid(), psutil.Process().create_time(), 4242, "", more_ports))
    (home / "kafka").mkdir()
    (home / "kafka" / "login.json").write_text('{"fink": "secret"}')


def test_our_own_programs_are_let_in_and_clients_are_told_where(settings: Settings) -> None:
    with pytest.raises(HostError, match="does not run: start it"):
        stack.connected(settings)
    running(settings.home, users=4243, internal=4244)
    ours = stack.connected(settings)
    assert (ours.kafka_bootstrap, ours.kafka_security["sasl.password"]) == ("127.0.0.1:4244", "secret")
    assert stack.has_own_kafka(ours), "its own address is known again"
    assert stack.connected(ours) == ours
    assert stack.kafka_listeners(ours) == "127.0.0.1:4242 for anyone, 127.0.0.1:4243 for users with a password"


def test_a_broker_of_an_older_version_is_one_sentence(settings: Settings) -> None:
    running(settings.home)
    with pytest.raises(HostError, match="started by an older version, without a listener for internal"):
        stack.connected(settings)


@pytest.mark.parametrize(
    ("port", "chosen", "users"), [(9092, None, 9093), (0, None, 0), (65535, None, 0), (9092, 7, 7)]
)
def test_the_port_of_users_is_the_one_after(settings: Settings, port: int, chosen: int | None, users: int) -> None:
    asked = settings.model_copy(update={"kafka_port": port, "kafka_users_port": chosen})
    assert stack.local_kafka(asked).users_port == users


def test_airflow_listens_on_the_loopback_interface_only(settings: Settings) -> None:
    options = airflow_options(settings, 8123, settings.home / "airflow")
    assert options["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert options["AIRFLOW__API__PORT"] == "8123"
    assert options["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"


def test_drivers_inherit_the_settings_and_nothing_of_another_airflow(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/elsewhere")
    monkeypatch.setenv("AIRFLOW_CONFIG", "/elsewhere/airflow.cfg")
    known = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:4242"})
    environment = airflow_environment(known, 8123, settings.home / "airflow")
    assert environment["FINK_HOME"] == str(settings.home)
    assert environment["FINK_KAFKA_BOOTSTRAP"] == "127.0.0.1:4242"
    assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == str(settings.project / "dags")
    assert "AIRFLOW_CONFIG" not in environment


@pytest.mark.parametrize(
    ("compact", "named", "starts"),
    [("", "", False), ("fink_a_ztf", "", True), ("fink_a_ztf", "http://registry.example:8081", False)],
)
def test_a_home_starts_a_registry_only_where_it_needs_one(
    *, compact: str, named: str, starts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack.LocalRegistry, "start", lambda _: "http://127.0.0.1:4242")
    settings = Settings(home=tmp_path, compact_topics=compact, schema_registry=named)
    said: list[str] = []
    started: set[str] = set()
    found = stack._start_registry(settings, said.append, started)
    assert found.schema_registry == (named or ("http://127.0.0.1:4242" if starts else ""))
    assert (started, len(said)) == (({"registry"}, 1) if starts else (set(), 0))


def test_a_command_finds_the_registry_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack.LocalRegistry, "url", "http://127.0.0.1:4242")
    settings = Settings(home=tmp_path, kafka_bootstrap="broker.example:9092")
    assert stack.connected(settings).schema_registry == "http://127.0.0.1:4242"
    named = settings.model_copy(update={"schema_registry": "http://registry.example"})
    assert stack.connected(named).schema_registry == "http://registry.example"
