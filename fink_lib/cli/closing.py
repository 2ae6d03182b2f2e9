"""Nights whose tables were changed by hand are closed again: their manifests must say what stands in them."""

from collections.abc import Iterable

from fink_lib.cli.common import say
from fink_lib.config import Settings


def close_again(settings: Settings, survey: str, nights: Iterable[str]) -> None:
    """Start the DAG that closes a night, once for each; where Airflow does not run, say what is left to do."""
    from fink_lib.host.airflow import LocalAirflow

    airflow, dag_id = LocalAirflow(settings), f"{survey}_close_night"
    chosen = sorted(nights)
    if not airflow.is_running():
        forms = "; ".join(f'fink airflow dags trigger {dag_id} -c \'{{"night": "{night}"}}\'' for night in chosen)
        say(f"to do     the manifests of {', '.join(chosen)} are out of date: `fink up`, then {forms}")
        return
    with airflow.api() as api:
        for night in chosen:
            run_id = api.trigger(dag_id, {"night": night})
            say(f"closing   {night} again: {airflow.login.url}/dags/{dag_id}/runs/{run_id}")
