"""The real broker: up, used, down, with nothing left behind."""

import socket
from pathlib import Path
from typing import TypeAlias

import psutil
import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from fink_lib.cli import main as cli
from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host import ports
from fink_lib.host.jars import KAFKA, ensure_jars
from fink_lib.host.kafka import LocalKafka
from fink_lib.host.services import Services
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import list_topics
from fink_lib.kafka.users import grant, put_user
from tests.integration.host.throwaway_ca import issue

pytestmark = pytest.mark.kafka
Config: TypeAlias = dict[str, str | int | float | bool]
BIG_MESSAGE_BYTES = 8_000_000
PASSWORD = "correct horse battery"


def ours(kafka: LocalKafka) -> Config:
    """How our own programs connect."""
    connection = kafka.connection
    return {"bootstrap.servers": connection["kafka_bootstrap"], "log_level": 0, **connection["kafka_security"]}


def produce(conf: Config, topic: str, *values: bytes) -> None:
    producer = Producer({**conf, "message.max.bytes": 16_000_000})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0


def consume(conf: Config, topic: str, count: int) -> list[bytes]:
    consumer = Consumer({**conf, "group.id": "t", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    try:
        messages = consumer.consume(count, timeout=60)
        return sorted(message.value() or b"" for message in messages)
    finally:
        consumer.close()


def topics_for(conf: Config) -> set[str]:
    """Return what a client is told of; an error where it cannot even ask."""
    return {name for name in AdminClient(conf).list_topics(timeout=3).topics if not name.startswith("__")}


def processes_naming(path: Path) -> list[psutil.Process]:
    return [each for each in psutil.process_iter(["cmdline"]) if str(path) in " ".join(each.info["cmdline"] or [])]


def test_start_use_stop_start_again_with_tls(jars: dict[str, Path], tmp_path: Path) -> None:
    kafka = LocalKafka(tmp_path, jars["kafka"], default_partitions=3)
    bootstrap = kafka.start()
    try:
        assert kafka.start() == bootstrap, "starting what runs changes nothing"
        us = ours(kafka)
        produce(us, "alerts", b"one", b"two", b"x" * BIG_MESSAGE_BYTES)
        (topic,) = list_topics(Connection(kafka.connection["kafka_bootstrap"], kafka.connection["kafka_security"]))
        assert (topic.name, topic.partitions, topic.messages) == ("alerts", 3, 3)
        put_user(AdminClient(us), "sn-team", PASSWORD)
        grant(AdminClient(us), "sn-team", ["alerts"])
        pid = Services(tmp_path).read()["kafka"].pid
        listening = [each for each in psutil.net_connections("tcp") if each.status == "LISTEN" and each.pid == pid]
        assert len(listening) == 4, "one for anyone, one for users, one for us, one for the controller"
        assert {each.laddr.ip.removeprefix("::ffff:") for each in listening} == {"127.0.0.1"}
        assert set(Settings().kafka_java_options.split()) < set(psutil.Process(pid).cmdline())
        check_secrets(kafka, str(us["sasl.password"]))
        kafka.stop()
        assert not kafka.is_running()
        assert processes_naming(tmp_path) == []
        assert not ports.answers(int(bootstrap.split(":")[1]))

        authority, server = issue(tmp_path)
        again = LocalKafka(tmp_path, jars["kafka"], tls=server)
        assert again.start() == bootstrap, "a restart takes the same port"
        assert ours(again) == us, "what runs goes on with the address that it knows"
        assert consume(us, "alerts", 3)[:2] == [b"one", b"two"]
        check_tls(again.users, authority)
    finally:
        kafka.stop()
    assert processes_naming(tmp_path) == []


def check_secrets(kafka: LocalKafka, password: str) -> None:
    """Assert that the password of our own programs is readable for us only, and shown nowhere."""
    assert kafka.folder.stat().st_mode & 0o077 == 0
    holding = [path for path in kafka.folder.glob("*") if path.is_file() and password in path.read_text()]
    assert {path.name for path in holding} == {"login.json", "server.properties"}
    assert {path.stat().st_mode & 0o777 for path in holding} == {0o600}
    assert not any(
        password in word for process in psutil.process_iter(["cmdline"]) for word in process.info["cmdline"] or ()
    )


def check_tls(address: str, authority: Path) -> None:
    """Assert that a user gets in by TLS alone, and only who trusts the authority does."""
    user: Config = {
        "bootstrap.servers": address, "log_level": 0, "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(authority), "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "sn-team",
        "sasl.password": PASSWORD,
    }  # fmt: skip
    assert topics_for(user) == {"alerts"}
    strangers = {name: value for name, value in user.items() if name != "ssl.ca.location"}
    for refused in (strangers, {**user, "security.protocol": "SASL_PLAINTEXT"}):
        with pytest.raises(KafkaException):
            topics_for(refused)


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


def test_a_pem_file_that_is_not_there(jars: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"there is no PEM file .*/none.pem .* check FINK_KAFKA_USERS_TLS"):
        LocalKafka(tmp_path, jars["kafka"], tls=tmp_path / "none.pem").start()


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
        assert topics_for(ours(kafka)) == set()
