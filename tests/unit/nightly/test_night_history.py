"""Summaries of nights: in and out of the table, compared, and added up."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from fink_lib import lake
from fink_lib.nightly.report.compare import changes, compare
from fink_lib.nightly.statistics import history
from fink_lib.nightly.statistics.summary import Summary, from_rows, summarise, to_rows

NIGHTS = [dt.date(2021, 11, day) for day in range(1, 6)]


def facts(alerts: int, **more: Any) -> dict[str, Any]:
    return {
        "counts": {"bronze": alerts, "silver": alerts // 2, "rejected": alerts // 2},
        "objects": alerts - 1,
        "exposures": 4,
        "fields": None,
        "flags": {"sso_known": 3},
        "bands": {"g": alerts},
        "silver_bands": {"g": alerts // 2},
        "rejected": {"rb": alerts // 2},
        "quarantine": [{"stage": "ingest", "error_class": "truncated", "count": 2}],
        "null_shares": {"vsx": 0.25},
        "scores": {"candidate.rb": {"0.60": 4}},
        "classes": {"vsx": {"RRAB": 1, "Unknown": 3}},
        "latency_s": {"total": {"p50": 1.5}},
        "filters": [{"filter": "variable_stars", "filter_version": "1.0", "messages": 5, "objects": 4}],
        "science_versions": {"roid": {"1": alerts // 2}},
        "schema_versions": {"3.3": alerts},
        "code_versions": {"0.1.0": alerts // 2},
        **more,
    }


def test_a_summary_survives_its_rows() -> None:
    summary = summarise(facts(10))
    rows = to_rows("ztf", NIGHTS[0], summary)
    assert from_rows(rows) == {NIGHTS[0]: {name: values for name, values in summary.items() if values}}
    keys = [(row["measure"], row["name"]) for row in rows]
    assert keys == sorted(keys)
    assert len(keys) == len(set(keys))


def test_a_number_that_packets_do_not_tell_has_no_card() -> None:
    """No 0 stands for fields of the sky where packets do not say which field they are of."""
    told, untold = (summarise(facts(10, fields=fields)) for fields in (3, None))
    cards = {one["label"]: one["value"] for one in compare(NIGHTS[0], told, {})["cards"]}
    assert (cards["fields"], cards["exposures"]) == (3.0, 4.0)
    cards = {one["label"]: one["value"] for one in compare(NIGHTS[0], untold, {})["cards"]}
    assert (cards["fields"], cards["exposures"]) == (None, 4.0)


def test_a_missing_number_is_as_none_in_a_summary() -> None:
    row = {"night": NIGHTS[0], "measure": "count", "name": "bronze", "value": None}
    assert from_rows([row, {**row, "name": "silver", "value": 5.0}]) == {NIGHTS[0]: {"count": {"silver": 5.0}}}


def test_the_nights_before_come_from_the_table(tmp_path: Path) -> None:
    for number, night in enumerate(NIGHTS):
        history.record(tmp_path, "ztf", night, summarise(facts(10 * (number + 1))))
    history.record(tmp_path, "lsst", NIGHTS[0], summarise(facts(999)))
    found = history.trailing(tmp_path, "ztf", NIGHTS[3], count=2)
    assert list(found) == NIGHTS[1:3]
    assert [one["count"]["bronze"] for one in found.values()] == [20.0, 30.0]
    assert history.trailing(tmp_path, "ztf", NIGHTS[0]) == {}


def test_everything_that_can_be_added_is_added_up_over_nights(tmp_path: Path) -> None:
    for number, night in enumerate(NIGHTS):
        cost = {"alerts": 1, "seconds": {"cats": 0.5}}
        history.record(tmp_path, "ztf", night, summarise(facts(10 * (number + 1), science_cost=cost)))
    history.record(tmp_path, "lsst", NIGHTS[0], summarise(facts(999)))
    found = history.cumulative(tmp_path, "ztf", NIGHTS[2])
    assert found["nights"] == 3
    assert found["totals"] == {
        "count": {"bronze": 60, "silver": 30, "rejected": 30, **dict.fromkeys(("quarantine", "repeats"), 0)}
        | {"quarantine_enrich": 0},
        "flag": {"sso_known": 9},
        "band": {"g": 60},
        "silver_band": {"g": 30},
        "rejected": {"rb": 30},
        "quarantine": {"ingest.truncated": 6},
        "class:vsx": {"RRAB": 3, "Unknown": 9},
        "filter": {"variable_stars": 15},
        "science_s": {"cats": 1.5},
    }
    table = lake.cumulative("ztf", lake=tmp_path)
    assert table.column_names == ["measure", "name", "nights", "total"]
    (bronze,) = [row for row in table.to_pylist() if (row["measure"], row["name"]) == ("count", "bronze")]
    assert (bronze["nights"], bronze["total"]) == (5, 150)
    assert lake.cumulative("ztf", upto="2021-11-01", lake=tmp_path).num_rows == table.num_rows
    history.record(tmp_path, "ztf", NIGHTS[0], summarise(facts(1000)))  # a night that is closed again
    (band,) = [row for row in lake.cumulative("ztf", lake=tmp_path).to_pylist() if row["measure"] == "band"]
    assert band["total"] == 1140


def test_recording_a_night_again_replaces_it(tmp_path: Path) -> None:
    for alerts in (10, 20, 20):
        history.record(tmp_path, "ztf", NIGHTS[0], summarise(facts(alerts)))
    found = history.trailing(tmp_path, "ztf", NIGHTS[1])
    assert found[NIGHTS[0]]["count"]["bronze"] == 20.0
    rows = DeltaTable(str(tmp_path / "gold__statistics")).to_pyarrow_table().to_pylist()
    assert len(rows) == len({(row["measure"], row["name"]) for row in rows})


def test_a_lake_without_statistics_has_no_history(tmp_path: Path) -> None:
    assert history.trailing(tmp_path, "ztf", NIGHTS[0]) == {}
    assert history.cumulative(tmp_path, "ztf", NIGHTS[0]) == {"nights": 0, "totals": {}}


def summaries(*alerts: int) -> dict[dt.date, Summary]:
    return {night: summarise(facts(count)) for night, count in zip(NIGHTS, alerts, strict=False)}


def test_a_night_stands_beside_its_predecessors() -> None:
    found = compare(NIGHTS[3], summarise(facts(400)), summaries(100, 200, 300))
    cards = {card["label"]: card for card in found["cards"]}
    assert cards["alerts kept"] == {
        "label": "alerts kept",
        "value": 400.0,
        "usual": 200.0,
        "history": [100.0, 200.0, 300.0, 400.0],
    }
    assert cards["first detections"]["value"] is None  # the night does not know
    assert [bar["silver"] for bar in found["nights"]] == [50, 100, 150, 200]
    assert found["class_shares"]["vsx"] == {"RRAB": 0.25, "Unknown": 0.75}
    assert found["filter_yields"]["variable_stars"] == {"yield": 5 / 200, "usual": pytest.approx(5 / 100)}


def test_what_changed_is_named() -> None:
    before = summarise(facts(10))
    other = [{"filter": "bright", "filter_version": "2.0", "messages": 0, "objects": 0}]
    now = summarise(facts(10, science_versions={"roid": {"2": 5}}, filters=other))
    assert changes(before, before) == []
    assert changes(None, now) == []
    assert changes(before, now) == [
        {"what": "filter bright", "kind": "new", "before": [], "after": ["2.0"]},
        {"what": "filter variable_stars", "kind": "gone", "before": ["1.0"], "after": []},
        {"what": "roid", "kind": "changed", "before": ["1"], "after": ["2"]},
    ]
