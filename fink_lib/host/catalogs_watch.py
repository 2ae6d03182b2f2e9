"""Wait until the catalogues are in the lake, so that the first night that is closed is matched with them."""

import time
from collections.abc import Callable

from fink_lib.catalogs.sources import known_files
from fink_lib.catalogs.versions import catalogs_in_force
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.host.airflow import LocalAirflow
from fink_lib.host.airflow_api import AirflowApi

DAG_ID = "catalogs"
TIMEOUT_S = 300.0
POLL_S = 1.0
AT_WORK = frozenset({"queued", "running"})


def missing_catalogs(settings: Settings) -> list[str]:
    """Return the catalogues that there is a file of, and that were never loaded."""
    return sorted(set(known_files(settings.catalogs)) - set(catalogs_in_force(settings.lake)))


def wait_for_catalogs(settings: Settings, say: Callable[[str], None], timeout_s: float = TIMEOUT_S) -> None:
    """Wait while the DAG of the catalogues loads those that are missing; a night is played without them all the same.

    Parameters
    ----------
    settings
        Lake, and folder of catalogues.
    say
        Receives a line when catalogues are waited for, when they are there, and when they will not come.
    timeout_s
        Longest time in seconds.
    """
    try:
        waiting = missing_catalogs(settings)
    except ConfigError as error:
        say(f"no catalogue is loaded: {error}")
        return
    if not waiting:
        return
    say(f"catalogues are being loaded: {', '.join(waiting)}")
    with LocalAirflow(settings).api() as api:
        waiting = _wait(settings, api, time.monotonic() + timeout_s)
    if waiting:
        say(f"not loaded: {', '.join(waiting)}; DAG {DAG_ID} says why, and nights are matched without them")
    else:
        say(f"catalogues in the lake: {', '.join(catalogs_in_force(settings.lake))}")


def _wait(settings: Settings, api: AirflowApi, deadline_s: float) -> list[str]:
    """Wait until all are loaded, and ask for a run where none is on its way; return those that will not come."""
    asked = False
    while waiting := missing_catalogs(settings):
        # The run of the week is due as soon as the DAG is let go.
        at_work = any(str(run["state"]) in AT_WORK for run in api.dag_runs(DAG_ID))
        if time.monotonic() > deadline_s or (asked and not at_work):
            break
        if not at_work:
            api.trigger(DAG_ID)
            asked = True
        time.sleep(POLL_S)
    return waiting
