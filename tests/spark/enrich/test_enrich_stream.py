"""The enrich stream on real packets: every alert of bronze ends in one place, however often a batch is run."""

import math
import shutil
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pyspark.sql.functions as F
import pytest
from delta.tables import DeltaTable
from enrich_bench import Bench, bronze_row
from pyspark.sql import DataFrame

from fink_lib.config.surveys import SurveySettings
from fink_lib.lake.spark.table import ensure_table, read_table
from fink_lib.lake.tables import science_facts, silver_rejected
from fink_lib.science.framework.base import FAILED
from fink_lib.science.framework.runner import resource_of
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import bronze_spec
from fink_lib.surveys.ztf.young import make_young
from tests.builders.packet_rows import read_packets

pytestmark = [
    pytest.mark.spark,
    # py4j leaves the sockets of foreachBatch's callbacks to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

# What none of these few alerts has: a match with GCVS or with a source of gamma rays.
SELDOM_FILLED = {"gcvs_sep_arcsec", "x4lac_sep_arcsec"}

KEY = ("kafka_topic", "kafka_partition", "kafka_offset")


def keys(frame: DataFrame) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in frame.select(*KEY).collect())


def each_in_one_place(bench: Bench) -> None:
    """Assert bronze = silver + rejected + repeats + quarantine, row by row."""
    bronze = read_table(bronze_spec(bench.survey), bench.session, bench.settings.lake)
    assert keys(bronze) == sorted(keys(bench.silver) + keys(bench.rejected) + keys(bench.quarantine))


def content(bench: Bench) -> list[Any]:
    """Return everything that the stream wrote, except when it wrote it."""
    silver = bench.silver.drop("enrich_time").withColumn("science_errors", F.to_json("science_errors"))
    silver = silver.withColumn("science_versions", F.to_json("science_versions"))
    frames = (silver, bench.rejected.drop("enrich_time"), bench.quarantine.drop("quarantine_time"))
    return [sorted(str(row) for row in frame.collect()) for frame in frames]


@pytest.fixture
def rows(shared_data: Path) -> list[dict[str, Any]]:
    packets = read_packets(shared_data / "ztf" / "ztf_public_20181129.tar.gz")
    return [bronze_row(get_survey("ztf"), packet, offset) for offset, packet in enumerate(packets)]


def test_a_real_night_is_cut_as_fink_cuts_it(bench: Bench, rows: list[dict[str, Any]]) -> None:
    bench.offer(rows)
    bench.run()
    assert (bench.silver.count(), bench.rejected.count(), bench.quarantine.count()) == (232, 168, 0)
    each_in_one_place(bench)
    reasons = Counter(tuple(row.reasons) for row in bench.rejected.collect())
    assert reasons == {("rb",): 167, ("nbad", "rb"): 1}
    assert bench.rejected.where("is_duplicate").count() == 0
    first = bench.silver.orderBy("alert_id").first()
    assert first is not None
    assert set(first.science_versions) >= {"solar_system", "light_curve_features", "catalog.vsx"}
    assert not [why for why in first.science_errors.values() if why.startswith(FAILED)]
    assert bench.silver.select("enrich_time").distinct().count() == 1
    assert bench.silver.where("roid = 3").count() == 62
    assert bench.silver.columns == silver_spec(bench.survey).schema.names


def test_every_value_can_be_traced_to_its_module_and_catalogue(bench: Bench, rows: list[dict[str, Any]]) -> None:
    bench.offer(rows[:60])
    bench.run()
    bench.offer(rows[60:80])
    bench.run()  # a second start of the stream notes nothing twice
    digests = [row.science_digest for row in bench.silver.select("science_digest").distinct().collect()]
    table = read_table(science_facts(bench.survey.name), bench.session, bench.settings.lake)
    facts = table.where(F.col("digest") == digests[0]).collect()
    assert len(digests) == 1
    assert table.count() == len(facts)
    first = bench.silver.first()
    assert first is not None
    assert {fact.name: fact.version for fact in facts if fact.kind != "code"} == first.science_versions
    behind = {(fact.kind, fact.name) for fact in facts if "vsx" in fact.outputs.split(",")}
    assert behind == {("module", "variable_stars"), ("catalog", "catalog.vsx"), ("catalog", "catalog.gcvs")}


