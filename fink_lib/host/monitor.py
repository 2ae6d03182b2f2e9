"""The monitor of a home: a process of its own that answers Prometheus and judges the alarms."""

import sys
from collections.abc import Mapping

from fink_lib.config import Settings
from fink_lib.host.local_server import LocalServer, ServerFacts
from fink_lib.host.services import MONITOR
from fink_lib.streams.runner import settings_environment

MODULE = "fink_lib.host.monitor_server"


class LocalMonitor(LocalServer):
    """The monitor of one home.

    Parameters
    ----------
    settings
        Which home, and which port: 0 takes a free one, the last one again if it can.
    """

    FACTS = ServerFacts(
        MONITOR, "the monitor", "the monitor", "FINK_METRICS_PORT", "/metrics",
        start_s=60.0, stop_s=5.0, answer_s=2.0, poll_s=0.1,
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.home, settings.metrics_port, settings.home / "metrics" / "metrics.log")
        self._settings = settings

    def command(self, port: int) -> list[str]:
        """Return what starts it on a port."""
        return [sys.executable, "-m", MODULE, str(port)]

    def environment(self) -> Mapping[str, str]:
        """Return the environment of its process: this one's, with the settings."""
        return settings_environment(self._settings)
