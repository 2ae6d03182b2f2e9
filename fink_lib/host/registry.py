"""The schema registry of a home: started with it when a topic is compact and no other registry is named."""

import sys
import time
from pathlib import Path

import httpx

from fink_lib.errors import HostError
from fink_lib.host import ports
from fink_lib.host.services import REGISTRY, Service, Services
from fink_lib.processes.detached import start_detached, stop_session

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 5.0
POLL_S = 0.05


class LocalRegistry:
    """One registry of one home.

    Parameters
    ----------
    home
        The registry keeps everything in ``home/registry``.
    port
        Where clients connect; 0 takes a free port, the last one again if it can.
    """

    def __init__(self, home: Path, port: int = 0) -> None:
        self.folder, self.port = home / "registry", port
        self.services = Services(home)

    def is_running(self) -> bool:
        """Tell whether its process is there."""
        service = self.services.get(REGISTRY)
        return service is not None and service.alive

    @property
    def url(self) -> str:
        """Address for clients; empty when it does not run."""
        service = self.services.get(REGISTRY)
        return f"http://{ports.LOOPBACK}:{service.port}" if service is not None and service.alive else ""

    def start(self) -> str:
        """Start it unless it runs, and wait until it answers; return its address.

        Raises
        ------
        HostError
            When the port is taken, or it does not come up.
        """
        if self.is_running():
            return self.url
        last = self.services.get(REGISTRY)
        port = ports.choose(
            self.port, service="the registry", setting="FINK_REGISTRY_PORT", last=last.port if last else None
        )
        log = self.folder / "registry.log"
        store = self.folder / "schemas.json"
        command = [sys.executable, "-m", "fink_lib.kafka.registry.server", str(store), str(port)]
        mark = start_detached(command, log=log)
        self.services.put(REGISTRY, Service(mark.pid, mark.started_at, port, str(log)))
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if not self.is_running() or time.monotonic() > deadline:
                said = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
                self.stop()
                raise HostError(f"the schema registry did not come up: {said[0]}")
            time.sleep(POLL_S)
        return self.url

    def stop(self) -> None:
        """Stop it; its schemas stay."""
        service = self.services.get(REGISTRY)
        if service is not None:
            stop_session(service.mark, timeout_s=STOP_TIMEOUT_S)

    def _answers(self) -> bool:
        try:
            return bool(self.url) and httpx.get(f"{self.url}/subjects", timeout=1.0).is_success
        except httpx.HTTPError:
            return False
