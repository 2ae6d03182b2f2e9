"""A real Kafka broker on this host: one node, KRaft, loopback only; listeners for anyone, for users, and for us."""

import json
import secrets
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from fink_lib.config.groups.kafka import LocalKafkaSettings
from fink_lib.errors import HostError
from fink_lib.host import ports
from fink_lib.host.java import find_java
from fink_lib.host.kafka_config import ADMIN, LOGGING, Listeners, admin_security, broker_properties
from fink_lib.host.services import KAFKA, Service, Services
from fink_lib.processes.detached import start_detached, stop_session

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
FORMAT_TIMEOUT_S = 60.0
LOG_TAIL_LINES = 5
QUICK = LocalKafkaSettings().kafka_java_options  # what the tool of a second runs with, whatever a broker does


class LocalKafka:
    """One broker of one home.

    Parameters
    ----------
    home
        The broker keeps everything in ``home/kafka``.
    jars
        Folder of the pinned broker jars.
    port
        Where anonymous clients connect; 0 takes a free port, the last one again if it can.
    users_port
        Where clients with a password connect; 0 as above.
    tls
        PEM file with the key and the certificates of the listener for users, which is not encrypted without it.
    secured
        Without it everybody may do everything: for the tests of single stages.
    default_partitions
        Partitions of a topic that a producer creates by writing to it.
    java_options
        Further options of its JVM, with blanks between them.
    """

    def __init__(
        self,
        home: Path,
        jars: Path,
        port: int = 0,
        *,
        users_port: int = 0,
        tls: Path | None = None,
        secured: bool = True,
        default_partitions: int = 4,
        java_options: str = QUICK,
    ) -> None:
        self.home = home
        self.jars = jars
        self.port, self.users_port = port, users_port
        self.tls, self.secured = tls, secured
        self.default_partitions, self.java_options = default_partitions, java_options
        self.folder = home / "kafka"
        self.log = self.folder / "broker.log"
        self.services = Services(home)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """Address for anonymous clients: public topics, reading only.

        Raises
        ------
        HostError
            When the broker does not run.
        """
        return f"{ports.LOOPBACK}:{self._running().port}"

    @property
    def users(self) -> str:
        """Address for clients with a password.

        Raises
        ------
        HostError
            When the broker does not run.
        """
        return self._listener("users")

    @property
    def addresses(self) -> frozenset[str]:
        """Every address that clients may know it by.

        Raises
        ------
        HostError
            When the broker does not run.
        """
        service = self._running()
        return frozenset(f"{ports.LOOPBACK}:{port}" for port in (service.port, *service.more_ports.values()))

    @property
    def connection(self) -> dict[str, Any]:
        """The settings by which our own programs reach the broker, with every right; they hold a password.

        Raises
        ------
        HostError
            When the broker does not run.
        """
        return {"kafka_bootstrap": self._listener("internal"), "kafka_security": admin_security(self._password())}

    def _running(self) -> Service:
        service = self.services.get(KAFKA)
        if service is None or not service.alive:
            raise HostError(f"Kafka of {self.home} does not run: start it with `fink kafka start`")
        return service

    def _listener(self, name: str) -> str:
        port = self._running().more_ports.get(name)
        if port is None:
            raise HostError(
                f"Kafka of {self.home} was started by an older version, without a listener for {name}: "
                "stop everything with `fink down` and start it again"
            )
        return f"{ports.LOOPBACK}:{port}"

    def is_running(self) -> bool:
        """Tell whether the broker's process is there."""
        service = self.services.get(KAFKA)
        return service is not None and service.alive

    def start(self) -> str:
        """Start the broker unless it runs, and wait until it answers.

        Returns
        -------
        str
            Address for clients, ``127.0.0.1:port``.

        Raises
        ------
        HostError
            When Java or the jars are missing, the port is taken, or the broker does not come up.
        """
        if self.is_running():
            return self.bootstrap
        java = str(find_java().path)
        if not any(self.jars.glob("kafka_*.jar")):
            raise HostError(f"no Kafka jars in {self.jars}: run `fink jars` once to fetch them")
        listeners = self._choose_ports()
        config = self._configure(listeners)
        self._format(java, config)
        command = [*self._jvm(java), *self.java_options.split(), "-Xms256m", "-Xmx512m", "kafka.Kafka", str(config)]
        mark = start_detached(command, log=self.log, cwd=self.folder)
        more = {"users": listeners.users, "internal": listeners.internal}
        self.services.put(KAFKA, Service(mark.pid, mark.started_at, listeners.public, str(self.log), more))
        self._wait_until_it_answers(listeners.public)
        return self.bootstrap

    def stop(self) -> None:
        """Stop the broker; its data stays. Stopping what does not run is no error."""
        service = self.services.get(KAFKA)
        if service is not None:
            stop_session(service.mark, timeout_s=STOP_TIMEOUT_S)

    def _choose_ports(self) -> Listeners:
        """Choose where to listen: the same as the last time wherever nothing else is asked for."""
        last = self.services.get(KAFKA)
        before = {} if last is None else {"public": last.port, **last.more_ports}
        public = ports.choose(self.port, service="Kafka", setting="FINK_KAFKA_PORT", last=before.get("public"))
        users = ports.choose(
            self.users_port, service="Kafka's users", setting="FINK_KAFKA_USERS_PORT", last=before.get("users")
        )
        # Nobody types this one, but programs that run already know it.
        internal = ports.choose(0, service="Kafka", setting="FINK_KAFKA_PORT", last=before.get("internal"))
        return Listeners(public, users, internal, controller=ports.free_ports(1)[0])

    def _configure(self, listeners: Listeners) -> Path:
        if self.tls is not None and not self.tls.is_file():
            raise HostError(f"there is no PEM file {self.tls} for the listener of users: check FINK_KAFKA_USERS_TLS")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)  # the password of our own programs is in here
        (self.folder / "log4j2.properties").write_text(LOGGING)
        config = self.folder / "server.properties"
        config.touch(mode=0o600)
        config.chmod(0o600)
        config.write_text(
            broker_properties(
                listeners,
                self._password(),
                log_dir=self.folder / "data",
                partitions=self.default_partitions,
                secured=self.secured,
                tls=self.tls,
            )
        )
        return config

    def _password(self) -> str:
        """Return the password of our own programs, made up at the first start."""
        path = self.folder / "login.json"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(json.dumps({ADMIN: secrets.token_urlsafe(24)}))
        return str(json.loads(path.read_text())[ADMIN])

    def _jvm(self, java: str) -> list[str]:
        return [java, "-cp", f"{self.jars}/*", f"-Dlog4j2.configurationFile={self.folder}/log4j2.properties"]

    def _format(self, java: str, config: Path) -> None:
        """Give the data folder its identity, once."""
        if (self.folder / "data" / "meta.properties").exists():
            return
        # The A keeps an id from beginning with a dash, which the tool would take for an option.
        cluster = "A" + urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        tool = [*self._jvm(java), *QUICK.split(), "kafka.tools.StorageTool"]
        command = [*tool, "format", "-t", cluster, "-c", str(config)]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=FORMAT_TIMEOUT_S, check=False)
        if answer.returncode != 0:
            raise HostError(f"Kafka could not prepare {self.folder}/data: {(answer.stderr or answer.stdout).strip()}")

    def _wait_until_it_answers(self, port: int) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if not self.is_running():
                raise HostError(f"Kafka ended while starting: {self._last_words()}; see {self.log}")
            if ports.answers(port) and _has_broker(port):
                return
            time.sleep(0.1)
        self.stop()
        raise HostError(f"Kafka did not answer on port {port} within {START_TIMEOUT_S:.0f} s; see {self.log}")

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        telling = [line for line in lines if "ERROR" in line or "Exception" in line]
        return " / ".join((telling or lines)[-LOG_TAIL_LINES:]) or "it said nothing"


def _has_broker(port: int) -> bool:
    client = AdminClient({"bootstrap.servers": f"{ports.LOOPBACK}:{port}", "log_level": 0})
    try:
        return len(client.list_topics(timeout=2).brokers) > 0
    except KafkaException:
        return False
