"""The counts and latencies of a small night that can be counted by hand, and its compaction."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
from deltalake import DeltaTable

from fink_lib.distribute.counter import COUNTER
from fink_lib.distribute.failures import FailureBook
from fink_lib.distribute.match import Raised
from fink_lib.lake import tables
from fink_lib.lake.rows import Rows
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import gold_filter_failures
from fink_lib.lake.versions import Table
from fink_lib.nightly import compact
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.statistics import group_counts, tracklets
from fink_lib.nightly.statistics import step as statistics
from fink_lib.nightly.statistics.latency import grained
from fink_lib.nightly.statistics.profile import profile
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import NIGHT, FakeKafka, bronze_row


def rows(**columns: pa.Array) -> Rows:
    return Rows(ds.dataset(pa.table(columns)))


def test_a_night_counted_by_hand(context: NightContext, good_night: FakeKafka) -> None:
    book = FailureBook(gold_filter_failures(context.survey.name), context.settings.lake, {"picky": "1"})
    raised = [Raised(NIGHT, alert_id, "picky", f"ValueError: {alert_id}") for alert_id in (9, 7)]
    assert (book.record(raised), book.record(raised[:1])) == (2, 0)
    book.record([replace(raised[0], night=NIGHT + dt.timedelta(days=1))])
    facts = statistics.run(context).result
    assert facts["counts"] == {
        "bronze": 9,
        "silver": 6,
        "rejected": 1,
        "repeats": 1,
        "quarantine": 0,
        "quarantine_enrich": 1,
        "published": 2,
        "counted": 6,
    }
    assert (facts["objects"], facts["exposures"], facts["fields"]) == (9, 9, 9)
    assert facts["bands"] == {"r": 9}
    assert facts["silver_bands"] == {"r": 6}
    assert facts["rejected"] == {"rb": 1}
    assert facts["quarantine"] == [{"stage": "enrich", "error_class": "bad_value", "count": 1}]
    sent = {row["filter"]: row["messages"] for row in facts["filters"]}
    assert COUNTER not in sent
    assert sent.pop("sso_ztf_candidates") == 2
    assert set(sent.values()) <= {0}
    assert sum(count for _, _, count in facts["sky"]["bins"]) == 9
    assert facts["sky"]["bins"][0] == [10.0, -20.0, 2]  # ra 10, 11 → 8-12; bins of dec begin at -90: -22…-18
    stages = {"ingest": 2.0, "enrich": 3.0, "distribute": 1.0, "total": 6.0, "to_silver": 5.0}
    assert {stage: found["p95"] for stage, found in facts["latency_s"].items()} == stages
    assert facts["latency_alerts"] == {"ingest": 9, "enrich": 8, "distribute": 2, "total": 2, "to_silver": 4}
    # Made rows are observed as they arrive: what Kafka and silver see of them is 0 and 5 s old
    at = {"p50": 5.0, "p95": 5.0, "p99": 5.0}
    assert facts["latency_observed"] == {
        "arrival": {"alerts": 9, **dict.fromkeys(at, 0.0)},
        "silver": {"alerts": 6, **at},
    }
    assert facts["latency_hours"]["enrich"] == {"2021-11-22T06": {"alerts": 8, "p50": 3.0, "p95": 3.0, "p99": 3.0}}
    assert facts["science_versions"] == {"roid": {"1": 6}}
    assert facts["scores"] == {"candidate.rb": {"0.90": 6}, "candidate.drb": {}}
    assert set(facts["scores_outside"].values()) == {0}
    assert facts["null_shares"]["object_id"] == 0.0
    assert (facts["null_shares"]["candidate.rb"], facts["null_shares"]["candidate.drb"]) == (0.0, 1.0)
    assert (facts["trailing"], facts["cumulative"]["totals"]["count"]["bronze"]) == ({}, 9.0)
    picky = {"filter": "picky", "alerts": 2, "alert_id": 7, "reason": "ValueError: 7"}
    assert facts["filter_failures"] == [picky]


def test_the_next_night_knows_this_one(context: NightContext, good_night: FakeKafka) -> None:
    statistics.run(context)
    later = replace(context, night=NIGHT + dt.timedelta(days=1))
    facts = statistics.run(later).result
    assert facts["trailing"][NIGHT.isoformat()]["count"]["bronze"] == 9.0
    assert (facts["cumulative"]["nights"], facts["cumulative"]["totals"]["count"]["bronze"]) == (2, 9.0)


def test_flags_count_what_is_flagged() -> None:
    flags = profile(
        ZTF,
        rows(
            roid=pa.array([3, 3, 2, 0, None], pa.int32()),
            nalerthist=pa.array([1, 5, 1, None, None], pa.int32()),
            vsx_sep_arcsec=pa.array([None, 0.4, None, 1.0, None]),
            vsx=pa.array(["Unknown", "M", "Unknown", None, "Unknown"]),
            gcvs=pa.array(["Unknown", "Unknown", "Unknown", "Unknown", "QSO"]),
            gcvs_sep_arcsec=pa.array([None, None, None, None, 0.3]),
        ),
    )["flags"]
    assert flags["sso_known"] == 2
    assert flags["sso_candidate"] == 1
    assert flags["first_detection"] == 2
    assert flags["catalogued_variable"] == 2


def test_alerts_that_move_are_linked_recorded_and_replaced(context: NightContext) -> None:
    when, rate = 2459540.75, 0.25 / 48.0  # degrees in half an hour
    told = [
        *((number, "o", when + number / 48.0, 40.0, 10.0 + number * rate, "g", 19.0, 1) for number in range(3)),
        *((10 + number, "o", when + number / 48.0, 80.0, 10.0 + number * rate, "g", 19.0, 3) for number in range(3)),
        (20, None, when, 120.0, 0.0, None, None, 2),
    ]
    ids, objects, times, ra, dec, bands, mags, roids = map(pa.array, zip(*told, strict=True))
    candidate = pa.StructArray.from_arrays([mags.cast(pa.float32())], ["magpsf"])
    columns = {"alert_id": ids, "object_id": objects, "time": times, "ra": ra, "dec": dec, "band": bands}
    silver = rows(**columns, candidate=candidate, roid=roids)
    spec = tables.gold_asteroid_links(context.survey.name)
    for _ in range(2):  # a night that is closed again says the same
        facts = tracklets.link(context, silver)
        assert facts is not None
        assert (facts["alerts"], facts["count"]) == (4, 0)  # no glints
        facts = facts["asteroid_links"]
        assert (facts["alerts"], facts["count"], facts["linked"]) == (4, 1, 3)
        assert facts["longest"][0]["rate_deg_per_day"] == 0.25
        found = read_rows(spec, context.settings.lake)
        assert sorted(row["alert_id"] for row in found) == [0, 1, 2]
        assert {(row["night"], row["members"], row["band"]) for row in found} == {(context.night, 3, "g")}
    tracklets.link(context, silver.chosen(pc.field("roid") == 2))
    assert read_rows(spec, context.settings.lake) == []
    assert tracklets.link(context, rows(**columns, candidate=candidate)) is None


def test_scores_outside_of_0_to_1_are_counted_by_themselves() -> None:
    scores = pa.array([0.0, 1.0, 1.5, -0.1, float("nan"), None])
    found = profile(ZTF, rows(candidate=pa.StructArray.from_arrays([scores], ["rb"])))
    assert found["scores_outside"] == {"candidate.rb": 3}
    assert found["scores"]["candidate.rb"] == {"0.00": 1, "0.95": 1}


def test_classes_too_many_to_name_stand_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_counts, "MOST_CLASSES", 2)
    labels = ["a"] * 5 + ["b"] * 3 + ["c", "d", "d", None]
    flags = pa.array([at % 2 for at in range(len(labels))], pa.int32())
    found = group_counts.classes(rows(vsx=pa.array(labels), flag=flags), ["vsx", "flag"])
    assert found == {"vsx": {"a": 5, "b": 3, "(other)": 4}, "flag": {"0": 6, "1": 6}}


def test_seconds_are_told_to_the_millisecond_and_long_ones_to_four_digits() -> None:
    seconds = [0.00149, -0.0006, 9.99949, 12.3456, 123.456, 86399.4, 123456.0]
    micros = np.array([round(each * 1e6) for each in seconds], dtype=np.int64)
    assert grained(micros).tolist() == [0.001, -0.001, 9.999, 12.35, 123.5, 86400.0, 123500.0]


def test_an_empty_night_has_statistics(context: NightContext) -> None:
    facts = statistics.run(context).result
    assert set(facts["counts"].values()) == {0}
    assert facts["latency_s"] == {}
    assert facts["sky"]["bins"] == []
    assert facts["tracklets"] is None  # the silver of these tests has no flag of what moves


def test_compaction_keeps_every_row_and_other_nights(
    context: NightContext, good_night: FakeKafka, plant: object
) -> None:
    assert callable(plant)
    other = NIGHT.replace(day=23)
    for offset in (20, 21, 22):
        plant(Table.BRONZE, [bronze_row(offset), bronze_row(offset + 10, night=other)])
    spec, lake = night_specs(context.survey)[Table.BRONZE], context.settings.lake
    before = DeltaTable(str(spec.path(lake))).to_pyarrow_table().sort_by("kafka_offset").to_pylist()
    facts = compact.run(context).result["tables"]["bronze"]
    assert (facts["before"]["files"], facts["after"]["files"]) == (4, 1)
    assert facts["before"]["rows"] == facts["after"]["rows"] == 12
    assert compact.partition_files(spec.path(lake), other)["files"] == 3
    assert DeltaTable(str(spec.path(lake))).to_pyarrow_table().sort_by("kafka_offset").to_pylist() == before
    twice = compact.run(context).result["tables"]["bronze"]
    assert twice["version"] == facts["version"]  # nothing left to do: no commit
