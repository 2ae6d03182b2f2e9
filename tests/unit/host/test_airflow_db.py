"""Where Airflow keeps its state: SQLite, or the PostgreSQL of a setting, whose password nobody else is told."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from fink_lib.cli.common import load_settings
from fink_lib.config import Settings
from fink_lib.errors import ConfigError, HostError
from fink_lib.host import airflow_db, ports
from fink_lib.host.airflow_config import airflow_environment
from fink_lib.host.airflow_db import database_url, require_database, without_password
from fink_lib.host.checks import check_airflow_db
from fink_lib.orchestration.jobs import SQLITE_RUNS, require_bearable
from fink_lib.streams.runner import job_environment

SECRET = "of-a-person"
ADDRESS = f"postgresql://airflow:{SECRET}@db.example.org:5433/state"


def test_sqlite_lies_in_the_home_unless_a_postgresql_is_named(tmp_path: Path) -> None:
    assert database_url(Settings(home=tmp_path), tmp_path) == f"sqlite:///{tmp_path}/airflow.db?timeout=25"
    for scheme in ("postgresql", "postgresql+psycopg2"):
        named = Settings(home=tmp_path, airflow_db=f"{scheme}://a:b@db/state?host=/run/pg")
        assert database_url(named, tmp_path) == "postgresql+psycopg2://a:b@db/state?host=/run/pg"


@pytest.mark.parametrize("address", ["mysql://a@b/c", "db.example.org", "postgresql://"])
def test_another_kind_of_database_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ValidationError, match="airflow_db"):
        Settings(home=tmp_path, airflow_db=address)


def test_only_airflow_itself_is_told_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINK_AIRFLOW_DB", ADDRESS)
    settings = Settings(home=tmp_path)
    assert SECRET not in repr(settings)
    told = airflow_environment(settings, 8080, tmp_path)
    assert [key for key, value in told.items() if SECRET in value] == ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert told["FINK_AIRFLOW_DB"] == without_password(ADDRESS) == "postgresql://airflow@db.example.org:5433/state"
    assert [key for key, value in job_environment(settings, "mine").items() if SECRET in value] == []


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    address = f"postgresql://airflow:{SECRET}@{ports.LOOPBACK}:{ports.free_ports(1)[0]}/state"
    settings = Settings(home=tmp_path, airflow_db=address)
    with pytest.raises(HostError, match=r"airflow@127\.0\.0\.1:\d+/state does not answer: .*FINK_AIRFLOW_DB") as no:
        require_database(settings)
    check = check_airflow_db(settings)
    assert not check.ok
    assert SECRET not in f"{no.value} {check}"
    assert check_airflow_db(Settings(home=tmp_path)).ok


@pytest.mark.parametrize("password", ["se#cret", "se?cret", "se:cret", "se%23cret"])
def test_a_password_of_any_signs_is_told_to_nobody(tmp_path: Path, password: str) -> None:
    address = f"postgresql://airflow:{password}@{ports.LOOPBACK}:{ports.free_ports(1)[0]}/state"
    assert without_password(address) == f"postgresql://airflow@{address.rpartition('@')[2]}"
    told = airflow_environment(Settings(home=tmp_path, airflow_db=address), 8080, tmp_path)
    assert [key for key, value in told.items() if "cret" in value and key != "PYTEST_CURRENT_TEST"] == [
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
    ]
    check = check_airflow_db(Settings(home=tmp_path, airflow_db=address))
    assert "does not answer" in check.detail
    assert "cret" not in check.detail


@pytest.mark.parametrize("sign", "@/%[]")
def test_what_the_driver_would_read_wrongly_is_not_handed_to_it(tmp_path: Path, sign: str) -> None:
    """libpq takes the rest of such a password for a host or a port, and quotes it in what it says."""
    check = check_airflow_db(Settings(home=tmp_path, airflow_db=f"postgresql://airflow:se{sign}cret@127.0.0.1:1/state"))
    assert not check.ok
    assert "%40" in check.fix
    assert "cret" not in f"{check}"


@pytest.mark.parametrize("option", ["sslmode=require", "application_name=a", "password=se%23cret", "sslmode="])
def test_an_option_that_one_driver_does_not_know_is_refused(tmp_path: Path, option: str) -> None:
    """Each task asks Airflow's API server, which asks by asyncpg: a TypeError for all of them."""
    check = check_airflow_db(Settings(home=tmp_path, airflow_db=f"postgresql://airflow@127.0.0.1:1/state?{option}"))
    assert not check.ok
    assert option.partition("=")[0] in check.detail
    assert "PGSSLMODE" in check.fix
    assert "cret" not in f"{check}"
    socket = Settings(home=tmp_path, airflow_db=f"postgresql://airflow:b@/state?host={tmp_path}")
    assert "does not answer" in check_airflow_db(socket).detail


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql:///state?host=/run/pg", "postgresql:///state"),
        ("postgresql://db/state?user=a&password=secret", "postgresql://db/state"),
        ("postgresql://a:b@h1:1,h2:2/state#c", "postgresql://a@h1:1,h2:2/state"),
    ],
)
def test_an_address_is_shown_without_its_options(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_missing_drivers_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_db, "DRIVERS", ("no_such_driver",))
    check = check_airflow_db(Settings(home=tmp_path, airflow_db=ADDRESS))
    assert (check.ok, check.detail, check.fix) == (False, "no package no_such_driver", "run `uv sync --group postgres`")


def test_sqlite_bears_so_many_runs_and_postgresql_any_number(tmp_path: Path) -> None:
    require_bearable(Settings(home=tmp_path), "ztf_rerun_nights", SQLITE_RUNS)
    require_bearable(Settings(home=tmp_path, airflow_db=ADDRESS), "ztf_rerun_nights", 10 * SQLITE_RUNS)
    with pytest.raises(ConfigError, match=f"--max-active-runs {SQLITE_RUNS}, or .* PostgreSQL") as refusal:
        require_bearable(Settings(home=tmp_path), "ztf_rerun_nights", SQLITE_RUNS + 1)
    assert not refusal.value.retryable


def test_a_wrong_address_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINK_AIRFLOW_DB", ADDRESS.replace("postgresql", "postgres"))
    with pytest.raises(ConfigError, match="FINK_AIRFLOW_DB=…") as refusal:
        load_settings()
    assert SECRET not in str(refusal.value)
