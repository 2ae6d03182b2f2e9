"""Real alerts against a real catalogue: the nightly match says what the stream's own match said."""

from functools import partial

import pytest
from pyspark.sql import SparkSession

from expectations.suites import SUITES
from fink_lib import lake
from fink_lib.catalogs.spark.refresh import refresh
from fink_lib.config import Settings
from fink_lib.nightly import crossmatch
from fink_lib.nightly.job import NightContext
from fink_lib.quality.matches import broken_matches
from fink_lib.science.framework.base import NO_MATCH
from fink_lib.simulator.sample import sample_of
from fink_lib.surveys import ZTF
from tests.unit.lake.real_lake import real_packets, write_silver

pytestmark = pytest.mark.spark


def test_the_night_is_matched_with_gcvs_as_the_stream_did(spark: SparkSession, settings: Settings) -> None:
    write_silver(settings.lake, real_packets(settings, 320), settings.cache)
    (loaded,) = refresh(spark, settings, ["gcvs"])
    assert (loaded.version.rows, loaded.version.source_version) == (59_099, "fink-science 7.4.0")
    context = NightContext(settings, ZTF, sample_of(ZTF).night, "run-1")
    context.__dict__["session"] = spark
    (told,) = crossmatch.run(context, partial(broken_matches, expected=SUITES.matches)).result["catalogs"]
    silver = lake.read("silver", "ztf", night=sample_of(ZTF).night, columns=["alert_id", "gcvs"], lake=settings.lake)
    streamed = {row["alert_id"]: row["gcvs"] for row in silver.to_pylist() if row["gcvs"] != NO_MATCH}
    matched = lake.read("gold", "ztf", "crossmatch", night=sample_of(ZTF).night, lake=settings.lake).to_pylist()
    assert len(streamed) > 20
    assert {row["alert_id"]: row["label"] for row in matched} == streamed
    assert (told["alerts"], told["matches"]) == (silver.num_rows, len(streamed))