def test_every_alert_of_a_clean_set_passes(bench: Bench, shared_data: Path) -> None:
    packets = list(read_packets(shared_data / "ztf" / "ztf_public_20231018.tar.gz"))
    bench.offer([bronze_row(bench.survey, packet, offset) for offset, packet in enumerate(packets)])
    bench.run()
    assert (len(packets), bench.silver.count(), bench.rejected.count()) == (549, 549, 0)
    each_in_one_place(bench)
    assert bench.silver.where("gcvs != 'Unknown'").count() > 0
    assert bench.silver.where("(gcvs = 'Unknown') != (gcvs_sep_arcsec IS NULL)").count() == 0


@pytest.fixture
def varied(shared_data: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Alerts as they come, of two years, and young ones that pass the gate of every module."""
    packets = list(read_packets(shared_data / "ztf" / "ztf_public_20231018.tar.gz"))[:40]
    made = [make_young(packet, seed) for seed, packet in enumerate(packets[32:])]
    later = [bronze_row(get_survey("ztf"), packet, 100 + offset) for offset, packet in enumerate(packets[:28])]
    return rows[:40] + later + [bronze_row(get_survey("ztf"), packet, 200 + at) for at, packet in enumerate(made)]


def test_the_stream_gives_what_the_modules_give_alone(bench: Bench, varied: list[dict[str, Any]]) -> None:
    from fink_lib.science.framework.batch_builder import batch_of_packets, wanted
    from fink_lib.science.framework.registry import modules_of
    from fink_lib.science.framework.runner import run
    from fink_lib.surveys.inputs import inputs_of

    # A table of an older release, made when the stream ran four of the modules, gets the columns of all.
    few = ["detections", "solar_system", "light_curve_features", "variable_stars"]
    older = silver_spec(bench.survey, modules_of("ztf", few))
    ensure_table(older, bench.session, bench.settings.lake)
    assert "is_hostless" not in bench.silver.columns
    bench.offer(varied)
    bench.run()
    assert set(silver_spec(bench.survey).schema.names) == set(bench.silver.columns)
    modules, inputs = modules_of("ztf"), inputs_of("ztf")
    found = {row.alert_id: row for row in bench.silver.collect()}
    looked_at: set[str] = set()
    for row in varied:
        if row["alert_id"] not in found:
            continue
        batch = batch_of_packets([row], wanted(modules, inputs), inputs, bench.survey)
        alone = run(modules, batch, bench.settings.cache)
        stored = found[row["alert_id"]]
        for name, array in alone.columns.items():
            assert plain(stored[name]) == plain(array[0].as_py()), name
        assert stored.science_errors == {name: why[0] for name, why in alone.errors.items()}
        looked_at |= {out.name for module in modules for out in module.outputs if stored[out.name] is not None}
    loaded = [module for module in modules if resource_of(module.load, str(bench.settings.cache)).problem is None]
    assert {out.name for module in loaded for out in module.outputs} - looked_at <= SELDOM_FILLED


def plain(value: Any) -> Any:
    """Return a value as Spark and as Arrow give it: structs and maps as dicts."""
    if hasattr(value, "asDict"):
        return value.asDict()
    pairs = isinstance(value, list) and value and isinstance(value[0], tuple)
    return dict(value) if pairs else value


def test_repeats_are_told_from_first_arrivals(bench: Bench, rows: list[dict[str, Any]]) -> None:
    again = [{**row, "kafka_offset": 1000 + n} for n, row in enumerate(rows[:30])]
    bench.offer(rows[:100] + again[:10])
    bench.run()
    bench.offer(again[10:])
    bench.run()
    repeats = bench.rejected.where("is_duplicate")
    assert sorted(row.kafka_offset for row in repeats.collect()) == list(range(1000, 1030))
    assert [list(row.reasons) for row in repeats.select("reasons").distinct().collect()] == [["repeat"]]
    assert bench.silver.select("alert_id").distinct().count() == bench.silver.count()
    each_in_one_place(bench)


def test_a_batch_that_is_replayed_changes_nothing(bench: Bench, rows: list[dict[str, Any]]) -> None:
    bench.offer(rows[:40])
    bench.run()
    bench.offer(rows[40:80] + [{**row, "kafka_offset": 1000 + n} for n, row in enumerate(rows[:5])])
    bench.run()
    before = content(bench)
    bench.forget_last_commit()
    bench.run()
    assert content(bench) == before


def test_a_driver_that_dies_before_silver_is_written(bench: Bench, rows: list[dict[str, Any]]) -> None:
    """On replay, alerts rejected by the first try must not be called repeats of themselves."""
    bench.offer(rows[:60])
    bench.run()
    before = content(bench)
    bench.forget_last_commit()
    bench.drop_silver_commit()
    bench.session._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    assert bench.silver.count() == 0
    bench.run()
    assert content(bench) == before
    each_in_one_place(bench)


def test_compaction_of_bronze_sends_nothing_twice(bench: Bench, rows: list[dict[str, Any]]) -> None:
    for start in (0, 20, 40):
        bench.offer(rows[start : start + 20])
    bench.run()
    path = str(bronze_spec(bench.survey).path(bench.settings.lake))
    DeltaTable.forPath(bench.session, path).optimize().executeCompaction()
    bench.offer(rows[60:80])
    bench.run()
    assert bench.silver.count() + bench.rejected.count() == 80
    assert bench.rejected.where("is_duplicate").count() == 0
    each_in_one_place(bench)


def test_one_odd_packet_is_set_aside_before_it_can_stop_a_night(bench: Bench, rows: list[dict[str, Any]]) -> None:
    scores = (1.5, -0.25)
    pairs = zip(rows, scores, strict=False)
    spoilt = [{**row, "candidate": {**row["candidate"], "rb": score}} for row, score in pairs]
    bench.offer([*spoilt, *rows[2:6]])
    bench.run()
    found = {row.kafka_offset * 2 + row.kafka_partition: row.reason for row in bench.quarantine.collect()}
    assert {number: reason.split(":")[0] for number, reason in found.items()} == {0: "rb", 1: "rb"}
    each_in_one_place(bench)


def test_what_no_row_of_silver_can_hold_goes_to_quarantine(bench: Bench, rows: list[dict[str, Any]]) -> None:
    broken = [
        {**rows[0], "alert_id": None},
        {**rows[1], "ra": math.nan},
        {**rows[2], "dec": -91.0},
        {**rows[3], "time": None},
        {**rows[4], "candidate": {**rows[4]["candidate"], "rb": None}},
        {**rows[5], "prv_candidates": None},
    ]
    bench.offer(broken)
    bench.run()
    assert bench.quarantine.count() == 4
    assert {row.stage for row in bench.quarantine.collect()} == {"enrich"}
    assert {row.reason for row in bench.quarantine.collect()} == {
        "the alert has no identity",
        "the alert has no observation time",
        "the position is not on the sky",
    }
    assert bench.rejected.where("array_contains(reasons, 'rb')").where(f"alert_id = {rows[4]['alert_id']}").count() == 1
    each_in_one_place(bench)


def test_the_i_band_stays_unless_the_settings_drop_it(bench: Bench, rows: list[dict[str, Any]]) -> None:
    good = next(row for row in rows if row["candidate"]["nbad"] == 0 and row["candidate"]["rb"] >= 0.55)
    infrared = {**good, "candidate": {**good["candidate"], "fid": 3}}
    bench.offer([infrared])
    bench.run()
    assert bench.silver.count() == 1
    strict = type(bench)(
        bench.session, bench.settings.model_copy(update={"of_surveys": {"ztf": SurveySettings(optional_cuts="i_band")}})
    )
    strict.offer([{**infrared, "alert_id": 5, "kafka_offset": 77}])
    strict.run()
    assert [list(row.reasons) for row in strict.rejected.collect()] == [["i_band"]]


def test_two_streams_that_start_together_share_their_tables(bench: Bench) -> None:
    """The other stream has made the folder and not yet committed: wait for it instead of dying."""
    table = silver_rejected(bench.survey.name)
    log = table.path(bench.settings.lake) / "_delta_log"
    finished = ensure_table(table, bench.session, bench.settings.lake.with_name("elsewhere")) / "_delta_log"
    log.mkdir(parents=True)
    (log / "_staged_commits").mkdir()
    first = "00000000000000000000.json"
    other = threading.Timer(4.0, lambda: shutil.copy(finished / first, log / first))
    other.start()
    assert ensure_table(table, bench.session, bench.settings.lake) == table.path(bench.settings.lake)
    other.join()
    assert read_table(table, bench.session, bench.settings.lake).count() == 0
