"""A server of a home that answers over HTTP: started once, waited for, found again by whoever comes later."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from fink_lib.errors import HostError
from fink_lib.host import ports
from fink_lib.host.services import Service, Services
from fink_lib.processes.detached import start_detached, stop_session


@dataclass(frozen=True)
class ServerFacts:
    """What tells one kind of server from another.

    Attributes
    ----------
    key
        Its name among the services of a home.
    name, title
        What sentences call it: where its port is taken, and where it does not come up.
    setting
        Environment variable of its port.
    health
        Path that it answers once it is up.
    start_s, stop_s, answer_s, poll_s
        Seconds that it has to come up, to end, to answer; pause between two looks.
    """

    key: str
    name: str
    title: str
    setting: str
    health: str
    start_s: float
    stop_s: float
    answer_s: float
    poll_s: float


class LocalServer(ABC):
    """One server of one home.

    Parameters
    ----------
    home
        Which home.
    port
        Where clients connect; 0 takes a free port, the last one again if it can.
    log
        Its output.
    """

    FACTS: ServerFacts

    def __init__(self, home: Path, port: int, log: Path) -> None:
        self.services, self.port, self.log = Services(home), port, log

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """Return what starts it on a port."""

    def environment(self) -> Mapping[str, str] | None:
        """Return the environment of its process; None for that of this one."""
        return None

    def is_running(self) -> bool:
        """Tell whether its process is there."""
        service = self.services.get(self.FACTS.key)
        return service is not None and service.alive

    @property
    def url(self) -> str:
        """Address for clients; empty when it does not run."""
        service = self.services.get(self.FACTS.key)
        return f"http://{ports.LOOPBACK}:{service.port}" if service is not None and service.alive else ""

    def start(self) -> str:
        """Start it unless it runs, and wait until it answers, also where it runs; return its address.

        Raises
        ------
        HostError
            When the port is taken, or it does not come up.
        """
        facts, ran_before = self.FACTS, self.is_running()
        if not ran_before:
            self._begin()
        deadline = time.monotonic() + facts.start_s
        while not self._answers():
            if not self.is_running() or time.monotonic() > deadline:
                if ran_before:
                    raise HostError(f"{facts.title} does not answer: {self._said()} (all of it: {self.log})")
                self.stop()
                raise HostError(f"{facts.title} did not come up: {self._said()} (all of it: {self.log})")
            time.sleep(facts.poll_s)
        return self.url

    def _begin(self) -> None:
        facts, last = self.FACTS, self.services.get(self.FACTS.key)
        if last is not None:  # its first process died, and what it started may hold the port yet
            stop_session(last.mark, timeout_s=facts.stop_s)
        port = ports.choose(self.port, service=facts.name, setting=facts.setting, last=last.port if last else None)
        mark = start_detached(self.command(port), log=self.log, env=self.environment())
        self.services.put(facts.key, Service(mark.pid, mark.started_at, port, str(self.log)))

    def _said(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.is_file() else []
        return lines[-1] if lines else "it said nothing"

    def stop(self) -> None:
        """Stop it; requests that run are finished first, and what it keeps stays."""
        service = self.services.get(self.FACTS.key)
        if service is not None:
            stop_session(service.mark, timeout_s=self.FACTS.stop_s)

    def _answers(self) -> bool:
        try:
            return (
                bool(self.url) and httpx.get(f"{self.url}{self.FACTS.health}", timeout=self.FACTS.answer_s).is_success
            )
        except httpx.HTTPError:
            return False
