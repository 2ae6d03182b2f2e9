"""A shadow reads the live bronze, writes beside it, and is compared over what both have come to."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.lake.digest import table_digest
from fink_lib.reprocess.shadow import diff, plan, report_of, shadow_spec
from fink_lib.surveys import Cut, Survey
from tests.builders.packet_rows import read_packets
from tests.spark.enrich.enrich_bench import Bench, bronze_row

pytestmark = [
    pytest.mark.spark,
    # py4j leaves the sockets of foreachBatch's callbacks to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

NIGHT = dt.date(2018, 11, 29)


def stricter(survey: Survey) -> Survey:
    """Return the survey as other code would have it."""
    others = tuple(cut for cut in survey.cuts if cut.name != "rb")
    return replace(survey, cuts=(*others, Cut("rb", "candidate.rb >= 0.65", "a candidate threshold")))


def test_a_shadow_changes_nothing_live_and_its_difference_is_named(
    spark: SparkSession, shared_data: Path, tmp_path: Path
) -> None:
    bench = Bench(spark, Settings(home=tmp_path / "home", max_files_per_batch=1))
    found = read_packets(shared_data / "ztf" / "ztf_public_20181129.tar.gz")
    packets = [dict(packet) for packet, _ in zip(found, range(90), strict=False)]
    rows = [bronze_row(bench.survey, packet, number) for number, packet in enumerate(packets)]
    bench.offer(rows[:60])
    bench.run()
    live = table_digest(bench.settings.lake / "silver_ztf__alerts")
    spec = shadow_spec(bench.settings, "ztf", "stricter")
    with pytest.raises(ConfigError, match="has no tables yet"):
        diff(spec, (NIGHT,))
    plan(spark, spec, stricter(bench.survey)).start(available_now=True).awaitTermination()
    assert table_digest(bench.settings.lake / "silver_ztf__alerts") == live

    bench.offer(rows[60:])
    bench.run()  # the shadow lags: what it has not seen does not count
    facts = diff(spec, (NIGHT,))
    good = [packet for packet in packets[:60] if packet["candidate"]["nbad"] == 0]
    expected = sorted(p["candid"] for p in good if 0.55 <= p["candidate"]["rb"] < 0.65)
    assert facts["alert_ids"] == expected != []
    assert set(facts["provenance"]["silver"]) == {"enrich_time"}
    assert sum(facts["sides"]["live"].get(place, 0) for place in ("silver", "rejected")) == 60
    assert facts["headline"] in report_of(spec).read_text()


def test_a_shadow_is_a_stream_of_its_own(settings: Settings, tmp_path: Path) -> None:
    spec = shadow_spec(settings, "ztf", "new", tmp_path)
    assert (spec.name, spec.app_id) == ("ztf.shadow_new", "ztf.shadow_new.v2")
    assert spec.checkpoint != bench_checkpoint(settings)
    assert spec.job == tmp_path / "jobs/streaming/shadow.py"
    assert spec.command[-3:] == [str(spec.job), "--stream", "ztf.shadow_new"]
    with pytest.raises(ConfigError, match="cannot name a shadow"):
        shadow_spec(settings, "ztf", "../x")


def bench_checkpoint(settings: Settings) -> Path:
    from fink_lib.streams.spec import Stage, StreamSpec

    return StreamSpec("ztf", Stage.ENRICH, settings).checkpoint
