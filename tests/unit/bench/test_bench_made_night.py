"""A made night balances by itself: each message has one place, and the tables say of it what its topics hold."""

from pathlib import Path

import numpy as np
import pytest
from deltalake import DeltaTable

from fink_lib.bench import made_night
from fink_lib.bench.made_night import PARTITIONS, MadeNight
from fink_lib.lake.versions import Table
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import NIGHT, bronze_row

ALERTS = 1003


def test_every_alert_has_one_place_and_one_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    survey = get_survey("ztf")
    packet = {"candid": 1, "objectId": "ZTF21aaaaaaa", "candidate": bronze_row(0)["candidate"]}
    made = MadeNight(survey, NIGHT, ALERTS, packet)
    monkeypatch.setattr(made_night, "PIECE_ROWS", 400)
    made.write(tmp_path)
    rows = {
        table: DeltaTable(str(spec.path(tmp_path))).to_pyarrow_table()
        for table, spec in night_specs(survey).items()
        if table is not Table.QUARANTINE
    }
    bronze, silver, rejected, published = (
        rows[one] for one in (Table.BRONZE, Table.SILVER, Table.REJECTED, Table.PUBLISHED)
    )
    assert bronze.num_rows == silver.num_rows + rejected.num_rows == ALERTS
    assert {*silver["alert_id"].to_pylist()} | {*rejected["alert_id"].to_pylist()} == {*bronze["alert_id"].to_pylist()}
    places = {
        (row["kafka_partition"], row["kafka_offset"])
        for row in bronze.select(["kafka_partition", "kafka_offset"]).to_pylist()
    }
    assert places == {(at % PARTITIONS, at // PARTITIONS) for at in range(ALERTS)}
    for topic, count in made.ends.items():
        mine = published.filter(np.array(published["topic"].to_pylist()) == topic)
        if mine.num_rows:
            assert sorted(mine["offset"].to_pylist()) == list(range(count))
    assert sum(made.ends.values()) == ALERTS + published.num_rows
