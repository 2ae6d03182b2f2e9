"""What is on record of a night at the version of a plan, under today's names."""

import datetime as dt

import pytest
from alert_lake import NIGHT

from fink_lib.config import Settings
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import quarantine
from fink_lib.lake.versions import Table
from fink_lib.reprocess.aside import OF_ENRICH, aside_in
from fink_lib.reprocess.live import Live
from fink_lib.surveys import Damage

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PLACE = {"kafka_topic": "t", "kafka_partition": 0}


@pytest.fixture
def live(settings: Settings) -> Live:
    """A quarantine: an alert of the night that enrich set aside, one of ingest, and one of another night."""
    spec = quarantine("ztf")
    of_enrich = {"stage": "enrich", "error_class": str(Damage.UNFORESEEN), "reason": "ValueError: x"}
    first = {"night": NIGHT, "alert_id": 5, **PLACE, "kafka_offset": 3, **of_enrich, "quarantine_time": NOW}
    append_rows(spec, settings.lake, [first])
    later = {"kafka_offset": 4, "stage": "ingest", "error_class": "truncated"}
    append_rows(spec, settings.lake, [first | later, first | {"night": NIGHT.replace(day=28), "kafka_offset": 9}])
    path = spec.path(settings.lake)
    return Live({Table.QUARANTINE: spec}, {Table.QUARANTINE: path}, {Table.QUARANTINE: 2})


def test_the_alerts_that_were_set_aside_are_counted_and_named(live: Live) -> None:
    assert len(live.rows(Table.QUARANTINE, ("alert_id",), NIGHT, OF_ENRICH)) == 1
    assert len(live.rows(Table.QUARANTINE, ("alert_id",), NIGHT)) == 2
    assert aside_in(live, NIGHT) == {("t", 0, 3): "ValueError: x"}


@pytest.mark.parametrize("version", [0, None])
def test_an_older_version_and_no_table_have_what_they_had(live: Live, version: int | None) -> None:
    before = Live(live.specs, live.paths, {Table.QUARANTINE: version})
    assert before.rows(Table.QUARANTINE, ("alert_id", "reason"), NIGHT).num_rows == 0
    assert aside_in(before, NIGHT) == {}
