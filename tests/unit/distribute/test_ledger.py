"""What was sent: read by night, once, and where topics end by the book."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from deltalake import DeltaTable, write_deltalake

from fink_lib.config import Settings
from fink_lib.distribute.ledger import Ledger
from fink_lib.kafka.message import Facts, Sent
from fink_lib.lake import followed
from fink_lib.lake.places import SpansFile
from fink_lib.lake.places import book as books
from fink_lib.lake.places.spans import runs_of_night
from fink_lib.lake.small import ensure_small
from fink_lib.lake.tables import gold_published

PUBLISHED = gold_published("ztf")
FACTS = Facts(dt.date(2021, 11, 1), 0, "ZTF21aaaaaaa", "f", "1", None, None, None, "0")
AT = dt.datetime(2021, 11, 1, tzinfo=dt.UTC)


def sent(day: int, offset: int, alert_id: int, topic: str = "t") -> Sent:
    facts = replace(FACTS, night=dt.date(2021, 11, day), alert_id=alert_id, filter=f"by_{topic}")
    return Sent(facts, topic, offset % 2, offset, AT)


@pytest.fixture
def book(settings: Settings) -> Ledger:
    ensure_small(PUBLISHED, settings.lake)
    return opened(settings)


def opened(settings: Settings) -> Ledger:
    return Ledger(PUBLISHED, settings.lake, settings.home / "spans.json")


def test_a_batch_over_more_nights_than_are_kept_reads_each_once(book: Ledger, settings: Settings) -> None:
    nights = [dt.date(2021, 11, day) for day in range(1, 13)]
    book.record([sent(day, day, 100 + day) for day in range(1, 13)])
    again = opened(settings)
    with patch.object(followed, "delta_table", wraps=followed.delta_table) as table:
        again.load(nights)
        assert [again.was_sent(night, 101 + at, "by_t") for at, night in enumerate(nights)] == [True] * 12
        assert not again.was_sent(nights[3], 101, "by_t")
        assert not again.was_sent(nights[0], 101, "by_u")
        again.load(nights)
        again.record([sent(day, 20 + day, 200 + day) for day in range(1, 13)])
    assert table.call_count == 1
    again.load([dt.date(2021, 12, 1)])
    assert len(again._book._nights) == books.NIGHTS_IN_MEMORY
    assert dt.date(2021, 12, 1) in again._book._nights


def test_where_topics_end_is_read_of_changed_nights_alone(book: Ledger, settings: Settings) -> None:
    assert book.next_offsets({}) == {}
    book.record([sent(1, 4, 1), sent(1, 7, 2), sent(2, 2, 3), sent(2, 0, 4, "u")])
    ends = {("t", 0): 5, ("t", 1): 8, ("u", 0): 1}
    assert opened(settings).next_offsets({}) == ends
    book.record([sent(2, 9, 5)])
    with patch("fink_lib.lake.places.spans.runs_of_night", wraps=runs_of_night) as read:
        assert opened(settings).next_offsets({}) == {**ends, ("t", 1): 10}
        assert [call.args[1] for call in read.call_args_list] == ["2021-11-02"]
    kept = Path(settings.home / "spans.json")
    assert json.loads(kept.read_text())["nights"] == {"2021-11-01": 2, "2021-11-02": 3}
    for damaged in ("{", '{"2021-11-01": {"rows": 2, "ends": []}}'):
        kept.write_text(damaged)
        assert opened(settings).next_offsets({}) == {**ends, ("t", 1): 10}


def test_a_process_asks_the_table_once_where_topics_end(book: Ledger) -> None:
    assert book.next_offsets({}) == {}
    with patch.object(followed, "delta_table", side_effect=AssertionError), patch.object(SpansFile, "of") as sums:
        book.load([dt.date(2021, 11, 1)])
        book.record([sent(1, 4, 1), sent(1, 7, 2)])
        book.record([sent(1, 6, 3)])
        assert book.next_offsets({}) == {("t", 0): 7, ("t", 1): 8}
    assert not sums.called


def test_what_others_did_to_the_table_is_seen(book: Ledger, settings: Settings) -> None:
    """Maintenance gives it properties and merges files, and the log may be cut further than this process read it."""
    path = PUBLISHED.path(settings.lake)
    book.record([sent(1, 4, 1)])
    DeltaTable(path).alter.set_table_properties({"delta.checkpointInterval": "7"})
    book.record([sent(1, 6, 2)])
    for offset in range(8, 40, 2):
        opened(settings).record([sent(1, offset, offset)])
    DeltaTable(path).optimize.compact()
    for entry in sorted((path / "_delta_log").glob("*.json"))[:-3]:
        entry.unlink()
    book.record([sent(1, 40, 40)])
    assert DeltaTable(path).to_pyarrow_table().num_rows == 19
    assert opened(settings).next_offsets({}) == {("t", 0): 41}


def test_after_a_failure_to_record_the_table_is_asked_what_it_holds(book: Ledger) -> None:
    assert book.next_offsets({}) == {}

    def write_and_fail(*given: Any, **named: Any) -> None:
        write_deltalake(*given, **named)
        raise OSError(5, "Input/output error")

    with patch.object(books, "write_deltalake", write_and_fail), pytest.raises(OSError, match="Input/output"):
        book.record([sent(1, 4, 1)])
    assert book.next_offsets({}) == {("t", 0): 5}


def test_nights_of_many_alerts_are_forgotten_sooner(book: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "IDS_IN_MEMORY", 3)
    book.record([sent(day, day, 100 + day) for day in range(1, 6)])
    book.load([dt.date(2021, 11, 6)])
    assert sorted(night.day for night in book._book._nights) == [3, 4, 5, 6]


def test_offsets_recorded_of_an_old_topic_are_not_those_of_the_new_one(book: Ledger, settings: Settings) -> None:
    book.record([replace(sent(1, offset, offset), topic_id="old") for offset in range(6)])
    assert book.next_offsets({"t": "old"}) == {("t", 0): 5, ("t", 1): 6}
    book.record([replace(sent(1, 0, 10), topic_id="new")])
    for ledger in (book, opened(settings)):
        assert ledger.next_offsets({"t": "new"}) == {("t", 0): 1}
        assert ledger.ids_of("t") == {"old", "new"}
        assert ledger.next_offsets({"t": "newest"}) == {}
    assert book.was_sent(dt.date(2021, 11, 1), 3, "by_t")  # an alert that left stays one that left
