"""Promotion, death between two tables, undo: on Delta tables of real packets, without a JVM."""

import datetime as dt
import os
from typing import Any

import pytest
from alert_lake import NIGHT, SPECS, Row, live_lake, rejected_row, silver_row, write
from deltalake import DeltaTable
from promoting import ANALYST, BOTH, NOW, candidates, dies_after, digests, files, fill, live, with_candidate

from fink_lib.config import Settings
from fink_lib.errors import ReprocessRefused
from fink_lib.maintenance.vacuum import vacuum_lake
from fink_lib.reprocess import folder as folders
from fink_lib.reprocess import promote, steps
from fink_lib.reprocess.decisions import decisions
from fink_lib.reprocess.expire import expire
from fink_lib.reprocess.folder import RequestFolder, one_at_a_time
from fink_lib.reprocess.request import Request
from fink_lib.reprocess.state import State


def test_promotion_makes_the_candidate_live_and_undo_brings_the_same_files_back(folder: RequestFolder) -> None:
    before, same = files(folder), digests(folder)
    content = [file.inside(live(folder, "silver")).read_bytes() for file in before[0]]
    promote.promote(folder, ANALYST)
    assert digests(folder) == candidates(folder) != same
    assert folder.state() is State.PROMOTED
    promote.undo(folder, promote.Person("vera", "a mistake", NOW + dt.timedelta(hours=1)))
    assert digests(folder) == same
    assert files(folder) == before
    assert [file.inside(live(folder, "silver")).read_bytes() for file in before[0]] == content
    told = decisions(folder.settings.lake, folder.request_id)
    assert [(row["action"], row["decided_by"], row["reason"]) for row in told] == [
        ("promote", "vera", "a stricter cut"),
        ("undo", "vera", "a mistake"),
    ]
    assert told[0]["decided_at"] == NOW


@pytest.mark.parametrize("done", [0, 1])
def test_a_promotion_that_died_is_finished_by_the_next(folder: RequestFolder, done: int) -> None:
    """The process ends before the first commit, and between the two."""
    with dies_after(done):
        promote.promote(folder, ANALYST)
    assert folder.state() is State.PROMOTING
    assert (digests(folder) == candidates(folder)) is False
    with pytest.raises(ReprocessRefused, match="is promoting and cannot become discarded"):
        promote.discard(folder, ANALYST)
    done_now = promote.promote(folder, ANALYST)
    assert digests(folder) == candidates(folder)
    assert promote.promote(folder, ANALYST) == done_now
    promoted = [DeltaTable(str(live(folder, name))).history() for name in BOTH]
    assert [sum(entry.get("fink.action") == "promote" for entry in one) for one in promoted] == [1, 1]
    assert len(decisions(folder.settings.lake)) == 1
    promote.undo(folder, ANALYST)
    assert len(digests(folder)) == 2


