"""What this home has running: one small JSON file, ``services.json``."""

import json
import logging
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fink_lib.files import replace_text
from fink_lib.locks import Lock, locked
from fink_lib.processes.detached import is_alive
from fink_lib.processes.identity import ProcessMark

logger = logging.getLogger(__name__)

KAFKA = "kafka"
AIRFLOW = "airflow"
REGISTRY = "registry"
API = "api"
MONITOR = "monitor"


@dataclass(frozen=True)
class Service:
    """A server that was started for one home.

    Attributes
    ----------
    pid, started_at
        The process, see `ProcessMark`.
    port
        Where it listens on the loopback interface.
    log
        Its output.
    more_ports
        Where else it listens, by name.
    """

    pid: int
    started_at: float
    port: int
    log: str
    more_ports: dict[str, int] = field(default_factory=dict)

    @property
    def mark(self) -> ProcessMark:
        """Identity of the process."""
        return ProcessMark(self.pid, self.started_at)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return is_alive(self.mark)


class Services:
    """The services of one home; several commands may look and write at once."""

    def __init__(self, home: Path) -> None:
        self.path = home / "services.json"

    def read(self) -> dict[str, Service]:
        """Return every service that was started and not stopped, also one that has died since."""
        try:
            facts = json.loads(self.path.read_text())
            return {name: Service(**fact) for name, fact in facts.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError):
            logger.warning("%s is damaged, as after a power cut: what it told of has ended with the machine", self.path)
            return {}

    def get(self, name: str) -> Service | None:
        """Return one service."""
        return self.read().get(name)

    def put(self, name: str, service: Service) -> None:
        """Remember a service that was just started.

        Parameters
        ----------
        name
            Of the service; an entry of that name is replaced.
        service
            Its process, port and log.
        """
        with self._alone():
            self._write({**self.read(), name: service})

    def drop(self, name: str) -> None:
        """Forget a service that was stopped."""
        with self._alone():
            self._write({key: value for key, value in self.read().items() if key != name})

    def _write(self, services: dict[str, Service]) -> None:
        facts = {name: asdict(service) for name, service in services.items()}
        replace_text(self.path, json.dumps(facts, indent=1), durable=True)

    def _alone(self) -> AbstractContextManager[Lock]:
        return locked(self.path.with_suffix(".lock"))
