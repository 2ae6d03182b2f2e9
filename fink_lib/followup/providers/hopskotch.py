"""Messages on a topic of Hopskotch, the Kafka of SCiMMA, as hop-client writes them.

A message bears its name as the header `_id` (16 bytes), which is made of the report's: so one that may have arrived is
found again on the topic.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from fink_lib.followup.providers.base import Answer
from fink_lib.followup.states import State
from fink_lib.kafka.connection import QUIET

PORT, TIMEOUT_S = 9092, 30.0
LOOKED_BACK = 2_000  # messages of a partition that are looked at for ours
NAME, FORMAT = "_id", "_format"
JSON, VOEVENT = b"json", b"voevent"
REFUSALS = frozenset({
    KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED, KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - their names
})  # fmt: skip


class Hopskotch:
    """A topic.

    Parameters
    ----------
    address
        As ``kafka://host:port``.
    topic
        Its name.
    username, password
        Of an account there (SCRAM, over TLS); without a name nobody logs in.
    timeout_s
        How long an answer may take.
    """

    can_find = True

    def __init__(self, address: str, topic: str, username: str, password: str, timeout_s: float = TIMEOUT_S) -> None:
        where = urlsplit(address)
        self._topic, self._timeout_s = topic, timeout_s
        account = {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": username,
                   "sasl.password": password}  # fmt: skip
        servers = f"{where.hostname}:{where.port or PORT}"
        self._client: dict[str, Any] = {"bootstrap.servers": servers, **QUIET, **(account if username else {})}

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def payload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the message with its name."""
        return {"name": request["body"]["request_key"], "content": dict(request["body"]["report"])}

    def submit(self, payload: Mapping[str, Any]) -> Answer:
        """Write a message, and wait until Kafka has taken it."""
        value, form = _packed(payload["content"])
        told: list[tuple[KafkaError | None, Message]] = []
        limit_ms = int(self._timeout_s * 1_000)
        # what Kafka repeats of itself is written once (idempotence); what it does not take in time is given up
        producer = Producer({**self._client, "enable.idempotence": True, "message.timeout.ms": limit_ms})
        headers: list[tuple[str, str | bytes | None]] = [(NAME, bytes.fromhex(payload["name"])), (FORMAT, form)]
        producer.produce(self._topic, value, headers=headers, on_delivery=lambda *one: told.append(one))
        producer.flush(self._timeout_s + 5.0)
        if not told:
            return Answer(State.UNCERTAIN, "", "Kafka did not tell whether it took the message")
        error, message = told[0]
        if error is not None:
            return Answer(State.REFUSED if error.code() in REFUSALS else State.UNCERTAIN, "", error.str()[:500])
        place = f"{self._topic}/{message.partition()}/{message.offset()}"
        return Answer(State.COMPLETED, place, f"accepted: {place}")

    def find(self, payload: Mapping[str, Any]) -> Answer | None:
        """Look for a message by its name among the last ones of the topic.

        Raises
        ------
        ValueError
            When Kafka does not answer: asked for again by the next run.
        """
        with closing(Consumer({**self._client, "group.id": f"fink-{payload['name']}", "enable.auto.commit": False,
                               "enable.partition.eof": True})) as consumer:  # fmt: skip
            try:
                for message in _last_of(consumer, self._topic, self._timeout_s):
                    if dict(message.headers() or ()).get(NAME) == bytes.fromhex(payload["name"]):
                        place = f"{self._topic}/{message.partition()}/{message.offset()}"
                        return Answer(State.COMPLETED, place, f"found there: {place}")
            except KafkaException as error:
                raise ValueError(f"Hopskotch does not answer: {error}") from error
        return None

    def poll(self, external_id: str) -> Answer:
        """Tell that nothing further happens to a message."""
        return Answer(None, external_id)

    def cancel(self, external_id: str) -> Answer:
        """Tell that a message cannot be taken back."""
        return Answer(None, external_id, "a message is not taken back: send another one")


def _packed(content: Mapping[str, Any]) -> tuple[bytes, bytes]:
    if "voevent" in content:
        return str(content["voevent"]).encode(), VOEVENT
    return json.dumps(content, ensure_ascii=False).encode(), JSON


def _last_of(consumer: Consumer, topic: str, timeout_s: float) -> Iterator[Message]:
    """Yield the last messages of each partition."""
    partitions = consumer.list_topics(topic, timeout=timeout_s).topics[topic].partitions
    for number in partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=timeout_s)
        consumer.assign([TopicPartition(topic, number, max(low, high - LOOKED_BACK))])
        while low < high:
            message = consumer.poll(timeout_s)
            if message is None:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - its name
            if (error := message.error()) is not None:
                if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                    break
                raise KafkaException(error)
            yield message
