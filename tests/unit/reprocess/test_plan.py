"""What a plan tells of the live rows: the versions behind them, without reading the map of each."""

import datetime as dt
from typing import Any

import pytest
from alert_lake import NIGHT, Row, live_lake, silver_row

from fink_lib.config import Settings
from fink_lib.reprocess import folder as folders
from fink_lib.reprocess import plan
from fink_lib.reprocess.request import Request

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
OLD, NEW, MIXED = ({"roid": "1", "catalog.vsx": "a"}, {"roid": "2", "catalog.vsx": "a"}, {"roid": "1", "new": "7"})


def made_with(packet: Row, number: int, digest: str | None, told: dict[str, str]) -> Row:
    return silver_row(packet, number, science_digest=digest, science_versions=told)


def test_one_row_of_each_digest_tells_its_versions(
    settings: Settings, packets: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = [("d1", OLD)] * 20 + [("d2", NEW)] * 10 + [(None, MIXED)] * 3
    rows = [made_with(packet, number, *ways[number]) for number, packet in enumerate(packets[: len(ways)])]
    live_lake(settings, rows, [])
    read, pairs = [0], plan._pairs

    def counted(column: Any) -> set[tuple[str, str]]:
        read[0] += len(column)
        return pairs(column)

    monkeypatch.setattr(plan, "_pairs", counted)
    folder = folders.create(settings, Request("ztf", NIGHT, NIGHT), NOW)
    assert plan.live_versions(folder, 1) == {"roid": ["1", "2"], "catalog.vsx": ["a"], "new": ["7"]}
    assert read == [2 + 3], "one row a digest, and the rows that have none"
    assert plan.live_versions(folder, None) == {}
    other = folders.create(settings, Request("ztf", dt.date(2018, 11, 28), dt.date(2018, 11, 28)), NOW)
    assert plan.live_versions(other, 1) == {}
