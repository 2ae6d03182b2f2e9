"""Partners by the name of an object: the nearest of the other survey, of the version that the row names."""

import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from object_lake import NIGHTS, alert, merge, pairs, shifted, silver

from fink_lib.lake.tables import gold_object_pairs
from fink_lib.lake.tables.partner import PARTNER_NAMES
from fink_lib.lake.versions import table_version
from fink_lib.objects import partners
from fink_lib.objects.partners import LOOK_S, NewestPartners, Partners

PLACE = (10.0, 20.0)
NOBODY = dict.fromkeys(PARTNER_NAMES)


def told(found: Partners, *names: str | None) -> list[dict[str, Any]]:
    alerts = pa.table({"object_id": pa.array(names, pa.string()), "alert_id": list(range(len(names)))})
    rows = found.beside(alerts)
    assert rows.column_names == ["object_id", "alert_id", *PARTNER_NAMES]
    return rows.select(PARTNER_NAMES).to_pylist()


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Two ZTF objects around one of Rubin, another pair far away, and an object without a partner."""
    near, wide = alert(1, "near", *shifted(*PLACE, 0.5)), alert(2, "wide", *shifted(*PLACE, 1.5, 180.0))
    ztf = [near, wide, alert(3, "far", 200.0, -30.0), alert(4, "alone", 100.0, 0.0)]
    merge(tmp_path, "ztf", silver("ztf", ztf), NIGHTS)
    merge(tmp_path, "lsst", silver("lsst", [alert(5, "313", *PLACE), alert(6, "9", 200.0, -30.0)]), NIGHTS)
    return tmp_path


def test_an_object_gets_the_nearest_of_the_other_survey(lake: Path) -> None:
    version = table_version(gold_object_pairs().path(lake))
    pair = pairs(lake)["313", "near"]
    (partner,) = told(Partners.read(lake, "lsst"), "313")
    assert partner == {
        "partner_survey": "ztf",
        "partner_id": "near",
        "partner_sep_arcsec": pair["separation_arcsec"],
        "partner_chance": pair["chance_b"],
        "partner_ambiguous": True,
        "partner_tables": f"gold__object_pairs {version}",
    }


def test_each_side_is_told_of_the_other_in_any_order_of_alerts(lake: Path) -> None:
    asked = ("alone", "wide", None, "far", "near", "", "near", "nobody of this name")
    rows = told(Partners.read(lake, "ztf"), *asked)
    assert [row["partner_id"] for row in rows] == [None, "313", None, "9", "313", None, "313", None]
    assert [row["partner_ambiguous"] for row in rows] == [None, True, None, False, True, None, True, None]
    assert rows[4]["partner_chance"] == pairs(lake)["313", "near"]["chance_a"] < rows[1]["partner_chance"]
    assert len({row["partner_tables"] for row in rows}) == 1, "who has none was looked for in the same table"


def test_names_of_another_survey_and_of_part_of_a_name_find_nothing(lake: Path) -> None:
    assert {row["partner_id"] for row in told(Partners.read(lake, "lsst"), "near", "31", "3130")} == {None}


def test_a_lake_without_pairs_says_that_nothing_was_looked_up(tmp_path: Path) -> None:
    assert told(Partners.read(tmp_path, "ztf"), "Z", None) == [NOBODY, NOBODY]
    assert told(Partners.read(tmp_path, "ztf")) == []


def test_pairs_without_one_of_another_survey(tmp_path: Path) -> None:
    merge(tmp_path, "ztf", silver("ztf", [alert(1, "Z", *PLACE)]), NIGHTS)
    (row,) = told(Partners.read(tmp_path, "ztf"), "Z")
    assert row == {**NOBODY, "partner_tables": row["partner_tables"]}
    assert row["partner_tables"].startswith("gold__object_pairs ")


def test_a_version_says_what_it_said(lake: Path) -> None:
    version = table_version(gold_object_pairs().path(lake))
    before = told(Partners.read(lake, "lsst"), "313", "9")
    merge(lake, "ztf", silver("ztf", []), NIGHTS)
    assert [row["partner_id"] for row in told(Partners.read(lake, "lsst"), "313", "9")] == [None, None]
    assert told(Partners.read(lake, "lsst", version), "313", "9") == before


def test_what_a_stream_knows_follows_the_table_once_a_minute(lake: Path) -> None:
    now_s = 1000.0
    kept = NewestPartners(lake, "lsst", lambda: now_s)
    first = kept.now
    merge(lake, "ztf", silver("ztf", []), NIGHTS)
    kept.refresh()
    assert kept.now is first
    now_s += LOOK_S
    kept.refresh()
    assert told(kept.now, "313")[0]["partner_id"] is None
    assert kept.now.tables != first.tables
    second = kept.now
    now_s += LOOK_S
    kept.refresh()
    assert kept.now is second, "the same version is not read again"


def test_pairs_that_cannot_be_read_cost_no_alert(
    lake: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_: object) -> None:
        raise OSError("no answer from the store")

    monkeypatch.setattr(partners, "table_version", gone)
    with caplog.at_level(logging.WARNING):
        assert told(NewestPartners(lake, "lsst").now, "313") == [NOBODY]
    assert "no answer from the store" in caplog.text
