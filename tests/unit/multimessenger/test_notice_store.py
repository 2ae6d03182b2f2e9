"""Notices in the lake: as they came, once, and read back as what they told."""

import datetime as dt
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable
from gcn_fixtures import content_of, expected

from fink_lib import lake as reading
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import bronze_event_notices, gold_events
from fink_lib.multimessenger import store
from fink_lib.multimessenger.browse import event_facts, notice_rows, standing_rows
from fink_lib.multimessenger.parsing import parse
from fink_lib.multimessenger.standing import standing
from fink_lib.multimessenger.store import Notice, complete, keep, read_told, skymap_of

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
BROKEN = b'{"superevent_id": '


def at_hand(shared_data: Path) -> list[Notice]:
    return [Notice(content_of(shared_data / "gcn" / name), NOW) for name in sorted(expected())]


def test_the_same_notice_twice_is_one_row(tmp_path: Path, shared_data: Path) -> None:
    notices = [*at_hand(shared_data), Notice(BROKEN, NOW)]
    assert keep(tmp_path, [*notices, notices[0]]) == Counter(event=54, unreadable=1, held=1)
    before = [DeltaTable(spec.path(tmp_path)).version() for spec in (bronze_event_notices(), gold_events())]
    again = [Notice(one.content, NOW + dt.timedelta(days=3), "t", 0, at) for at, one in enumerate(notices)]
    assert keep(tmp_path, again) == Counter(held=55)
    assert [DeltaTable(spec.path(tmp_path)).version() for spec in (bronze_event_notices(), gold_events())] == before
    rows = reading.read("bronze", None, "event_notices", lake=tmp_path).to_pylist()
    assert {row["notice_id"]: row["content"] for row in rows} == {one.notice_id: one.content for one in notices}
    assert {row["received_at"] for row in rows} == {NOW}
    (unread,) = [row for row in notice_rows(tmp_path) if row["outcome"] == "unreadable"]
    assert unread["reason"].startswith("JSON that cannot be parsed")


def test_what_was_told_comes_back_out_of_the_table(tmp_path: Path, shared_data: Path) -> None:
    notices = at_hand(shared_data)
    keep(tmp_path, notices)
    told = {one.notice_id: one for one in read_told(tmp_path)}
    assert len(told) == len(expected())
    for one in notices:
        event, back = parse(one.content).event, told[one.notice_id]
        assert event is not None
        assert back.event == replace(event, where=replace(event.where, skymap=None))
        assert back.received_at == NOW
        assert skymap_of(tmp_path, one.notice_id) == event.where.skymap
    assert skymap_of(tmp_path, "nowhere") is None


def test_events_left_out_by_a_death_are_added(
    tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices, append = at_hand(shared_data), store.append_new

    def dying(spec: object, lake: Path, rows: list[dict[str, object]]) -> int:
        if rows and "outcome" not in rows[0]:
            raise OSError("the machine is gone")
        return append(bronze_event_notices(), lake, rows)

    monkeypatch.setattr(store, "append_new", dying)
    with pytest.raises(OSError, match="gone"):
        keep(tmp_path, notices)
    assert read_told(tmp_path) == []
    monkeypatch.undo()
    assert complete(tmp_path) == len(expected())
    assert complete(tmp_path) == 0
    assert len(read_rows(gold_events(), tmp_path)) == len(expected())


def test_how_the_events_at_hand_stand(tmp_path: Path, shared_data: Path) -> None:
    keep(tmp_path, at_hand(shared_data))
    rows = {row["event_id"]: row for row in standing_rows(tmp_path)}
    assert len(rows) == len(standing(read_told(tmp_path))) == len({one["event_id"] for one in expected().values()})
    retracted = {name for name, row in rows.items() if row["stands"] == "retracted"}
    # DSA-110 does not date its notices, and here they arrive at one time
    assert retracted == {"maxi:0858800020", "swift:694215995", "mock:lvk:MS260605l", "dsa110:240918aaaa"}
    assert rows["fermi:745121685"]["place"] == "90.5600 -67.8700 ± 1.08°"  # record 6 of 1, 4 and 6
    assert rows["swift:1125809"]["radius_deg"] == 0.0013  # XRT's place, not BAT's
    assert rows["chime:427325191"]["place"].startswith("346.7785 +12.6325")  # the update gives none
    assert (rows["superk:SN.095001.000001"]["notices"], rows["test:superk:SN.095001.000001"]["notices"]) == (1, 1)
    facts = event_facts(tmp_path, "integral:10042")
    assert facts is not None
    assert [one["kind"] for one in facts["told"]] == ["Wakeup_Pos", "Refined_Pos"]
    assert facts["trigger_time"] == dt.datetime(2022, 9, 26, 10, 38, 19, 750000, dt.UTC)
    assert event_facts(tmp_path, "integral:1") is None