def test_no_alert_is_in_neither_table_and_no_digest_is_made_between_the_commits(
    folder: RequestFolder, packets: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, digest, gap = promote.apply, promote.table_digest, {"open": False}
    everything = {packet["candid"] for packet in packets}

    def ids() -> set[int]:
        tables = (DeltaTable(str(live(folder, name))).to_pyarrow_table(columns=["alert_id"]) for name in BOTH)
        return {alert_id for table in tables for alert_id in table["alert_id"].to_pylist()}

    def look(table: DeltaTable, swap: Any) -> int:
        version = commit(table, swap)
        gap["open"] = not gap["open"]
        assert ids() == everything
        return version

    def told(*of: Any) -> str:
        assert not gap["open"]
        return digest(*of)

    monkeypatch.setattr(promote, "apply", look)
    monkeypatch.setattr(promote, "table_digest", told)
    promote.promote(folder, ANALYST)
    promote.undo(folder, ANALYST)
    assert not gap["open"]


def test_the_table_that_gets_the_alerts_is_committed_first() -> None:
    def moves(**counts: int) -> dict[str, Any]:
        ways = (name.split("_") for name in counts)
        return {"moves": [{"from": a, "to": b, "count": n} for (a, b), n in zip(ways, counts.values(), strict=True)]}

    assert promote.in_order(moves(silver_rejected=3, rejected_silver=2)) == ("rejected", "silver")
    assert promote.in_order(moves(silver_rejected=1, repeat_silver=2)) == ("silver", "rejected")
    assert promote.in_order(moves(silver_repeat=1, nowhere_silver=5)) == ("rejected", "silver")


def test_a_vacuum_never_meets_files_that_are_linked_and_not_yet_committed(
    folder: RequestFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a promotion links in is as old as the candidate, and an undo's files are older still."""
    settings, commit, told = folder.settings, promote.apply, []
    same = digests(folder)
    for path in (*settings.lake.rglob("*.parquet"),):
        os.utime(path, (1.6e9, 1.6e9))

    def vacuum_first(table: DeltaTable, swap: Any) -> int:
        told.append(vacuum_lake(settings, dt.datetime.now(dt.UTC)))
        return commit(table, swap)

    monkeypatch.setattr(promote, "apply", vacuum_first)
    promote.promote(folder, ANALYST)
    assert digests(folder) == candidates(folder)
    promote.undo(folder, ANALYST)
    assert digests(folder) == same
    kept = [facts["kept_because"] for each in told for facts in each.values()]
    assert len(kept) >= 8
    assert all("another promotion, undo or vacuum is at work" in because for because in kept)
    monkeypatch.undo()
    after = vacuum_lake(settings, dt.datetime.now(dt.UTC))
    assert {facts["kept_because"] for facts in after.values()} == {""}
    assert digests(folder) == same


def test_rows_that_came_after_the_comparison_refuse_the_promotion(folder: RequestFolder, packets: list[Row]) -> None:
    write(SPECS["silver"], folder.settings.lake, [silver_row(packets[0], 90)])
    before = digests(folder)
    with pytest.raises(ReprocessRefused, match="has changed between version 1, which was compared, and 2"):
        promote.promote(folder, ANALYST)
    assert digests(folder) == before


def test_compaction_between_comparison_and_promotion_changes_nothing(
    settings: Settings, folder: RequestFolder, packets: list[Row]
) -> None:
    write(SPECS["silver"], settings.lake, [silver_row(packets[0], 90)])
    folder.write("plan", {**folder.read("plan"), "versions": {**folder.read("plan")["versions"], "silver": 2}})
    DeltaTable(str(live(folder, "silver"))).optimize.compact()
    same = digests(folder)
    promote.promote(folder, ANALYST)
    assert digests(folder) == candidates(folder)
    promote.undo(folder, ANALYST)
    assert digests(folder) == same


def test_late_alerts_survive_the_undo(folder: RequestFolder, packets: list[Row]) -> None:
    promote.promote(folder, ANALYST)
    write(SPECS["silver"], folder.settings.lake, [silver_row(packets[0], 90, alert_id=77)])
    promote.undo(folder, ANALYST)
    ids = DeltaTable(str(live(folder, "silver"))).to_pyarrow_table(columns=["alert_id"])["alert_id"].to_pylist()
    assert sorted(ids) == sorted([*(packet["candid"] for packet in packets[:30]), 77])


def test_an_undo_after_compaction(folder: RequestFolder, packets: list[Row]) -> None:
    """Of the promoted rows alone it is no matter; together with late ones it would lose them."""
    same = digests(folder)
    promote.promote(folder, ANALYST)
    path = str(live(folder, "silver"))
    write(SPECS["silver"], folder.settings.lake, [silver_row(packets[0], 90, alert_id=77)])
    DeltaTable(path).optimize.compact()
    with pytest.raises(ReprocessRefused, match="which an undo would lose"):
        promote.undo(folder, ANALYST)
    assert folder.state() is State.PROMOTED
    DeltaTable(path).delete("alert_id = 77")
    promote.undo(folder, ANALYST)
    assert digests(folder) == same


def test_a_candidate_that_leaves_an_alert_in_no_table_is_refused(settings: Settings, packets: list[Row]) -> None:
    live_lake(settings, [silver_row(p, n) for n, p in enumerate(packets[:30])], [rejected_row(packets[39], 90)])
    made = with_candidate(settings, packets, dry_run=False)
    with pytest.raises(ReprocessRefused, match="would leave 1 live alerts in no table"):
        promote.promote(made, ANALYST)
    made.write("diff", {**made.read("diff"), "moves": []})
    made.write("candidate", {"quarantine": 2, "quarantine_live": 0})
    with pytest.raises(ReprocessRefused, match="sets aside 2 alerts and the stream did 0"):
        promote.promote(made, ANALYST)
    assert made.state() is State.COMPARED


def test_the_later_of_two_promotions_is_undone_first(folder: RequestFolder, packets: list[Row]) -> None:
    same = digests(folder)
    done = promote.promote(folder, ANALYST)
    after_first = digests(folder)
    second = folders.create(folder.settings, Request("ztf", NIGHT, NIGHT, dry_run=False, reason="again"), NOW)
    plan = folder.read("plan")
    second.write("plan", {**plan, "versions": {**plan["versions"], **{name: done[name]["after"] for name in BOTH}}})
    second.enter(State.PLANNED, NOW)
    fill(second, [silver_row(p, n) for n, p in enumerate(packets[:40])], [])
    promote.promote(second, ANALYST)
    with pytest.raises(ReprocessRefused, match="undo what was promoted since"):
        promote.undo(folder, ANALYST)
    promote.undo(second, ANALYST)
    assert digests(folder) == after_first
    promote.undo(folder, ANALYST)
    assert digests(folder) == same


def test_a_dry_run_never_goes_live_and_keeps_its_comparison_alone(settings: Settings, packets: list[Row]) -> None:
    live_lake(settings, [silver_row(packets[0], 0)], [rejected_row(packets[1], 1)])
    made = with_candidate(settings, packets)
    assert not made.candidate.exists()
    assert steps.diff(made, lambda: NOW) == made.read("diff")
    assert made.report.exists()
    with pytest.raises(ReprocessRefused, match="is a dry run"):
        promote.promote(made, ANALYST)
    promote.discard(made, ANALYST)
    assert [row["action"] for row in decisions(settings.lake)] == ["discard"]


def test_what_nobody_decides_is_discarded_and_what_was_replaced_is_kept_for_a_time(folder: RequestFolder) -> None:
    days = folder.settings.reprocess_retention_days
    assert expire(folder.settings, NOW + dt.timedelta(days=days - 1)) == []
    assert folder.candidate.exists()
    assert expire(folder.settings, NOW + dt.timedelta(days=days + 1)) == [folder.request_id]
    assert (folder.state(), folder.candidate.exists()) == (State.DISCARDED, False)
    (told,) = decisions(folder.settings.lake)
    assert (told["action"], told["decided_by"], told["reason"]) == (
        "discard",
        "maintenance",
        "nobody decided within 30 days",
    )
    assert expire(folder.settings, NOW + dt.timedelta(days=days + 1)) == []


def test_an_old_promotion_cannot_be_undone_and_says_since_when(
    folder: RequestFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fink_lib.reprocess.expire.PATIENCE_S", 0.0)
    promote.promote(folder, ANALYST)
    now, later = digests(folder), NOW + dt.timedelta(days=31)
    with one_at_a_time(folder.settings):
        assert expire(folder.settings, later) == []
    assert folder.candidate.exists()
    assert expire(folder.settings, later) == [folder.request_id]
    assert (folder.kept.exists(), folder.candidate.exists()) == (False, False)
    assert digests(folder) == now, "what was promoted stays, wherever it lies"
    with pytest.raises(ReprocessRefused, match="cannot be undone any more: what it replaced was kept until 2026-02-01"):
        promote.undo(folder, ANALYST)
    assert digests(folder) == now


def test_a_promotion_that_was_begun_is_never_expired(folder: RequestFolder) -> None:
    folder.enter(State.PROMOTING, NOW)
    assert expire(folder.settings, NOW + dt.timedelta(days=400)) == []
    assert folder.candidate.exists()


def test_the_comparison_names_exactly_the_alerts_that_changed(folder: RequestFolder, packets: list[Row]) -> None:
    facts = folder.read("diff")
    expected = sorted(packet["candid"] for packet in packets[20:30])
    assert facts["moves"] == [{"from": "silver", "to": "rejected", "count": 10, "alert_ids": expected}]
    assert facts["alert_ids"] == expected
    assert facts["columns"] == {"silver": {}, "rejected": {}}
    lost = {name: set(each["lost"]) for name, each in facts["filters"].items()}
    public = {p["candid"] for p in packets if p["candidate"]["programid"] == 1}
    stars = {p["candid"] for n, p in enumerate(packets) if 20 <= n < 30 and n % 3 == 0} & public
    assert lost["variable_stars"] == stars != set()
    page = folder.report.read_text()
    assert facts["headline"] in page
    assert all(str(alert_id) in page for alert_id in expected)


def test_the_same_comparison_is_the_same_page(folder: RequestFolder) -> None:
    page, facts = folder.report.read_bytes(), folder.read("diff")
    steps.diff(folder, lambda: NOW + dt.timedelta(days=1))
    assert folder.report.read_bytes() == page
    assert folder.read("diff") == facts


def test_changed_values_are_counted_by_column_and_provenance_apart(settings: Settings, packets: list[Row]) -> None:
    rows = [silver_row(packet, number) for number, packet in enumerate(packets[:20])]
    live_lake(settings, rows, [])
    made = folders.create(settings, Request("ztf", NIGHT, NIGHT), NOW)
    versions = {"bronze": 0, "silver": 1, "rejected": 0, "quarantine": 0}
    plan = {"versions": versions, "nights": [str(NIGHT)], "modules": ["x"], "cuts": {}, "cuts_changed": []}
    made.write("plan", {**plan, "science_versions": {}, "live_science_versions": {}})
    made.enter(State.PLANNED, NOW)
    new = [{**row, "code_version": "9"} for row in rows]
    new[0] |= {"vsx": "RRAB"}
    new[3] |= {"vsx_sep_arcsec": 1.5}
    new[6] |= {"vsx_sep_arcsec": None}
    fill(made, list(reversed(new)), [])
    facts = made.read("diff")
    changed = {name: each["changed"] for name, each in facts["columns"]["silver"].items()}
    assert changed == {"vsx": 1, "vsx_sep_arcsec": 2}
    assert facts["provenance"]["silver"] == {"code_version": 20}
    ids = [row["alert_id"] for row in rows]
    assert facts["alert_ids"] == sorted((ids[0], ids[3], ids[6]))
    assert facts["flips"] == {"vsx": [{"from": "EW", "to": "RRAB", "count": 1, "alert_ids": [ids[0]]}]}
    drift = facts["drift"]["vsx_sep_arcsec"]
    assert (drift["n_old"], drift["n_new"]) == (7, 6)
    assert drift["ks"] == pytest.approx(1 / 6)
