"""The schema registry of a home: started with it when a topic is compact and no other registry is named."""

import sys
from pathlib import Path

from fink_lib.host.local_server import LocalServer, ServerFacts
from fink_lib.host.services import REGISTRY


class LocalRegistry(LocalServer):
    """One registry of one home.

    Parameters
    ----------
    home
        The registry keeps everything in ``home/registry``.
    port
        Where clients connect; 0 takes a free port, the last one again if it can.
    """

    FACTS = ServerFacts(
        REGISTRY, "the registry", "the schema registry", "FINK_REGISTRY_PORT", "/subjects",
        start_s=20.0, stop_s=5.0, answer_s=1.0, poll_s=0.05,
    )  # fmt: skip

    def __init__(self, home: Path, port: int = 0) -> None:
        super().__init__(home, port, home / "registry" / "registry.log")
        self.folder = home / "registry"

    def command(self, port: int) -> list[str]:
        """Return what starts it on a port."""
        return [sys.executable, "-m", "fink_lib.kafka.registry.server", str(self.folder / "schemas.json"), str(port)]
