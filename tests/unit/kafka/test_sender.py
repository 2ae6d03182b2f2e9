"""What Kafka says of messages on their way out: a limit of a topic is no alert's fault."""

import datetime as dt
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.message import Facts
from fink_lib.kafka.sending import MessageTooLarge, Sender
from fink_lib.kafka.topics import MAX_MESSAGE_BYTES

FACTS = Facts(dt.date(2021, 11, 1), 1, "ZTF21aaaaaaa", "f", "1", None, None, None, "0")
MESSAGE = cast("Any", SimpleNamespace(topic=lambda: "fink_f_ztf"))


@pytest.fixture
def sender(settings: Settings) -> Iterator[Sender]:
    """A sender to nobody: nothing listens at the port."""
    made = Sender(settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"}))
    yield made
    made._producer.abandon()


def test_a_topic_that_takes_smaller_batches_is_named(sender: Sender) -> None:
    sender._report(FACTS, KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), MESSAGE)
    with pytest.raises(ConfigError, match=f"fink_f_ztf takes no batch .* max.message.bytes to {MAX_MESSAGE_BYTES}"):
        sender.delivered()
    assert sender.delivered() == []


def test_another_refusal_passes(sender: Sender) -> None:
    sender._report(FACTS, KafkaError(KafkaError.NOT_ENOUGH_REPLICAS), MESSAGE)
    with pytest.raises(BrokerError, match="did not take 1 of the messages"):
        sender.delivered()


def test_a_message_larger_than_any_is_refused_at_once(sender: Sender) -> None:
    with pytest.raises(MessageTooLarge, match="Message size too large"):
        sender.send("fink_f_ztf", b"", b"0" * (MAX_MESSAGE_BYTES + 1), FACTS)
