"""The page on sizing is what its figures make, and its arithmetic is that of a person with a pencil."""

import json
from typing import Any

import pytest

from fink_lib.docs_pages.scale import (
    FIGURES,
    PAGE,
    WORDS,
    core_ms,
    cores,
    data_needs,
    money,
    page,
    stream_needs,
    values,
)

# 2 cores that do 200 alerts/s: 10 ms an alert. A visit of 1,000 in 10 s: 100 alerts/s, so 1 core, 2 to catch up.
MADE = {
    "cores": 2.0, "burst_rate_per_s": 200.0, "measured_packet_bytes": 50_000.0, "streams_memory_gb": 14.0,
    "closing_s_per_million": 60.0, "closing_memory_gb": 3.0, "packet_bytes": 100_000.0, "bronze_bytes": 60_000.0,
    "silver_bytes": 40_000.0, "topics_per_alert": 2.0, "alerts_a_night": 1e6, "burst_alerts": 1000.0, "visit_s": 10.0,
    "night_hours": 10.0, "topic_days": 5.0, "input_days": 2.0, "replicas": 3.0, "nights_kept": 100.0, "catch_up": 2.0,
    "core_hour": 0.1, "store_tb_month": 20.0, "disk_tb_month": 100.0,
}  # fmt: skip


def amounts(needs: list[Any]) -> dict[str, str]:
    return {need.what: need.amount for need in needs}


def figures() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(FIGURES.read_text())
    return loaded


def test_the_page_is_made_of_the_figures() -> None:
    assert PAGE.read_text() == page(figures(), WORDS.read_text()), "run `python -m fink_lib.docs_pages.scale`"


def test_every_figure_says_where_it_is_from() -> None:
    for name, facts in figures()["measured"].items():
        assert ("command" in facts) != ("source" in facts), name
        assert facts["value"] > 0, name


def test_streams_by_hand() -> None:
    assert core_ms(MADE, "burst_rate_per_s") == 10.0
    assert cores(MADE, 10.0) == 2
    found = amounts(stream_needs(MADE))
    assert found["rate"] == "100 alerts/s"
    assert found["cores, an alert costing what one of ZTF costs"] == "2"
    assert found["cores, a byte costing what one of ZTF costs"] == "4"
    assert found["memory of the streams"] == "40 GB"
    assert found["closing the night"] == "1 min, 3.0 GB"


def test_data_by_hand() -> None:
    assert list(amounts(data_needs(MADE)).values()) == [
        "0.1 TB a night, 3 MB/s", "0.1 GB", "0.2 TB a night before compression", "0.10 TB a night, 10 TB a year",
        "4 TB", "0.2 Gbit/s",
    ]  # fmt: skip


def test_money_by_hand() -> None:
    assert list(amounts(money(MADE)).values()) == ["292 a month", "200 a month", "360 a month"]


@pytest.mark.parametrize("figure", ["alerts_a_night", "burst_rate_per_s", "core_hour", "bronze_bytes"])
def test_another_figure_gives_another_page(figure: str) -> None:
    changed = figures()
    (group,) = [group for group in changed.values() if figure in group]
    group[figure]["value"] *= 3
    assert page(changed, WORDS.read_text()) != PAGE.read_text()
    assert values(changed)[figure] == 3 * values(figures())[figure]
