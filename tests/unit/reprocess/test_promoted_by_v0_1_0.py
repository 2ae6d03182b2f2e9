"""What v0.1.0 promoted, or left as a candidate, is undone and promoted once the lake is upgraded: no JVM."""

import dataclasses
import datetime as dt
from collections.abc import Mapping

import alert_lake
import pyarrow as pa
import pytest
from alert_lake import NIGHT, Row, live_lake, rejected_row, silver_row
from deltalake import DeltaTable
from promoting import ANALYST, digests, live, with_candidate

from fink_lib.config import Settings
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.swap import NightFile, night_files
from fink_lib.lake.tables import silver_rejected
from fink_lib.maintenance.upgrade import upgrade
from fink_lib.reprocess import promote
from fink_lib.reprocess.folder import RequestFolder

REPEATS = {31, 35}  # offsets


def old_row(row: Row) -> Row:
    repeat = row["kafka_partition"] + 2 * row["kafka_offset"] in REPEATS
    return {("is_repeat" if name == "is_duplicate" else name): row[name] for name in row} | {"is_repeat": repeat}


@pytest.fixture
def folder(settings: Settings, packets: list[Row], monkeypatch: pytest.MonkeyPatch) -> RequestFolder:
    """A request of v0.1.0, compared: its candidate rejects ten alerts more."""
    spec, write = silver_rejected("ztf"), alert_lake.write
    fields = [one.with_name("is_repeat") if one.name == "is_duplicate" else one for one in spec.schema]
    old = dataclasses.replace(spec, schema=pa.schema(fields))

    def write_as_before(one: object, lake: object, rows: list[Row]) -> object:
        return write(old, lake, [old_row(row) for row in rows]) if one == spec else write(one, lake, rows)  # type: ignore[arg-type]

    monkeypatch.setattr("alert_lake.write", write_as_before)
    at = alert_lake.write_at

    def write_at_as_before(one: object, path: object, rows: list[Row]) -> object:
        return at(old, path, [old_row(row) for row in rows]) if one == spec else at(one, path, rows)  # type: ignore[arg-type]

    monkeypatch.setattr("promoting.write_at", write_at_as_before)
    silver = [silver_row(packet, number) for number, packet in enumerate(packets[:30])]
    live_lake(settings, silver, [rejected_row(packet, 30 + number) for number, packet in enumerate(packets[30:40])])
    return with_candidate(settings, packets, dry_run=False, beside=True)


def promoted(folder: RequestFolder) -> None:
    """Promote, and leave what was replaced as releases before 0.2.0 did: linked aside, and vacuumed in the table."""
    promote.promote(folder, ANALYST)
    begun = folder.read("promotion")
    for name in ("silver", "rejected"):
        for file in map(NightFile.from_json, begun[name]["files"]):
            there, aside = file.inside(live(folder, name)), file.inside(folder.kept / name)
            aside.parent.mkdir(parents=True, exist_ok=True)
            there.rename(aside)


def repeats(folder: RequestFolder) -> Mapping[int, bool]:
    rows = dataset_of(DeltaTable(str(live(folder, "rejected")))).to_table().to_pylist()
    return {row["kafka_partition"] + 2 * row["kafka_offset"]: row["is_duplicate"] for row in rows}


def test_a_promotion_from_before_the_upgrade_is_undone_after_it(folder: RequestFolder) -> None:
    same = digests(folder)
    promoted(folder)
    after = digests(folder)
    assert [one.table for one in upgrade(folder.settings)] == [
        "candidate_" + folder.request_id + "/silver_ztf__rejected",
        "silver_ztf__rejected",
    ]
    assert digests(folder) == after != same
    assert set(repeats(folder)) == set(range(20, 40))
    promote.undo(folder, ANALYST)
    assert digests(folder) == same
    assert {place for place, again in repeats(folder).items() if again} == REPEATS
    assert set(repeats(folder)) == set(range(30, 40))


def test_alerts_that_came_since_stay(folder: RequestFolder, packets: list[Row]) -> None:
    """Files that were written anew are known as those that were promoted."""
    promoted(folder)
    alert_lake.write(silver_rejected("ztf"), folder.settings.lake, [rejected_row(packets[0], 41)])
    upgrade(folder.settings)
    promote.undo(folder, ANALYST)
    assert set(repeats(folder)) == {*range(30, 40), 41}


def test_a_candidate_from_before_the_upgrade_is_promoted_after_it(folder: RequestFolder) -> None:
    same = digests(folder)
    upgrade(folder.settings)
    assert digests(folder) == same
    promote.promote(folder, ANALYST)
    assert set(repeats(folder)) == set(range(20, 40))
    names = [file.path for file in night_files(DeltaTable(str(live(folder, "rejected"))), {NIGHT})]
    promote.undo(folder, promote.Person("vera", "a mistake", ANALYST.now + dt.timedelta(hours=1)))
    assert digests(folder) == same
    assert [file.path for file in night_files(DeltaTable(str(live(folder, "rejected"))), {NIGHT})] != names
