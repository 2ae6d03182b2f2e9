"""Candidate tables on real packets: what the stream wrote, again, and what another threshold changes."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable as Opened
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.lake.digest import table_digest
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import gold_object_pairs
from fink_lib.lake.versions import Table
from fink_lib.reprocess import candidate, promote, steps
from fink_lib.reprocess.folder import RequestFolder
from fink_lib.reprocess.request import Request
from fink_lib.surveys.tables import bronze_spec
from tests.builders.packet_rows import read_packets
from tests.spark.enrich.enrich_bench import Bench, bronze_row

pytestmark = [
    pytest.mark.spark,
    # py4j leaves the sockets of foreachBatch's callbacks to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

NIGHT = dt.date(2018, 11, 29)
ANALYST = promote.Person("vera", "test", dt.datetime(2026, 1, 2, tzinfo=dt.UTC))


@pytest.fixture(scope="module")
def packets(shared_data: Path) -> list[dict[str, Any]]:
    found = read_packets(shared_data / "ztf" / "ztf_public_20181129.tar.gz")
    return [dict(packet) for packet, _ in zip(found, range(120), strict=False)]


@pytest.fixture(scope="module")
def bench(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, packets: list[dict[str, Any]]) -> Bench:
    """A night that the stream has enriched in three batches, in which ten alerts came twice."""
    made = Bench(spark, Settings(home=tmp_path_factory.mktemp("candidate") / "home", max_files_per_batch=1))
    rows = [bronze_row(made.survey, packet, number) for number, packet in enumerate(packets)]
    # A repeat at a lower position than its first arrival, which only the record can tell.
    late = [{**row, "kafka_offset": 1000 + number} for number, row in enumerate(rows[:10])]
    for part in (late, rows[10:60], [*rows[:10], *rows[60:]]):
        made.offer(part)
        made.run()
    assert made.rejected.where("is_duplicate").count() == 10
    return made


def live(bench: Bench) -> list[str]:
    return [table_digest(bench.settings.lake / f"silver_ztf__{name}") for name in ("alerts", "rejected")]


def computed(bench: Bench, **changes: Any) -> RequestFolder:
    folder = steps.plan(bench.settings, Request("ztf", NIGHT, NIGHT, **changes))
    steps.run(folder, bench.session)
    steps.diff(folder)
    return folder


def digests(folder: RequestFolder) -> list[str]:
    told = folder.read("candidate")["digests"]
    return [told["silver"], told["rejected"]]


def test_the_same_inputs_give_what_the_stream_gave_every_time(bench: Bench) -> None:
    folder = computed(bench)
    assert digests(folder) == live(bench)
    assert folder.read("diff")["same"]
    assert folder.read("diff")["provenance"] == {"silver": {}, "rejected": {}}
    steps.run(folder, bench.session)
    assert digests(folder) == live(bench)
    tables = [Opened(str(folder.candidate_of(table))) for table in (Table.SILVER, Table.REJECTED)]
    assert [table.version() for table in tables] == [1, 1], "made, and filled by one commit"


def test_a_cut_may_read_fields_that_bronze_has_no_column_of(bench: Bench, packets: list[dict[str, Any]]) -> None:
    before = live(bench)
    folder = computed(bench, overrides={"cut.rb": "candidate.fwhm < 2.5 AND size(prv_candidates) > 3"})
    wide = [p for p in packets if p["candidate"]["fwhm"] >= 2.5 or len(p["prv_candidates"] or []) <= 3]
    good = [packet for packet in packets if packet["candidate"]["nbad"] == 0]
    kept = {p["candid"] for p in good} - {p["candid"] for p in wide}
    passed = {p["candid"] for p in good if p["candidate"]["rb"] >= 0.55}
    assert folder.read("diff")["alert_ids"] == sorted(kept ^ passed) != []
    assert live(bench) == before


def test_another_threshold_changes_exactly_the_alerts_between_both(bench: Bench, packets: list[dict[str, Any]]) -> None:
    before = live(bench)
    folder = computed(bench, overrides={"cut.rb": "candidate.rb >= 0.65"}, dry_run=False)
    good = [packet for packet in packets if packet["candidate"]["nbad"] == 0]
    expected = sorted(p["candid"] for p in good if 0.55 <= p["candidate"]["rb"] < 0.65)
    assert folder.read("diff")["alert_ids"] == expected != []
    promote.promote(folder, ANALYST)
    ids = {row.alert_id for row in bench.silver.select("alert_id").collect()}
    assert ids == {packet["candid"] for packet in good if packet["candidate"]["rb"] >= 0.65}
    promote.undo(folder, ANALYST)
    assert live(bench) == before


def test_an_older_version_of_bronze_can_be_read(bench: Bench) -> None:
    path = bronze_spec(bench.survey).path(bench.settings.lake)
    folder = computed(bench, bronze_version=1)
    assert folder.read("candidate")["alerts"] == 10
    assert path.exists()
    gone = [move for move in folder.read("diff")["moves"] if move["to"] == "nowhere"]
    assert sum(move["count"] for move in gone) == 120


def test_one_module_leaves_the_values_of_the_others(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A live value of another module stays, even one that the module itself would not give; in portions too."""
    from delta.tables import DeltaTable

    monkeypatch.setattr(candidate, "ROWS_AT_ONCE", 60)
    path = str(bench.settings.lake / "silver_ztf__alerts")
    before = live(bench)
    table = DeltaTable.forPath(bench.session, path)
    version = table.history(1).select("version").first()
    assert version is not None
    table.update("true", {"vsx": "'planted'", "quality_flaws": "'planted'"})
    folder = computed(bench, modules=("quality",))
    changed = folder.read("diff")["columns"]["silver"]
    assert set(changed) == {"quality_flaws"}
    assert changed["quality_flaws"]["changed"] == bench.silver.count()
    # The versions are those of before; but one digest no longer names all of a row's values.
    assert folder.read("diff")["provenance"]["silver"] == {"science_digest": bench.silver.count()}
    table.restoreToVersion(version.version)
    assert live(bench) == before


def test_partners_are_those_of_the_plan_and_one_module_leaves_them(bench: Bench) -> None:
    pair = {"kind": "position", "survey_a": "lsst", "object_a": "313", "survey_b": "ztf", "rank_a": 1, "cell": 0}
    name = bench.silver.select("object_id").first()["object_id"]  # type: ignore[index]
    append_rows(gold_object_pairs(), bench.settings.lake, [{**pair, "object_b": name, "separation_arcsec": 0.5}])
    folder = steps.plan(bench.settings, Request("ztf", NIGHT, NIGHT))
    later = {**pair, "object_a": "314", "object_b": name, "separation_arcsec": 0.1}
    append_rows(gold_object_pairs(), bench.settings.lake, [later])
    steps.run(folder, bench.session)
    steps.diff(folder)
    told = folder.read("diff")
    flipped = told["columns"]["silver"]["partner_id"]["examples"]
    assert {(one["old"], one["new"]) for one in flipped} == {("None", "313")}
    assert told["provenance"]["silver"] == {"partner_tables": bench.silver.count()}
    some = computed(bench, modules=("quality",))
    assert "partner_id" not in some.read("diff")["columns"]["silver"]
    assert "partner_tables" not in some.read("diff")["provenance"]["silver"]
