"""`fink airflow`: Airflow's own command, in the environment of this home's Airflow."""

import subprocess
import sys
from pathlib import Path

import typer

from fink_lib.cli.common import HomeOption, load_settings
from fink_lib.errors import HostError

CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}  # they are Airflow's


def airflow(context: typer.Context, home: HomeOption = None) -> None:
    """Hand the words to Airflow: `fink airflow backfill create --dag-id …`, `fink airflow dags list`."""
    from fink_lib.host.airflow_config import airflow_environment
    from fink_lib.host.services import AIRFLOW, Services
    from fink_lib.host.stack import connected

    settings = load_settings(home)
    service = Services(settings.home).get(AIRFLOW)
    if service is None or not service.alive:
        raise HostError(f"Airflow of {settings.home} does not run: start it with `fink up`")
    environment = airflow_environment(connected(settings), service.port, settings.home / "airflow")
    command = [str(Path(sys.executable).parent / "airflow"), *context.args]
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)
