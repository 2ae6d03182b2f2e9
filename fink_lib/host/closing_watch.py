"""What keeps nights from being closed, as Airflow and the folders of the nights tell: paused, failed, or at work."""

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host.airflow import LocalAirflow
from fink_lib.host.airflow_api import AirflowApi
from fink_lib.nightly.results import NOT_RUN, Step, why_missing

Run = dict[str, Any]
AT_WORK = ("queued", "running")
ASK_S = 10.0  # between two questions to Airflow
HOPELESS_LOOKS = 3  # a night that failed may be on its way to another run


@dataclass(frozen=True)
class Closing:
    """How the closing of some nights stands.

    Attributes
    ----------
    troubles
        A sentence for each thing that a person must look at.
    hopeless
        True when the last run of each of these nights has failed, and none is at work.
    """

    troubles: tuple[str, ...] = ()
    hopeless: bool = False


class ClosingWatch:
    """Asks Airflow how the closing stands, not at each look, and believes that it is hopeless when it stays so.

    Parameters
    ----------
    settings, survey
        Whose nights.
    since
        Runs that were made earlier are not looked at.
    """

    def __init__(self, settings: Settings, survey: str, since: dt.datetime) -> None:
        self._about = settings, survey
        self._since = since
        self._asked_at = float("-inf")
        self._hopeless_looks = 0
        self._found = Closing()

    def look(self, nights: Sequence[dt.date]) -> Closing:
        """Return how the closing of these nights stands."""
        if nights and time.monotonic() - self._asked_at >= ASK_S:
            self._found = look_at_closing(*self._about, nights, self._since)
            self._asked_at = time.monotonic()
            self._hopeless_looks = self._hopeless_looks + 1 if self._found.hopeless else 0
        return replace(self._found, hopeless=self._hopeless_looks >= HOPELESS_LOOKS)


def look_at_closing(settings: Settings, survey: str, nights: Sequence[dt.date], since: dt.datetime) -> Closing:
    """Ask Airflow about the nights that are still open.

    Parameters
    ----------
    settings, survey, nights
        Whose nights.
    since
        Runs that were made earlier say nothing of what was played now.
    """
    airflow = LocalAirflow(settings)
    if not airflow.is_running():
        return Closing(("Airflow does not run, nobody closes a night: `fink up` starts it",))
    try:
        with airflow.api() as api:
            return _closing(api, settings, survey, nights, since)
    except HostError as error:
        return Closing((str(error),))


def _closing(
    api: AirflowApi, settings: Settings, survey: str, nights: Sequence[dt.date], since: dt.datetime
) -> Closing:
    dag_id = f"{survey}_close_night"
    paused = api.is_paused(dag_id)
    troubles = [f"{dag_id} is paused: `fink airflow dags unpause {dag_id}` lets it go on"] if paused else []
    runs = [run for run in api.dag_runs(dag_id) if dt.datetime.fromisoformat(run["run_after"]) >= since]
    last = {night: next((run for run in runs if night_of(run) == night.isoformat()), None) for night in nights}
    failed = {night: run for night, run in last.items() if run is not None and run["state"] == "failed"}
    for night, run in failed.items():
        troubles.append(_why_failed(api, settings, survey, night, run))
    at_work = any(run["state"] in AT_WORK for run in runs)
    return Closing(tuple(troubles), hopeless=bool(nights) and len(failed) == len(nights) and not at_work)


def night_of(run: Run) -> str | None:
    """Return the night that a run closes: its partition, or what its form says."""
    night = run.get("partition_key") or (run.get("conf") or {}).get("night")
    return None if night is None else str(night)


def _why_failed(api: AirflowApi, settings: Settings, survey: str, night: dt.date, run: Run) -> str:
    """Say which steps of a run failed, with the sentence of the first."""
    dag_id, run_id = str(run["dag_id"]), str(run["dag_run_id"])
    failed = [task["task_id"] for task in api.task_instances(dag_id, run_id) if task["state"] == "failed"]
    steps = [step for step in Step if str(step) in failed]
    folder = settings.night_dir(survey, night.isoformat())
    said = [why_missing(folder, step, run_id) for step in steps[:1]]
    why = said[0] if said and said[0] != NOT_RUN else f"see {api.base_url}/dags/{dag_id}/runs/{run_id}"
    return f"{', '.join(failed) or 'the run'} of {survey} {night.isoformat()} failed: {why}"


def work_done(settings: Settings, survey: str, nights: Iterable[dt.date]) -> tuple[tuple[str, int], ...]:
    """Return what the steps of some nights have written so far: while it changes, somebody is at work.

    Parameters
    ----------
    settings
        Tell where the folders of nights are.
    survey
        Its name.
    nights
        Those without a folder have written nothing.

    Returns
    -------
    Path of each JSON file and its time of change, in nanoseconds since 1970; to be compared, no more.
    """
    folders = [settings.night_dir(survey, night.isoformat()) for night in nights]
    found = (path for folder in folders if folder.is_dir() for path in folder.glob("*.json"))
    return tuple(sorted((str(path), path.stat().st_mtime_ns) for path in found))
