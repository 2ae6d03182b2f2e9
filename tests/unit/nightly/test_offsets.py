"""Gaps of a partition, and what reading them back from Kafka finds."""

import datetime as dt
from collections.abc import Iterator

import pyarrow as pa
import pytest

from fink_lib.kafka.reading import RawMessage, Watermarks
from fink_lib.lake.losses import Loss
from fink_lib.nightly.reconcile import missing_messages
from fink_lib.nightly.reconcile.messages import Ordered, messages
from fink_lib.nightly.reconcile.missing_messages import read_back
from fink_lib.nightly.reconcile.offsets import Held, PartitionAccount, Range, partition_accounts
from fink_lib.testing.nights import FakeKafka


def kept(offsets: list[int]) -> Ordered:
    count = len(offsets)
    columns = {"topic": ["t"] * count, "partition": [0] * count, "offset": offsets, "alert_id": offsets}
    nights = pa.nulls(count, pa.date32())
    kinds = {"topic": pa.string(), "partition": pa.int32(), "offset": pa.int64(), "alert_id": pa.int64()}
    arrays = {name: pa.array(values, kinds[name]) for name, values in columns.items()}
    return Ordered.of(pa.table({**arrays, "night": nights}))


def account(low: int, high: int, offsets: list[int]) -> PartitionAccount:
    (found,) = partition_accounts(kept(offsets), {("t", 0): Watermarks(low, high)})
    return found


def test_rows_without_a_place_are_left_to_the_suite() -> None:
    rows = pa.table({"kafka_topic": ["t", None, "t"], "kafka_partition": [0, 0, 1], "kafka_offset": [5, 6, None]})
    assert messages(rows).to_pylist() == [{"topic": "t", "partition": 0, "offset": 5}]


@pytest.mark.parametrize(
    ("low", "high", "offsets", "gaps", "missing"),
    [
        (0, 5, [0, 1, 2, 3, 4], [], 0),
        (0, 5, [], [(0, 4)], 5),
        (3, 5, [], [(3, 4)], 2),
        (0, 6, [1, 2, 4], [(0, 0), (3, 3), (5, 5)], 3),
        (4, 5, [1, 2, 4], [(3, 3)], 1),
        (0, 2, [0, 1, 2], [], 0),  # a row that arrived after the watermark was read
        (0, 2, [0, 0, 1], [], 0),  # a row twice is no gap
    ],
)
def test_gaps(low: int, high: int, offsets: list[int], gaps: list[tuple[int, int]], missing: int) -> None:
    found = account(low, high, offsets)
    assert [(gap.first, gap.last) for gap in found.gaps] == gaps
    assert found.missing == missing


def test_a_partition_of_a_topic_that_is_gone() -> None:
    found = PartitionAccount("t", 0, None, Held(2, 2, 5, 6))
    assert (found.start, found.end, found.missing) == (5, 7, 0)
    assert found.is_expired(6)


def read(kafka: FakeKafka, *accounts: PartitionAccount) -> missing_messages.Missing:
    names = {0: (None, None), 3: (33, "2021-11-22"), 5: (55, "2021-11-23")}
    return read_back(kafka, accounts, lambda raw: names[raw.offset])  # type: ignore[arg-type]  # answers like a reader


def test_what_is_read_back_is_lost_and_what_is_not_there_was_never_offered() -> None:
    kafka = FakeKafka(held={("t", 0, offset): RawMessage(offset, None, b"") for offset in (0, 3, 5)})
    missing = read(kafka, account(0, 7, [1, 2, 4]))
    assert missing.empty == {"t": 1}
    assert missing.by_night == {("t", None): 1, ("t", "2021-11-22"): 1, ("t", "2021-11-23"): 1}
    assert [message.label for message in missing.named] == ["t[0]@0", "33", "55"]
    assert missing.count == 3


def test_an_expired_gap_counts_as_lost_unread() -> None:
    missing = read(FakeKafka(), account(5, 5, [1, 4]))
    assert missing.count == 2
    assert [message.offset for message in missing.named] == [2, 3]
    assert all("expired" in message.note for message in missing.named)


def test_losses_are_noted_as_ranges_and_what_was_accepted_is_a_term_of_its_own() -> None:
    night, unread = dt.date(2021, 11, 22), PartitionAccount("t", 1, Watermarks(5, 5), None, (), known_first=2)
    kafka = FakeKafka(held={("t", 0, offset): RawMessage(offset, None, b"") for offset in (3, 4, 5, 8)})
    accounts = [account(0, 9, [0, 1, 2, 6]), unread]
    missing = read_back(kafka, accounts, lambda raw: (raw.offset, "2021-11-22"))  # type: ignore[arg-type]
    assert [(one.label, one.night) for one in missing.losses] == [
        ("t:0:3-5", night),
        ("t:0:8-8", night),
        ("t:1:2-4", None),
    ]
    accepted = [missing.losses[0].part(3, 4), missing.losses[2]]
    again = read_back(kafka, accounts, lambda raw: (raw.offset, "2021-11-22"), accepted)  # type: ignore[arg-type]
    assert [one.label for one in again.losses] == ["t:0:5-5", "t:0:8-8"]
    assert again.accepted == {("t", "2021-11-22"): 2, ("t", None): 3}
    assert again.by_night == {("t", "2021-11-22"): 2}


def test_what_is_too_much_to_read_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing_messages, "READ_AT_MOST", 4)
    kafka = FakeKafka(held={("t", 0, offset): RawMessage(offset, None, b"") for offset in range(100)})
    missing = read_back(kafka, [account(0, 100, [0])], lambda raw: (raw.offset, "2021-11-22"))  # type: ignore[arg-type]
    assert missing.count == 99
    assert sum(loss.place.size for loss in missing.losses) == 99
    assert len(missing.named) == 4


def test_six_thousand_transaction_markers_are_no_losses() -> None:
    """A topic written in transactions of one message each: every second offset is a marker."""
    held = range(0, 12_000, 2)
    kafka = FakeKafka(held={("t", 0, offset): RawMessage(offset, None, b"") for offset in (*held, 7001)})
    reads: list[tuple[int, int]] = []
    honest = kafka.messages

    def messages(topic: str, partition: int, first: int, last: int) -> Iterator[RawMessage]:
        reads.append((first, last))
        yield from honest(topic, partition, first, last)

    kafka.messages = messages  # type: ignore[method-assign]
    missing = read_back(kafka, [account(0, 12_000, list(held))], lambda raw: (raw.offset, "2021-11-22"))  # type: ignore[arg-type]
    assert missing.by_night == {("t", "2021-11-22"): 1}
    assert missing.empty == {"t": 5999}
    assert reads == [(1, 11_999)]


def test_gaps_that_were_not_listed_still_count() -> None:
    cut = PartitionAccount("t", 0, Watermarks(0, 10), Held(2, 2, 0, 9), (Range("t", 0, 1, 3),))
    kafka = FakeKafka(held={("t", 0, offset): RawMessage(offset, None, b"") for offset in range(10)})
    missing = read_back(kafka, [cut], lambda raw: (raw.offset, "2021-11-22"))  # type: ignore[arg-type]
    assert missing.count == 8
    assert missing.by_night["t", None] == 5
    accepted = [Loss(Range("t", 0, 1, 2))]
    again = read_back(kafka, [cut], lambda raw: (raw.offset, "2021-11-22"), accepted)  # type: ignore[arg-type]
    assert (again.count, again.by_night["t", None], again.accepted["t", None]) == (6, 5, 2)
