"""Gaps of a partition, and what reading them back from Kafka finds."""

import numpy as np
import pytest

from fink_lib.nightly import lost
from fink_lib.nightly.lost import read_back
from fink_lib.nightly.offsets import Gap, Held, PartitionAccount
from fink_lib.nightly.undated import _held
from fink_lib.nightly.watermarks import RawMessage, Watermarks
from fink_lib.testing.nights import FakeKafka


def account(low: int, high: int, offsets: list[int]) -> PartitionAccount:
    held, gaps = _held("t", 0, np.array(offsets)) if offsets else (None, ())
    return PartitionAccount("t", 0, Watermarks(low, high), held, gaps)


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


def read(kafka: FakeKafka, *accounts: PartitionAccount) -> lost.Missing:
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


def test_what_is_too_much_to_read_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost, "READ_AT_MOST", 4)
    kafka = FakeKafka(held={("t", 0, offset): RawMessage(offset, None, b"") for offset in range(100)})
    missing = read_back(kafka, [account(0, 100, [0])], lambda raw: (raw.offset, "n"))  # type: ignore[arg-type]
    assert missing.count == 99
    assert len(missing.named) == 4


def test_gaps_that_were_not_listed_still_count() -> None:
    cut = PartitionAccount("t", 0, Watermarks(0, 10), Held(2, 2, 0, 9), (Gap("t", 0, 1, 3),))
    kafka = FakeKafka(held={("t", 0, offset): RawMessage(offset, None, b"") for offset in range(10)})
    missing = read_back(kafka, [cut], lambda raw: (raw.offset, "n"))  # type: ignore[arg-type]
    assert missing.count == 8
    assert missing.by_night["t", None] == 5
