"""Have Airflow do what a command could do itself: start a DAG, and say where it can be watched."""

from typing import Any

from fink_lib.cli.common import say
from fink_lib.config import Settings
from fink_lib.errors import HostError


def start_dag(settings: Settings, dag_id: str, conf: dict[str, Any]) -> str:
    """Start a run of a DAG; return its id.

    Raises
    ------
    HostError
        When Airflow does not run.
    """
    from fink_lib.host.airflow import LocalAirflow

    airflow = LocalAirflow(settings)
    if not airflow.is_running():
        raise HostError(f"Airflow of {settings.home} does not run: `fink up` starts it; or leave --airflow away")
    with airflow.api() as api:
        api.unpause(dag_id)
        run_id = api.trigger(dag_id, conf)
    say(f"started   {airflow.login.url}/dags/{dag_id}/runs/{run_id}")
    return run_id
