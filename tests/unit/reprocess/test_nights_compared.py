"""Nights are compared one by one: what is counted is of all of them, what is shown is short, all of it is in a file."""

import datetime as dt
from collections import Counter
from typing import Any

import pyarrow.parquet as pq
import pytest
from alert_lake import NIGHT, SPECS, Row, live_lake, rejected_row, silver_row, write

from fink_lib.config import Settings
from fink_lib.reprocess import compare, diff, findings
from fink_lib.reprocess.findings import ChangesFile
from fink_lib.reprocess.side import Pinned, Side
from fink_lib.reprocess.tables import current_version
from fink_lib.surveys import ZTF

NEXT = NIGHT + dt.timedelta(days=1)
NOTHING_THERE = NIGHT + dt.timedelta(days=2)
LABELS = ("RRAB", "M", "EA")


def live_row(packet: Row, number: int) -> Row:
    night = NIGHT if number < 20 else NEXT
    return silver_row(packet, number, night=night, vsx="EW", vsx_sep_arcsec=float(number))


def compared(settings: Settings, candidate: list[Row], rejected: list[Row]) -> dict[str, Any]:
    """Compare the live lake with a candidate, over three nights."""
    root = settings.lake / "candidate"
    write(SPECS["silver"], root, candidate)
    write(SPECS["rejected"], root, rejected)
    sides = []
    for name, lake in (("live", settings.lake), ("candidate", root)):
        paths = {table: SPECS[str(table)].path(lake) for table in diff.REPLACED}
        versions = {table: current_version(path) for table, path in paths.items()}
        sides.append(Side(name, Pinned(paths, versions), (NIGHT, NEXT, NOTHING_THERE)))
    with ChangesFile(settings.home / "changes.parquet") as changes:
        return diff.compare_sides(ZTF, sides[0], sides[1], changes.keep)


def test_everything_is_counted_and_all_alerts_are_in_the_file(
    settings: Settings, packets: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "MOST_IDS", 4)
    monkeypatch.setattr(diff, "MOST_IDS", 4)
    monkeypatch.setattr(compare, "MOST_FLIPS", 2)
    live = [live_row(packet, number) for number, packet in enumerate(packets[:30])]
    live_lake(settings, live, [])
    new = [{**row, "vsx": LABELS[number % 3]} if number % 2 else row for number, row in enumerate(live[:26])]
    out = [rejected_row(packets[number], number, night=NEXT) for number in range(26, 30)]
    facts = compared(settings, new, out)

    ids = [row["alert_id"] for row in live]
    odd, gone = [ids[number] for number in range(26) if number % 2], ids[26:]
    assert facts["alerts_changed"] == len(odd) + len(gone) == 17
    assert facts["alert_ids"] == sorted(ids[number] for number in range(20) if number % 2)[:4]
    ((name, column),) = facts["columns"]["silver"].items()
    assert (name, column["changed"], len(column["examples"])) == ("vsx", 13, 5)
    assert facts["moves"] == [{"from": "silver", "to": "rejected", "count": 4, "alert_ids": sorted(gone)}]
    assert facts["flipped"] == {"vsx": 13}
    assert [flip["count"] for flip in facts["flips"]["vsx"]] == [5, 4], "two of three ways are shown, all are counted"
    sizes = {name: side.get("silver") for name, side in facts["sides"].items()}
    assert sizes == {"live": 30, "candidate": 26}

    kept = pq.read_table(settings.home / "changes.parquet").to_pylist()
    assert {row["alert_id"] for row in kept if row["kind"] == "changed"} == set(odd)
    moved = {(row["alert_id"], row["what"]) for row in kept if row["kind"] == "moved"}
    assert moved == {(alert_id, "silver → rejected") for alert_id in gone}
    nights = {row["alert_id"]: row["night"] for row in live}
    assert all(row["night"] == nights[row["alert_id"]] for row in kept)
    told = Counter((row["kind"], row["what"]) for row in kept if row["kind"] in ("gained", "lost"))
    assert sum(told.values()) > 0
    for name, each in facts["filters"].items():
        assert (each["n_gained"], each["n_lost"]) == (told["gained", name], told["lost", name])
        assert each["new"] - each["old"] == each["n_gained"] - each["n_lost"]
        assert max(len(each["gained"]), len(each["lost"])) <= 4


def test_the_drift_is_that_of_all_nights_and_of_the_same_alerts_on_both_sides(
    settings: Settings, packets: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = [live_row(packet, number) for number, packet in enumerate(packets[:40])]
    live_lake(settings, live, [])
    new = [{**row, "vsx_sep_arcsec": row["vsx_sep_arcsec"] + 10.0} for row in live]
    facts = compared(settings, new, [])["drift"]["vsx_sep_arcsec"]
    assert (facts["n_old"], facts["n_new"], facts["one_in"]) == (40, 40, 1)
    assert (facts["ks"], facts["median_old"], facts["median_new"]) == (pytest.approx(0.25), 19.5, 29.5)

    monkeypatch.setattr(diff, "DRIFT_VALUES", 10)
    few = compared(settings, [], [])["drift"]["vsx_sep_arcsec"]  # the same tables once more
    assert few["one_in"] == 4
    assert 0 < few["n_old"] == few["n_new"] < 40
    assert few["median_new"] - few["median_old"] == pytest.approx(10.0)


def test_an_interrupted_comparison_leaves_the_file_of_the_one_before(settings: Settings) -> None:
    path = settings.home / "changes.parquet"
    with ChangesFile(path) as changes:
        changes.keep(findings.changes_of(NIGHT, "moved", "a → b", [2, 1]))
    with pytest.raises(KeyboardInterrupt), ChangesFile(path):
        raise KeyboardInterrupt
    assert pq.read_table(path)["alert_id"].to_pylist() == [1, 2]
    assert list(settings.home.iterdir()) == [path]
