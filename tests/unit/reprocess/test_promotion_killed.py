"""Promote and undo are killed before each of their writes, and repeated, while a stream goes on writing."""

import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from alert_lake import NIGHT, SPECS, Row, live_lake, rejected_row, silver_row, write
from deltalake import DeltaTable
from promoting import BOTH, NOW, fill, live
from promotion_forks import DIED_AT

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.lake.digest import table_digest
from fink_lib.reprocess import folder as folders
from fink_lib.reprocess.decisions import decisions
from fink_lib.reprocess.folder import RequestFolder
from fink_lib.reprocess.request import Request
from fink_lib.reprocess.state import State
from fink_lib.reprocess.tables import REPLACED

KILLED = -9
LATE = 1000  # alerts that come late have ids below; those of the packets are far above
ON_TIME = f"alert_id > {LATE}"
Act = Callable[[RequestFolder, str, int], int]


@pytest.fixture(scope="module")
def act(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Act]:
    """Promotes or undoes in a process of its own, up to a write if one is named."""
    log = tmp_path_factory.mktemp("log") / "forks.log"
    with (
        log.open("w") as told,
        subprocess.Popen(
            [sys.executable, "-m", "tests.unit.reprocess.promotion_forks"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told, text=True, cwd=PROJECT_DIR,
        ) as runner,
    ):  # fmt: skip
        assert runner.stdin is not None
        assert runner.stdout is not None
        to, answers = runner.stdin, runner.stdout

        def run(folder: RequestFolder, action: str, number: int) -> int:
            to.write(json.dumps([str(folder.settings.home), folder.request_id, action, number]) + "\n")
            to.flush()
            code = int(answers.readline() or 1)
            assert code in {0, KILLED}, log.read_text()
            return code

        yield run
        to.close()
        runner.wait(30)


def compared(settings: Settings, packets: list[Row], *, rows: bool) -> RequestFolder:
    """Make a night of six alerts, or of none, and a candidate that accepts two of them and rejects four."""
    silver = [silver_row(packet, number) for number, packet in enumerate(packets[:4])]
    live_lake(settings, silver if rows else [], [rejected_row(packets[4], 4), rejected_row(packets[5], 5)] * rows)
    made = folders.create(settings, Request("ztf", NIGHT, NIGHT, dry_run=False), NOW)
    versions = {"bronze": 0, "silver": int(rows), "rejected": int(rows), "quarantine": 0}
    plan = {"versions": versions, "nights": [str(NIGHT)], "modules": "all", "cuts": {}, "cuts_changed": []}
    made.write("plan", {**plan, "science_versions": {}, "live_science_versions": {}})
    made.enter(State.PLANNED, NOW)
    rejected = [rejected_row(packet, 2 + number) for number, packet in enumerate(packets[2:6])]
    fill(made, [silver_row(packet, number) for number, packet in enumerate(packets[:2])], rejected)
    return made


def ids(folder: RequestFolder, name: str) -> list[int]:
    table = DeltaTable(str(live(folder, name))).to_pyarrow_table(columns=["alert_id"])
    return sorted(table["alert_id"].to_pylist())


def on_time(folder: RequestFolder) -> list[str]:
    return [table_digest(live(folder, name), None, ON_TIME) for name in BOTH]


def handed_on(path: Path) -> list[int]:
    """Return the alerts that a stream which skips commits that change rows is given, by the log of its table."""
    found: list[int] = []
    for log in sorted((path / "_delta_log").glob("*.json")):
        actions = [json.loads(line) for line in log.read_text().splitlines()]
        if any("remove" in one and one["remove"]["dataChange"] for one in actions):
            continue
        files = [one["add"]["path"] for one in actions if "add" in one and one["add"]["dataChange"]]
        for file in files:
            found += pq.read_table(path / file, columns=["alert_id"], partitioning=None)["alert_id"].to_pylist()
    return found


def late_alerts(folder: RequestFolder, packets: list[Row], alert_id: int) -> None:
    """Have a stream append to both tables."""
    write(SPECS["silver"], folder.settings.lake, [silver_row(packets[0], alert_id, alert_id=alert_id)])
    write(SPECS["rejected"], folder.settings.lake, [rejected_row(packets[1], alert_id, alert_id=alert_id)])


@pytest.mark.parametrize("rows", [True, False], ids=["a night with rows", "a night that had none"])
def test_promote_and_undo_killed_at_each_write_are_finished_by_the_next(
    settings: Settings, packets: list[Row], act: Act, *, rows: bool
) -> None:
    made = compared(settings, packets, rows=rows)
    before = on_time(made)
    wanted = [table_digest(made.candidate_of(each)) for each in REPLACED]
    deaths: dict[str, list[str]] = {"promote": [], "undo": []}
    for number in itertools.count(1):
        home = settings.home.with_name(f"home{number}")
        shutil.copytree(settings.home, home)
        folder = replace(made, settings=settings.model_copy(update={"home": home}))
        late: list[int] = []
        codes: list[int] = []
        for action, after in (("promote", wanted), ("undo", before)):
            codes.append(act(folder, action, number))
            if codes[-1] == KILLED:
                deaths[action].append((home / DIED_AT).read_text())
            if folder.state() is not State.COMPARED:  # nothing was begun: alerts that come now ask for a new comparison
                late_alerts(folder, packets, len(late) + 1)
                late.append(len(late) + 1)
            assert act(folder, action, 0) == 0
            told = f"{action}, killed at write {number}"
            assert on_time(folder) == after, told
            assert [[one for one in ids(folder, name) if one < LATE] for name in BOTH] == [late, late], told
        first = [packet["candid"] for packet in packets[:4]] if rows else []
        assert sorted(handed_on(live(folder, "silver"))) == sorted([*first, *late]), "nothing is handed on twice"
        assert sorted(row["action"] for row in decisions(folder.settings.lake)) == ["promote", "undo"]
        assert folder.state() is State.UNDONE
        shutil.rmtree(home)
        if KILLED not in codes:
            break
    for writes in deaths.values():
        assert (writes.count("create_write_transaction"), writes.count("state.json")) == (2, 2), writes
