"""A small lake with a ZTF night in it."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.kafka.reading import Watermarks
from fink_lib.lake.small import append_rows
from fink_lib.lake.versions import Table
from fink_lib.nightly.job import NightContext
from fink_lib.storage.paths import AnyPlace
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import (
    COUNTED,
    NIGHT,
    OUTPUT,
    TOPIC,
    FakeKafka,
    bronze_row,
    counted_row,
    published_row,
    quarantine_row,
    rejected_row,
    silver_row,
)
from tests.builders.lake_folder import lake_folder


@pytest.fixture
def context(settings: Settings) -> NightContext:
    """One night of ZTF in a home of the test's own."""
    return NightContext(settings, get_survey("ztf"), NIGHT, "run-1")


Plant = Callable[[Table, list[dict[str, Any]]], Path]


def append(lake: AnyPlace, table: Table, rows: list[dict[str, Any]]) -> AnyPlace:
    """Append rows to a table of ZTF; what the table has no column for is left out."""
    spec = night_specs(get_survey("ztf"))[table]
    append_rows(spec, lake, rows)
    return spec.path(lake)


@pytest.fixture
def plant(settings: Settings) -> Plant:
    """Append rows to a table of the lake."""
    return partial(append, lake_folder(settings))


@pytest.fixture(scope="session")
def good_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten messages: offsets 0-5 silver, 6 rejected, 7 a repeat, 8 quarantined in enrich, 9 damaged; two sent."""
    lake = tmp_path_factory.mktemp("good-lake")
    put = partial(append, lake)
    put(Table.BRONZE, [bronze_row(offset) for offset in range(9)])
    put(Table.SILVER, [silver_row(offset) for offset in range(6)])
    put(Table.REJECTED, [rejected_row(6), rejected_row(7, is_duplicate=True)])
    enrich = quarantine_row(8, stage="enrich", night=NIGHT, alert_id=1_000_008, error_class="bad_value")
    put(Table.QUARANTINE, [enrich, quarantine_row(9)])
    put(Table.PUBLISHED, [published_row(0, 1), published_row(1, 4), *(counted_row(offset) for offset in range(6))])
    return lake


@pytest.fixture
def good_night(good_lake: Path, settings: Settings) -> FakeKafka:
    """A copy of the good lake for one test, and the Kafka that it came from."""
    shutil.copytree(good_lake, lake_folder(settings))
    return FakeKafka({(TOPIC, 0): Watermarks(0, 10), (OUTPUT, 0): Watermarks(0, 2), (COUNTED, 0): Watermarks(0, 6)})
