"""The HTTP API of a home: a process that keeps a server running, which neither the streams nor Airflow wait for."""

import sys
from collections.abc import Mapping

from fink_lib.config import Settings
from fink_lib.host.local_server import LocalServer, ServerFacts
from fink_lib.host.services import API
from fink_lib.streams.runner import settings_environment

MODULE = "fink_lib.portal.keeper"


class LocalApi(LocalServer):
    """The API of one home.

    Parameters
    ----------
    settings
        Which home, and which port: 0 takes a free one, the last one again if it can.
    """

    FACTS = ServerFacts(
        API, "the API", "the API", "FINK_API_PORT", "/health", start_s=60.0, stop_s=10.0, answer_s=2.0, poll_s=0.1
    )

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.home, settings.api_port, settings.home / "api" / "api.log")
        self._settings = settings

    def command(self, port: int) -> list[str]:
        """Return what starts it on a port."""
        return [sys.executable, "-m", MODULE, self._settings.api_host, str(port)]

    def environment(self) -> Mapping[str, str]:
        """Return the environment of its process: this one's, with the settings."""
        return settings_environment(self._settings)


def address_of(settings: Settings) -> str:
    """Return the address of API and portal as people see it."""
    if settings.api_url:
        return settings.api_url.rstrip("/")
    return LocalApi(settings).url or f"http://{settings.api_host}:{settings.api_port}"
