"""Ranges of offsets read from a real Kafka: gaps, and topics that are shorter than what is asked."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import cast

import pytest

from fink_lib.errors import BrokerError
from fink_lib.kafka import ranges
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.ranges import RangeReader
from fink_lib.lake.places import Range

pytestmark = pytest.mark.kafka


@pytest.fixture
def reader(kafka: str) -> Iterator[RangeReader]:
    with closing(RangeReader(Connection(kafka))) as made:
        yield made


def offsets(reader: RangeReader, wanted: Range) -> list[int]:
    return [one for batch in reader.batches(wanted) for one in cast("list[int]", batch["offset"].to_pylist())]


def test_marks_and_given_up_messages_are_passed_over(kafka: str, reader: RangeReader) -> None:
    """0-2, mark 3, given up 4-5, mark 6, 7-8, mark 9; given up 10, mark 11."""
    from confluent_kafka import Producer

    topic = f"marks_{uuid.uuid4().hex}"
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": topic})
    producer.init_transactions(60)
    for count, is_kept in ((3, True), (2, False), (2, True), (1, False)):
        producer.begin_transaction()
        for _ in range(count):
            producer.produce(topic, b"x", partition=0)
        producer.flush(60)
        if is_kept:
            producer.commit_transaction(60)
        else:
            producer.abort_transaction(60)
    assert offsets(reader, Range(topic, 0, 0, 11)) == [0, 1, 2, 7, 8]
    assert offsets(reader, Range(topic, 0, 9, 11)) == []
    assert offsets(reader, Range(topic, 0, 2, 4)) == [2]
    assert offsets(reader, Range(topic, 0, 1, 8)) == [1, 2, 7, 8]


def test_a_topic_that_ends_too_early_is_told(kafka: str, reader: RangeReader, monkeypatch: pytest.MonkeyPatch) -> None:
    from confluent_kafka import Producer

    topic = f"short_{uuid.uuid4().hex}"
    producer = Producer({"bootstrap.servers": kafka})
    for _ in range(5):
        producer.produce(topic, b"x", partition=0)
    assert producer.flush(60) == 0
    assert offsets(reader, Range(topic, 0, 0, 4)) == [0, 1, 2, 3, 4]
    monkeypatch.setattr(ranges, "ANSWER_S", 2.0)
    with pytest.raises(BrokerError, match=r"no longer has .*@2\.\.9 \(the partition ends at offset 5\)"):
        offsets(reader, Range(topic, 0, 2, 9))
