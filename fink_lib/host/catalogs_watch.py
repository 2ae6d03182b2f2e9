"""Wait until the catalogues are in the lake, so that the first night that is closed is matched with them."""

import time
from collections.abc import Callable

from fink_lib.catalogs.sources import known_files
from fink_lib.catalogs.versions import catalogs_in_force
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.host.airflow import LocalAirflow

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
    deadline, asked = time.monotonic() + timeout_s, False
    while waiting := missing_catalogs(settings):
        at_work = _is_at_work(settings)
        if time.monotonic() > deadline or (asked and not at_work):
            say(f"not loaded: {', '.join(waiting)}; DAG {DAG_ID} says why, and nights are matched without them")
            return
        if not at_work:
            _ask(settings)
            asked = True
        time.sleep(POLL_S)
    say(f"catalogues in the lake: {', '.join(catalogs_in_force(settings.lake))}")


def _is_at_work(settings: Settings) -> bool:
    """Tell whether a run is on its way: that of the week is due as soon as the DAG is let go."""
    with LocalAirflow(settings).api() as api:
        return any(str(run["state"]) in AT_WORK for run in api.dag_runs(DAG_ID))


def _ask(settings: Settings) -> None:
    with LocalAirflow(settings).api() as api:
        api.trigger(DAG_ID)
