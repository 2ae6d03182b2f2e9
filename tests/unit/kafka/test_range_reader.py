"""Ranges of messages: all that Kafka has of them, and an error where it should have more."""

from collections.abc import Iterator, Sequence
from typing import cast

import pytest
from confluent_kafka import KafkaError

from fink_lib.errors import BrokerError
from fink_lib.kafka import ranges
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.ranges import RangeReader
from fink_lib.lake.places import Range

EOF = KafkaError._PARTITION_EOF


class Answer:
    """What librdkafka gives: a message, or that the end of its partition is reached, with the next offset."""

    def __init__(self, offset: int, *, eof: bool = False, topic: str = "t", partition: int = 0) -> None:
        self._offset, self._eof, self._place = offset, eof, (topic, partition)

    def error(self) -> KafkaError | None:
        return KafkaError(EOF) if self._eof else None

    def offset(self) -> int:
        return self._offset

    def topic(self) -> str:
        return self._place[0]

    def partition(self) -> int:
        return self._place[1]

    def value(self) -> bytes:
        return b"%d" % self._offset

    def key(self) -> None:
        return None

    def headers(self) -> None:
        return None

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_600_000_000_000

    def __len__(self) -> int:
        return 10


class Client:
    """A consumer that gives what it was told to, one answer at a time."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers: Iterator[Answer] = iter(answers)

    def consume(self, _count: int, _timeout_s: float) -> list[Answer]:
        return [one for one in [next(self._answers, None)] if one is not None]

    def assign(self, _places: object) -> None: ...

    def unassign(self) -> None: ...


def read(monkeypatch: pytest.MonkeyPatch, wanted: Range, *answers: Answer) -> list[int]:
    monkeypatch.setattr(ranges, "ANSWER_S", 0.05)
    monkeypatch.setattr(Connection, "consumer", lambda *_: Client(answers))
    reader = RangeReader(Connection("nowhere:9", {}, "", "ANY"))
    return [offset for batch in reader.batches(wanted) for offset in cast("list[int]", batch["offset"].to_pylist())]


def test_offsets_without_a_message_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Range("t", 0, 3, 9)
    assert read(monkeypatch, wanted, Answer(4), Answer(7), Answer(10, eof=True)) == [4, 7]
    assert read(monkeypatch, wanted, Answer(4), Answer(12)) == [4]


def test_a_partition_that_ends_within_a_range_has_lost_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic made anew with fewer messages, a leader that lags: the rest must not be taken for read."""
    with pytest.raises(BrokerError, match=r"t\[0\]@3\.\.9.*ends at offset 5"):
        read(monkeypatch, Range("t", 0, 3, 9), Answer(3), Answer(4), Answer(5, eof=True))


def test_a_partition_that_goes_on_after_its_end_is_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answer(3), Answer(4, eof=True), Answer(4), Answer(5)
    assert read(monkeypatch, Range("t", 0, 3, 5), *answers) == [3, 4, 5]


def test_what_was_fetched_for_another_range_is_not_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    left_over = Answer(90, partition=1), Answer(91, partition=1, eof=True), Answer(2)
    assert read(monkeypatch, Range("t", 0, 3, 4), *left_over, Answer(3), Answer(4)) == [3, 4]
