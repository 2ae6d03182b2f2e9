"""A real Kafka broker on this host: one node, KRaft, loopback only."""

import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from string import Template
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from fink_lib.cli.host import ports
from fink_lib.cli.host.java import find_java
from fink_lib.cli.host.processes import start_detached, stop_session
from fink_lib.cli.host.services import KAFKA, Service, Services
from fink_lib.errors import HostError

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
FORMAT_TIMEOUT_S = 60.0
LOG_TAIL_LINES = 5

# Nothing expires: a stream that meets a hole in its topic fails on purpose, and a home is deleted as a whole.
# Internal topics get few partitions: their default of 50 only makes starting and stopping slow on one node.
PROPERTIES = Template("""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$log_dir
auto.create.topics.enable=true
num.partitions=$partitions
message.max.bytes=16777216
replica.fetch.max.bytes=16777216
log.retention.ms=-1
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
""")
LOGGING = """\
status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=info
"""


class LocalKafka:
    """One broker of one home.

    Parameters
    ----------
    home
        The broker keeps everything in ``home/kafka``.
    jars
        Folder of the pinned broker jars.
    port
        Where clients connect; 0 takes a free port, the last one again if it can.
    default_partitions
        Partitions of a topic that a producer creates by writing to it.
    """

    def __init__(self, home: Path, jars: Path, port: int = 0, *, default_partitions: int = 4) -> None:
        self.home = home
        self.jars = jars
        self.port = port
        self.default_partitions = default_partitions
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
        """Address for clients.

        Raises
        ------
        HostError
            When the broker does not run.
        """
        service = self.services.get(KAFKA)
        if service is None or not service.alive:
            raise HostError(f"Kafka of {self.home} does not run: start it with `fink kafka start`")
        return f"{ports.LOOPBACK}:{service.port}"

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
        last = self.services.get(KAFKA)
        port = ports.choose(self.port, service="Kafka", setting="FINK_KAFKA_PORT", last=last.port if last else None)
        config = self._configure(port)
        self._format(java, config)
        command = [*self._jvm(java), "-Xms256m", "-Xmx512m", "kafka.Kafka", str(config)]
        mark = start_detached(command, log=self.log, cwd=self.folder)
        self.services.put(KAFKA, Service(mark.pid, mark.started_at, port, str(self.log)))
        self._wait_until_it_answers(port)
        return self.bootstrap

    def stop(self) -> None:
        """Stop the broker; its data stays. Stopping what does not run is no error."""
        service = self.services.get(KAFKA)
        if service is not None:
            stop_session(service.mark, timeout_s=STOP_TIMEOUT_S)

    def _configure(self, port: int) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log4j2.properties").write_text(LOGGING)
        config = self.folder / "server.properties"
        config.write_text(
            PROPERTIES.substitute(
                port=port,
                controller_port=ports.free_ports(1)[0],
                log_dir=self.folder / "data",
                partitions=self.default_partitions,
            )
        )
        return config

    def _jvm(self, java: str) -> list[str]:
        return [java, "-cp", f"{self.jars}/*", f"-Dlog4j2.configurationFile={self.folder}/log4j2.properties"]

    def _format(self, java: str, config: Path) -> None:
        """Give the data folder its identity, once."""
        if (self.folder / "data" / "meta.properties").exists():
            return
        # The A keeps an id from beginning with a dash, which the tool would take for an option.
        cluster = "A" + urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        command = [*self._jvm(java), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(config)]
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
