"""Airflow's tables are made in the PostgreSQL that the setting names, and nowhere else."""

import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from fink_lib.config import Settings
from fink_lib.host.airflow_config import airflow_environment
from fink_lib.host.airflow_db import require_database
from fink_lib.host.checks import check_airflow_db
from tests.builders.postgres import PASSWORD, postgres, programs

pytestmark = pytest.mark.airflow


def test_airflow_makes_its_tables_in_postgresql(tmp_path: Path) -> None:
    folder = programs()
    if folder is None:
        pytest.skip("no PostgreSQL on this machine")
    with postgres(folder) as address:
        settings = Settings(home=tmp_path, airflow_db=address)
        require_database(settings)
        check = check_airflow_db(settings)
        assert (check.ok, PASSWORD in check.detail) == (True, False)
        environment = airflow_environment(settings, 8080, tmp_path / "airflow")
        command = [str(Path(sys.executable).parent / "airflow"), "db", "migrate"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        connection = psycopg2.connect(address)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM dag_run")
            assert cursor.fetchone() == (0,)
        connection.close()
    assert list(tmp_path.rglob("*.db")) == []
