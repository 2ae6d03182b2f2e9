"""Does a server of this host answer, and if only in part, what is missing."""

import contextlib
import socket

import httpx

from fink_lib.host.airflow_api import AirflowApi
from fink_lib.host.ports import LOOPBACK
from fink_lib.host.services import AIRFLOW, API, Service

RUNNING, STOPPED, UNANSWERING = "running", "stopped", "does not answer"
CONNECT_TIMEOUT_S = 2.0


def state_of(name: str, service: Service) -> str:
    """Return the state of a server in words: a process that is there is asked whether it answers.

    The parts of Airflow live in processes of their own: its first process outlives each of them. So does that of the
    API, which holds the port while there is no server: a connection is made then, and nothing answers.

    Parameters
    ----------
    name
        Which service it is, as `Services` keeps it: Airflow is asked for its parts, the API for its health.
    service
        Its process and port.

    Returns
    -------
    ``running``, ``stopped``, ``does not answer``, or ``without`` and the parts that are not healthy.
    """
    if not service.alive:
        return STOPPED
    if not _accepts(service.port):
        return UNANSWERING
    if name == API:
        return RUNNING if _is_healthy(service.port) else UNANSWERING
    return _airflow(service.port) if name == AIRFLOW else RUNNING


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), CONNECT_TIMEOUT_S):
        return True
    return False


def _is_healthy(port: int) -> bool:
    try:
        url = f"http://{LOOPBACK}:{port}/health"
        return httpx.get(url, timeout=CONNECT_TIMEOUT_S, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _airflow(port: int) -> str:
    try:
        with AirflowApi(f"http://{LOOPBACK}:{port}", "", "") as api:
            missing = api.unhealthy_parts()
    except httpx.HTTPError:
        return UNANSWERING
    return f"without {', '.join(missing)}" if missing else RUNNING
