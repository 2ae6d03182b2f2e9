"""The third equation, beside output topics that were deleted and made anew: by sums, and row by row."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from fink_lib.config import Settings
from fink_lib.kafka.reading import Watermarks
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.small import ensure_small
from fink_lib.lake.tables import gold_published
from fink_lib.nightly.reconcile.published import PublishedAccount, published_account
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import FakeKafka
from tests.builders.lake_folder import lake_folder

NIGHT, TOPIC = dt.date(2021, 11, 22), "fink_f_ztf"
PUBLISHED = gold_published("ztf")


@pytest.fixture(params=["by sums", "by rows"])
def spans(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "spans.json" if request.param == "by sums" else None


@pytest.fixture
def lake(settings: Settings) -> Path:
    """Six messages on the first topic, three on the second."""
    ensure_small(PUBLISHED, lake_folder(settings))
    rows = [
        {"night": NIGHT, "alert_id": at, "filter": "f", "topic": TOPIC, "topic_id": one, "partition": 0, "offset": at}
        for one, count in (("old", 6), ("new", 3))
        for at in range(count)
    ]
    table = pa.Table.from_pylist(rows, schema=PUBLISHED.plain_schema)
    write_deltalake(PUBLISHED.path(lake_folder(settings)), table, mode="append")
    return lake_folder(settings)


def account(lake: Path, spans: Path | None, end: int, ids: dict[str, str | None]) -> PublishedAccount:
    kafka = FakeKafka({(TOPIC, 0): Watermarks(0, end)})
    tables = Pinned.now(night_specs(ZTF), lake)
    return published_account(tables, kafka, ZTF, NIGHT, {}, ids=ids, spans=spans)  # type: ignore[arg-type]


def test_what_stood_on_the_old_one_counts_as_sent(lake: Path, spans: Path | None) -> None:
    found = account(lake, spans, 3, {TOPIC: "new"})
    assert found.equation.holds
    assert (found.equation.total, found.of_night) == (9, {TOPIC: 9})
    (told,) = found.topics
    assert told["partitions"][0]["rows"] == 3, "what is told of the topic is what stands on it"


def test_one_that_holds_nothing_yet(lake: Path, spans: Path | None) -> None:
    assert account(lake, spans, 0, {TOPIC: "newest"}).equation.holds


def test_what_the_new_one_lacks_is_found(lake: Path, spans: Path | None) -> None:
    found = account(lake, spans, 2, {TOPIC: "new"})
    assert not found.equation.holds
    assert {one.fault for one in found.equation.differences} == {"never_sent"}


def test_where_kafka_gives_no_ids_both_are_one_topic(lake: Path, spans: Path | None) -> None:
    found = account(lake, spans, 6, {TOPIC: None})
    assert {one.fault for one in found.equation.differences} == {"recorded_twice"}
