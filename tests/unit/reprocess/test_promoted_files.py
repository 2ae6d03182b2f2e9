"""Files of a promotion: where they lie, what keeps them, and a promotion and an undo that end half-way."""

import datetime as dt
import json
import os

import pytest
from alert_lake import NIGHT, SPECS, Row, live_lake, silver_row, write
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from promoting import ANALYST, BOTH, candidates, dies_after, digests, files, live, with_candidate

from fink_lib.config import Settings
from fink_lib.errors import ReprocessRefused
from fink_lib.maintenance.vacuum import vacuum_lake
from fink_lib.reprocess import promote
from fink_lib.reprocess.decisions import decisions
from fink_lib.reprocess.folder import RequestFolder
from fink_lib.reprocess.state import State


def test_nothing_is_linked_and_what_was_replaced_stays_where_it_is(folder: RequestFolder) -> None:
    old = {file.inside(live(folder, "silver")) for file in files(folder)[0]}
    assert {path.stat().st_nlink for path in folder.settings.lake.rglob("*.parquet")} == {1}
    promote.promote(folder, ANALYST)
    assert {path.stat().st_nlink for path in folder.settings.lake.rglob("*.parquet")} == {1}
    assert all(path.exists() for path in old)
    named = {file.path.split("/")[0] for one in files(folder) for file in one}
    assert named == {f"candidate_{folder.request_id}"}


@pytest.mark.parametrize("died", [0, 1])
def test_an_undo_that_died_is_finished_by_the_next(folder: RequestFolder, packets: list[Row], died: int) -> None:
    """Before the first commit, and between the two; a late alert stays."""
    promote.promote(folder, ANALYST)
    write(SPECS["silver"], folder.settings.lake, [silver_row(packets[0], 90, alert_id=77)])
    with dies_after(died):
        promote.undo(folder, ANALYST)
    assert folder.state() is State.UNDOING
    promote.undo(folder, ANALYST)
    ids = DeltaTable(str(live(folder, "silver"))).to_pyarrow_table(columns=["alert_id"])["alert_id"].to_pylist()
    assert sorted(ids) == sorted([*(packet["candid"] for packet in packets[:30]), 77])
    assert sorted(row["action"] for row in decisions(folder.settings.lake)) == ["promote", "undo"]


def test_a_night_that_had_no_rows_gets_some_and_loses_them(settings: Settings, packets: list[Row]) -> None:
    """Streams that read the table see no news in either commit."""
    live_lake(settings, [], [])
    made = with_candidate(settings, packets, dry_run=False, versions=(0, 0))
    same = digests(made)
    promote.promote(made, ANALYST)
    assert digests(made) == candidates(made) != same
    promote.undo(made, ANALYST)
    assert digests(made) == same
    for name in BOTH:
        log = live(made, name) / "_delta_log"
        actions = [json.loads(line) for path in sorted(log.glob("*.json")) for line in path.read_text().splitlines()]
        assert not any(one["add"]["dataChange"] for one in actions if "add" in one)


def test_a_vacuum_leaves_what_an_undo_needs(folder: RequestFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours passes it over by name; that of others is refused by the table; one that is forced ends the way back."""
    same, settings = digests(folder), folder.settings
    monkeypatch.setattr("fink_lib.maintenance.vacuum.retention_h", lambda *_: 0)
    for path in settings.lake.rglob("*.parquet"):
        os.utime(path, (1.6e9, 1.6e9))
    vacuum_lake(settings, dt.datetime.now(dt.UTC))
    promote.promote(folder, ANALYST)
    assert digests(folder) == candidates(folder), "a candidate waits for its decision as long as it must"
    rubbish = live(folder, "silver") / f"night={NIGHT}" / "rubbish.parquet"
    rubbish.write_bytes(b"x")
    os.utime(rubbish, (1.6e9, 1.6e9))
    vacuum_lake(settings, dt.datetime.now(dt.UTC))
    assert not rubbish.exists()
    promote.undo(folder, ANALYST)
    assert digests(folder) == same


def test_a_vacuum_by_hand_is_refused_and_one_that_is_forced_ends_the_way_back(folder: RequestFolder) -> None:
    promote.promote(folder, ANALYST)
    now = digests(folder)
    table = DeltaTable(str(live(folder, "silver")))
    assert table.metadata().configuration["delta.deletedFileRetentionDuration"] == "interval 31 days"
    with pytest.raises(DeltaError, match="retention"):
        table.vacuum(retention_hours=7 * 24, dry_run=False)
    assert table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    with pytest.raises(ReprocessRefused, match="was removed by hand, or by a vacuum that was told to"):
        promote.undo(folder, ANALYST)
    assert (digests(folder), folder.state()) == (now, State.PROMOTED)
