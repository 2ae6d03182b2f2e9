"""The test bed: a home of its own, a Kafka of its own, amplified packets on one topic; gone when it is left."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from confluent_kafka import KafkaError, Message

from fink_lib.bench.memory import MemoryWatch
from fink_lib.bench.report import Batch
from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError, HostError
from fink_lib.host.class_archive import ensure_class_archive
from fink_lib.host.jars import KAFKA, ensure_jars, jar_dir
from fink_lib.host.kafka import LocalKafka
from fink_lib.host.log_store import ensure_log_store
from fink_lib.host.services import KAFKA as KAFKA_SERVICE
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.producing import INPUT_CONFIG, ReportingProducer
from fink_lib.kafka.topics import INPUT_TOPIC_CONFIG, create_missing
from fink_lib.simulator.packets import examine
from fink_lib.simulator.spool import Slot, Spool
from fink_lib.streams.runner import settings_environment
from fink_lib.surveys import Survey

Say = Callable[[str], None]
PARTITIONS = 4
_LINE_EVERY_S = 15.0
_NO_INPUT = {"bootstrap": None, "security": None, "group_prefix": None, "topics": None}  # the bed's own Kafka is read


@dataclass(frozen=True)
class Decoded:
    """What the yard-stick did: when its stream began, and its batches."""

    began_s: float
    batches: list[Batch]


class BenchEnvironment:
    """Everything a benchmark stands on.

    Parameters
    ----------
    settings
        What the drivers run with; home and Kafka are replaced by the bed's own.
    survey
        Whose packets.
    say
        Receives a line for each step.
    """

    def __init__(self, settings: Settings, survey: Survey, say: Say) -> None:
        settings.cache.mkdir(parents=True, exist_ok=True)
        self.home = Path(tempfile.mkdtemp(prefix="bench-", dir=settings.cache.parent))
        self.survey, self.say = survey, say
        chosen = settings.of_survey(survey.name).model_copy(update=_NO_INPUT)
        self.settings = settings.at_home(self.home).model_copy(update={"of_surveys": {survey.name: chosen}})
        self.memory = MemoryWatch()
        self.spool = Spool()
        self.waiting: list[Slot] = []
        self.topic = ""
        self._first, self._prefix = b"", (0, "")
        self._kafka = LocalKafka(self.home, jar_dir(settings.cache, KAFKA), java_options=settings.kafka_java_options)

    def __enter__(self) -> Self:
        try:
            ensure_jars(self.settings.cache, say=self.say)
            ensure_log_store(self.settings, self.say)
            ensure_class_archive(self.settings, self.say)
            self._kafka.start()
            self.settings = self.settings.model_copy(update=self._kafka.connection)
            self.memory.start()
            if (service := self._kafka.services.get(KAFKA_SERVICE)) is not None:
                self.memory.add("kafka", service.pid)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.memory.close()
        self._kafka.stop()
        self.spool.__exit__()
        shutil.rmtree(self.home, ignore_errors=True)

    def prepare(self, packets: Iterable[bytes], count: int) -> None:
        """Make packets ready on disk, so that making them does not compete with what is measured.

        Parameters
        ----------
        packets
            Framed messages of one night, whose topic is made.
        count
            How many there are, for the lines that tell of progress.

        Raises
        ------
        ConfigError
            When the packets were written with different schemas: the yard-stick decodes one.
        """
        line_s = time.monotonic() + _LINE_EVERY_S
        for number, message in enumerate(packets):
            if not self._first:
                self._meet(message)
            if prefix_of(message, self.survey) != self._prefix:
                raise ConfigError(
                    "the packets to amplify have different schemas: take them from one archive of one version"
                )
            self.waiting.append(self.spool.append(message))
            if time.monotonic() > line_s:
                line_s = time.monotonic() + _LINE_EVERY_S
                self.say(f"  {number + 1} of {count} packets")

    def _meet(self, message: bytes) -> None:
        night = examine(message, self.survey).night
        if night is None:
            raise ConfigError("the packets to amplify belong to no night")
        self._first, self.topic = message, self.survey.topic_of(night)
        self._prefix = prefix_of(message, self.survey)
        create_missing(self._input, {self.topic: PARTITIONS}, INPUT_TOPIC_CONFIG)

    @property
    def _input(self) -> Connection:
        return Connection.to(self.survey.connection(self.settings))

    def load(self, count: int, rate: float | None = None) -> None:
        """Send the next packets, at a rate or at once.

        Parameters
        ----------
        count
            How many of those that were made ready, in their order.
        rate
            Packets a second; None sends them at once.

        Raises
        ------
        BrokerError
            When Kafka refuses one.
        """
        refused: list[str] = []

        def reported(_: None, error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                refused.append(error.str())

        sender = ReportingProducer(self._input, INPUT_CONFIG, reported)
        begin = time.monotonic()
        slots, self.waiting = self.waiting[:count], self.waiting[count:]
        for number, slot in enumerate(slots):
            if rate is not None:
                sender.wait_until(begin + number / rate)
            sender.send(None, self.topic, number % PARTITIONS, self.spool.read(slot))
        sender.finish()
        if refused:
            raise BrokerError(f"Kafka refused {len(refused)} of {count} packets: {refused[0]}")

    def plain_decode(self, timeout_s: float) -> Decoded:
        """Run the yard-stick on the topic.

        Raises
        ------
        HostError
            When it fails or does not end in time.
        """
        out = self.home / "plain-decode"
        out.mkdir()
        (out / "writer.avsc").write_text(self._prefix[1])
        facts = [self.topic, str(self._prefix[0]), str(out / "writer.avsc"), str(out)]
        command = [sys.executable, "-m", "fink_lib.bench.plain_decode", *facts]
        with (self.home / "plain-decode.log").open("w+") as log:
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=settings_environment(self.settings),
                cwd=self.settings.project,
            )
            self.memory.add("plain decode", process.pid)
            try:
                printed, _ = process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired as error:
                raise HostError(f"the plain decode did not end within {timeout_s:.0f} s") from error
            finally:
                if process.poll() is None:
                    process.kill()  # its JVM ends with it
                    process.wait()
            if process.returncode != 0:
                log.seek(0)
                last = (log.read().strip().splitlines() or ["it said nothing"])[-1]
                raise HostError(f"the plain decode failed: {last}")
        shutil.rmtree(out)
        answer = json.loads(printed.strip().splitlines()[-1])
        return Decoded(answer["began_s"], [Batch(*batch) for batch in answer["batches"]])


def prefix_of(message: bytes, survey: Survey) -> tuple[int, str]:
    """Return how many bytes stand before the datum, and the schema that it is written with.

    Parameters
    ----------
    message
        A whole message, framed.
    survey
        Whose framing it has.

    Raises
    ------
    ConfigError
        When the datum does not stand in the message as it is.
    """
    datum = survey.framing.unwrap(message)
    at = message.find(datum.body)
    if at < 0:
        raise ConfigError("the packet holds its datum compressed")
    return at, datum.text
