"""The real broker: up, used, down, with nothing left behind."""

import socket
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, Producer

from fink_lib.cli import main as cli
from fink_lib.cli.host import ports
from fink_lib.cli.host.jars import KAFKA, ensure_jars
from fink_lib.cli.host.kafka import LocalKafka
from fink_lib.cli.host.services import Services
from fink_lib.cli.host.topics import list_topics
from fink_lib.config import Settings
from fink_lib.errors import HostError

pytestmark = pytest.mark.kafka
BIG_MESSAGE_BYTES = 8_000_000


def produce(bootstrap: str, topic: str, *values: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "message.max.bytes": 16_000_000, "log_level": 0})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0


def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "t", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    try:
        messages = consumer.consume(count, timeout=60)
        return sorted(message.value() or b"" for message in messages)
    finally:
        consumer.close()


def processes_naming(path: Path) -> list[psutil.Process]:
    return [each for each in psutil.process_iter(["cmdline"]) if str(path) in " ".join(each.info["cmdline"] or [])]


def test_start_use_stop_start_again(jars: dict[str, Path], tmp_path: Path) -> None:
    kafka = LocalKafka(tmp_path, jars["kafka"], default_partitions=3)
    bootstrap = kafka.start()
    try:
        assert kafka.start() == bootstrap, "starting what runs changes nothing"
        produce(bootstrap, "alerts", b"one", b"two", b"x" * BIG_MESSAGE_BYTES)
        (topic,) = list_topics(bootstrap)
        assert (topic.name, topic.partitions, topic.messages) == ("alerts", 3, 3)
        listening = psutil.net_connections("tcp")
        ours = [
            each for each in listening if each.status == "LISTEN" and each.pid == Services(tmp_path).read()["kafka"].pid
        ]
        assert len(ours) == 2
        assert {each.laddr.ip.removeprefix("::ffff:") for each in ours} == {"127.0.0.1"}
        kafka.stop()
        assert not kafka.is_running()
        assert processes_naming(tmp_path) == []
        assert not ports.answers(int(bootstrap.split(":")[1]))
        assert LocalKafka(tmp_path, jars["kafka"]).start() == bootstrap, "a restart takes the same port"
        assert consume(bootstrap, "alerts", 3)[:2] == [b"one", b"two"]
    finally:
        kafka.stop()
    assert processes_naming(tmp_path) == []


def test_port_taken(jars: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SystemExit) as end:
            cli.main(["kafka", "start", "--home", str(tmp_path), "--port", str(port)])
    assert end.value.code == 2
    assert f"fink: port {port} for Kafka is taken by another program" in capsys.readouterr().err
    assert processes_naming(tmp_path) == []


def test_a_broker_that_cannot_start_says_why(jars: dict[str, Path], tmp_path: Path) -> None:
    kafka = LocalKafka(tmp_path, jars["kafka"])
    kafka.start()
    kafka.stop()
    (tmp_path / "kafka" / "data" / "meta.properties").write_text("version=1\nnode.id=7\n")
    with pytest.raises(HostError, match=r"Kafka ended while starting: .*see .*broker.log"):
        kafka.start()


def test_without_jars(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="run `fink jars` once"):
        LocalKafka(tmp_path, tmp_path).start()


def test_the_lock_is_what_maven_central_has(tmp_path: Path) -> None:
    """From an empty cache, with the real Ivy and the real registry."""
    said: list[str] = []
    folder = ensure_jars(tmp_path, (KAFKA,), said.append)[KAFKA]
    assert len(list(folder.glob("kafka_2.13-*.jar"))) == 1
    assert any(line.startswith("  46/46 ") for line in said)
    with LocalKafka(Settings(home=tmp_path / "home").home, folder) as kafka:
        assert list_topics(kafka.bootstrap) == []
