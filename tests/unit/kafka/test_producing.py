"""A Kafka that is not there: what a client is told of it, and what a report then says."""

import pytest
from confluent_kafka import KafkaError, KafkaException, Message

from fink_lib.config import Settings
from fink_lib.errors import BrokerError
from fink_lib.kafka.connection import QUIET, Connection
from fink_lib.kafka.producing import INPUT_CONFIG, OUTPUT_CONFIG, Delivery, ReportingProducer
from fink_lib.kafka.reading import TopicReader, list_topics
from fink_lib.kafka.topics import create_missing, partitions_by_topic

NOWHERE = Connection("127.0.0.1:1")
SOON_MS = 300


def test_a_client_speaks_as_its_connection_says_and_keeps_its_own_settings(settings: Settings) -> None:
    secured = settings.model_copy(update={"kafka_security": {"sasl.username": "fink"}})
    told = Connection.of(secured).client({"group.id": "mine"})
    assert told == {"bootstrap.servers": settings.kafka_bootstrap, "sasl.username": "fink", "group.id": "mine"}


@pytest.mark.parametrize("config", [INPUT_CONFIG, OUTPUT_CONFIG], ids=["input", "output"])
def test_each_message_that_does_not_arrive_is_reported_under_its_tag(config: dict[str, str]) -> None:
    found: dict[str, Delivery] = {}

    def reported(tag: str, error: KafkaError | None, message: Message) -> None:
        found[tag] = Delivery.of(error, message)

    producer = ReportingProducer(NOWHERE, {**config, **QUIET, "linger.ms": 5, "delivery.timeout.ms": SOON_MS}, reported)
    producer.send("first", "alerts", 0, b"one")
    producer.send("second", "alerts", 3, b"two", key=b"key", headers=[("name", b"value")])
    producer.finish()
    assert {tag: (one.partition, one.offset) for tag, one in found.items()} == {"first": (0, -1), "second": (3, -1)}
    assert all(one.error for one in found.values())
    producer.close()


def test_a_message_that_is_too_large_is_refused_at_once() -> None:
    producer = ReportingProducer(NOWHERE, INPUT_CONFIG, lambda _tag, _error, _message: None)
    with pytest.raises(KafkaException):
        producer.send(None, "alerts", 0, bytes(INPUT_CONFIG["message.max.bytes"] + 1))  # type: ignore[operator]
    producer.close()


def test_whoever_looks_is_told_in_one_sentence() -> None:
    with pytest.raises(BrokerError, match=r"no Kafka answers at 127\.0\.0\.1:1: .*; start it or set FINK_KAFKA_BOO"):
        partitions_by_topic(NOWHERE, answer_s=0.2)
    with pytest.raises(BrokerError, match=r"no Kafka answers at 127\.0\.0\.1:1"):
        create_missing(NOWHERE, {"alerts": 4}, {}, answer_s=0.2)
    with TopicReader(NOWHERE, facts=QUIET, answer_s=0.2) as reader:
        with pytest.raises(BrokerError, match=r"did not list its topics: .*is it up \(`fink status`\)\?"):
            reader.topics()
        with pytest.raises(BrokerError, match=r"did not tell the ends of alerts\[0\]"):
            reader.watermarks("alerts", 0)


def test_a_list_of_topics_says_how_to_start_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fink_lib.kafka.reading.LIST_ANSWER_S", 0.2)
    with pytest.raises(BrokerError, match="does not answer: start it with `fink kafka start`"):
        list_topics(NOWHERE)
