"""A night of which the stream set an alert aside, for what nobody foresaw, can be reprocessed and promoted."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.lake.digest import table_digest
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import quarantine
from fink_lib.reprocess import promote, steps
from fink_lib.reprocess.aside import mark_aside, without_aside
from fink_lib.reprocess.request import Request
from fink_lib.surveys import Damage
from tests.builders.packet_rows import read_packets
from tests.spark.enrich.enrich_bench import Bench, bronze_row

pytestmark = [
    pytest.mark.spark,
    # py4j leaves the sockets of foreachBatch's callbacks to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

NIGHT = dt.date(2018, 11, 29)
NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def test_what_was_set_aside_stays_there(spark: SparkSession, settings: Settings, shared_data: Path) -> None:
    bench = Bench(spark, settings)
    packets = [
        one for one, _ in zip(read_packets(shared_data / "ztf" / "ztf_public_20181129.tar.gz"), range(20), strict=False)
    ]
    rows = [bronze_row(bench.survey, packet, number) for number, packet in enumerate(packets)]
    good = next(row for row in rows if row["candidate"]["rb"] > 0.7)
    facts = {"stage": "enrich", "error_class": str(Damage.UNFORESEEN), "reason": "ValueError: x"}
    spec = quarantine("ztf")
    known = {name: good.get(name) for name in spec.schema.names}
    append_rows(spec, settings.lake, [known | facts | {"quarantine_time": NOW}])
    bench.offer(rows)
    bench.run()  # it stands in quarantine: the stream leaves it there
    assert bench.silver.count() + bench.rejected.count() == len(rows) - 1
    folder = steps.plan(settings, Request("ztf", NIGHT, NIGHT, dry_run=False))
    steps.run(folder, spark)
    steps.diff(folder)
    told = folder.read("candidate")
    assert (told["quarantine"], told["quarantine_live"]) == (1, 1)
    assert folder.read("diff")["same"]
    assert told["digests"]["silver"] == table_digest(settings.lake / "silver_ztf__alerts")
    promote.promote(folder, promote.Person("vera", "test", NOW))


def test_places_are_told_apart() -> None:
    places = {"kafka_topic": ["a", "a", "b"], "kafka_partition": [0, 1, 0], "kafka_offset": [5, 5, 5]}
    table = pa.table({**places, "impossible": pa.array([None, "no night", None], pa.string())})
    aside = {("b", 0, 5): "ValueError: x"}
    assert without_aside(table, aside)["kafka_topic"].to_pylist() == ["a", "a"]
    assert mark_aside(table, aside)["impossible"].to_pylist() == [None, "no night", "ValueError: x"]
    assert mark_aside(table, {}) is table
