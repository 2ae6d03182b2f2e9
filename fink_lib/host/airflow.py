"""A real Airflow on this host: `airflow standalone` with SQLite or PostgreSQL, bound to the loopback interface."""

import contextlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Self

import httpx

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host import ports
from fink_lib.host.airflow_api import AirflowApi
from fink_lib.host.airflow_config import POOLS, USER, airflow_command, airflow_environment, write_front_door
from fink_lib.host.airflow_db import require_database
from fink_lib.host.services import AIRFLOW, Service, Services
from fink_lib.processes.detached import end_children, start_detached, stop_session

# 25 s on two idle cores; a host that is busy with other work needs many times that, and it is seen to be alive.
START_TIMEOUT_S = 900.0
STOP_TIMEOUT_S = 45.0
POLL_S = 0.5
LOG_TAIL_LINES = 5


@dataclass(frozen=True)
class Login:
    """How a person gets into the UI."""

    url: str
    user: str
    password: str


class LocalAirflow:
    """The Airflow of one home.

    Parameters
    ----------
    settings
        Home, port and project; its children inherit these settings, so the Kafka address must be the real one.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.home.absolute() / "airflow"
        self.log = self.folder / "standalone.log"
        self.services = Services(settings.home)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def is_running(self) -> bool:
        """Tell whether its process is there."""
        service = self.services.get(AIRFLOW)
        return service is not None and service.alive

    @property
    def login(self) -> Login:
        """Address, user and password of the running UI.

        Raises
        ------
        HostError
            When Airflow does not run.
        """
        service = self.services.get(AIRFLOW)
        if service is None or not service.alive:
            raise HostError(f"Airflow of {self.settings.home} does not run: start it with `fink up`")
        return Login(f"http://{ports.LOOPBACK}:{service.port}", USER, self._password())

    def api(self) -> AirflowApi:
        """Return a client of the running Airflow; close it, or use it in a ``with`` block."""
        login = self.login
        return AirflowApi(login.url, login.user, login.password)

    def start(self) -> Login:
        """Start Airflow unless it runs, wait until every part is healthy, and make sure that the pools exist.

        Raises
        ------
        HostError
            When the port is taken, its database cannot be used, or Airflow does not come up.
        """
        if not self.is_running():
            require_database(self.settings)
            self._launch()
        self._wait_until_healthy()
        with self.api() as api:
            for name, (slots, description, include_deferred) in POOLS.items():
                api.ensure_pool(name, slots, description, include_deferred=include_deferred)
        return self.login

    def stop(self) -> None:
        """Stop Airflow with every process of its session; streams have sessions of their own and go on."""
        service = self.services.get(AIRFLOW)
        if service is None:
            return
        # The parent would leave its parts behind when told to end, so the parts are told first.
        end_children(service.mark, timeout_s=STOP_TIMEOUT_S)
        stop_session(service.mark, timeout_s=2.0)

    def _launch(self) -> None:
        last = self.services.get(AIRFLOW)
        if last is not None:
            # Parts of an Airflow whose parent was killed survive it: they hold the port and would run tasks twice.
            stop_session(last.mark, timeout_s=0.0)
        port = ports.choose(
            self.settings.airflow_port,
            service="Airflow",
            setting="FINK_AIRFLOW_PORT",
            last=last.port if last else None,
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)  # airflow.cfg and login.json hold secrets
        self._password()
        write_front_door(self.folder)
        environment = airflow_environment(self.settings, port, self.folder)
        mark = start_detached(airflow_command(environment), log=self.log, env=environment, cwd=self.folder)
        self.services.put(AIRFLOW, Service(mark.pid, mark.started_at, port, str(self.log)))

    def _password(self) -> str:
        """Return the password of the UI, made up at the first start."""
        path = self.folder / "login.json"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(json.dumps({USER: secrets.token_urlsafe(12)}))
        return str(json.loads(path.read_text())[USER])

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        waiting_for: list[str] = ["its API"]
        while time.monotonic() < deadline:
            if not self.is_running():
                raise HostError(f"Airflow ended while starting: {self._last_words()}; see {self.log}")
            with contextlib.suppress(httpx.HTTPError), self.api() as api:
                waiting_for = api.unhealthy_parts()
                if not waiting_for:
                    return
            time.sleep(POLL_S)
        self.stop()
        raise HostError(
            f"Airflow was not healthy within {START_TIMEOUT_S:.0f} s, still missing {', '.join(waiting_for)}; "
            f"see {self.log}"
        )

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return " / ".join(lines[-LOG_TAIL_LINES:]) or "it said nothing"
