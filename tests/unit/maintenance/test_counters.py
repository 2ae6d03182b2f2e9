"""Counter topics go long after their night was closed, and never while it is open."""

import datetime as dt
import json
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from fink_lib.config import Settings
from fink_lib.distribute import distributor
from fink_lib.distribute.deleted_counters import deleted_counters
from fink_lib.distribute.distributor import Distributor
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.maintenance import counters
from fink_lib.maintenance.counters import drop_counters
from tests.builders.lake_folder import lake_folder

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
OLD, YOUNG, OTHER = "fink_ztf_20260101", "fink_ztf_20260501", "fink_lsst_20260101"
FILTER = "fink_sso_ztf_candidates_ztf"


class Kafka:
    """What a broker holds, in memory."""

    def __init__(self, *topics: str) -> None:
        self.topics, self.asked = set(topics), 0

    def there(self, _connection: object) -> dict[str, int]:
        self.asked += 1
        return dict.fromkeys(self.topics, 1)

    def delete(self, _connection: object, topics: list[str]) -> None:
        self.topics -= set(topics)


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    made = Kafka(OLD, YOUNG, OTHER, FILTER)
    monkeypatch.setattr(counters, "partitions_by_topic", made.there)
    monkeypatch.setattr(counters, "delete_topics", made.delete)
    return made


def close(settings: Settings, night: str, days_ago: float, *, ok: bool = True, rows: int = 1) -> None:
    folder = settings.night_dir("ztf", night)
    folder.mkdir(parents=True)
    closed = (NOW - dt.timedelta(days=days_ago)).isoformat()
    counted = {"bronze": rows, "quarantine": 0}
    (folder / "manifest.json").write_text(json.dumps({"closed_at": closed, "ok": ok, "partition_rows": counted}))
    bronze = pa.table({"night": pa.array([dt.date.fromisoformat(night)]), "id": pa.array([1])})
    write_deltalake(lake_folder(settings) / "bronze_ztf__alerts", bronze, mode="append", partition_by=["night"])


def test_a_counter_goes_when_its_night_was_closed_long_ago(settings: Settings, kafka: Kafka) -> None:
    close(settings, "2026-01-01", 91)
    close(settings, "2026-05-01", 30)
    assert drop_counters(settings, NOW) == {"deleted": [OLD], "kept_because": ""}
    assert kafka.topics == {YOUNG, OTHER, FILTER}
    assert list(deleted_counters(settings)) == [OLD]
    assert drop_counters(settings, NOW) == {"deleted": [], "kept_because": ""}


def test_the_counter_of_an_open_night_stays(settings: Settings, kafka: Kafka) -> None:
    close(settings, "2026-01-01", 91, ok=False)
    assert drop_counters(settings, NOW)["deleted"] == []
    close(settings, "2026-01-02", 91, rows=0)  # an alert came after it was closed
    kafka.topics.add("fink_ztf_20260102")
    assert drop_counters(settings, NOW)["deleted"] == []


def test_the_setting_says_how_long(settings: Settings, kafka: Kafka) -> None:
    close(settings, "2026-05-01", 30)
    assert drop_counters(settings.model_copy(update={"counter_retention_days": 29.0}), NOW)["deleted"] == [YOUNG]


def test_a_broker_that_does_not_answer_stops_no_maintenance_and_is_asked_again(
    settings: Settings, kafka: Kafka
) -> None:
    def silent(*_: object) -> None:
        raise BrokerError("no Kafka answers")

    close(settings, "2026-01-01", 91)
    with patch.object(counters, "delete_topics", silent):
        assert drop_counters(settings, NOW) == {"deleted": [], "kept_because": "no Kafka answers"}
    assert OLD in kafka.topics
    assert drop_counters(settings, NOW)["deleted"] == [OLD]


def test_a_night_whose_counter_was_deleted_is_counted_no_more(settings: Settings, kafka: Kafka) -> None:
    close(settings, "2026-01-01", 91)
    made: list[str] = []
    nights = {dt.date(2026, 1, 1), dt.date(2026, 5, 1)}
    facts: dict[str, Any] = {"_spec": SimpleNamespace(settings=settings), "_survey": SimpleNamespace(name="ztf")}
    driver = cast("Any", SimpleNamespace(**facts, _counters=set()))
    with patch.object(distributor, "ensure_topics", lambda *given, **_: made.extend(given[1])):
        assert Distributor._counters_over(driver, nights) == set()
        drop_counters(settings, NOW)  # while the driver runs
        assert Distributor._counters_over(driver, nights) == {dt.date(2026, 1, 1)}
    assert made == [OLD, YOUNG]


def test_a_damaged_note_is_named(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    (settings.home / "deleted_counters.json").write_text("")
    with pytest.raises(ConfigError, match=r"deleted_counters\.json is damaged"):
        deleted_counters(settings)
