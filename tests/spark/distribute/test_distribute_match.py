"""One pass of all filters over a micro-batch, in Spark."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from fink_lib.distribute.match import match, narrow, paths_of
from fink_lib.errors import ConfigError
from fink_lib.filters.base import Clause
from fink_lib.filters.conditions import above
from fink_lib.filters.registry import active_filters, filters_of
from fink_lib.lake.spark.table import read_table
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF
from tests.builders.packet_rows import Packet

pytestmark = pytest.mark.spark

NAMES = ("bright_transients", "sso_fink_candidates", "sso_ztf_candidates", "variable_stars")
FILTERS = tuple(one for one in filters_of("ztf") if one.name in NAMES)
KNOWN_ASTEROIDS = FILTERS[2]


def test_only_public_alerts_are_matched_by_the_filters_that_select_them(
    spark: SparkSession, planted_lake: Path, packets: list[Packet]
) -> None:
    silver = read_table(silver_spec(ZTF), spark, planted_lake)
    found = {one.alert_id: one for one in match(narrow(silver, ZTF, FILTERS), FILTERS)}
    hidden = {packets[number]["candid"] for number in (0, 3, 6)}
    asteroids = {packet["candid"] for number, packet in enumerate(packets) if number % 3 == 0} - hidden
    stars = {packet["candid"] for number, packet in enumerate(packets) if number % 6 == 0} - hidden
    assert {key for key, one in found.items() if "sso_ztf_candidates" in one.filters} == asteroids
    assert {key for key, one in found.items() if "variable_stars" in one.filters} == stars
    assert not hidden & set(found)
    one = found[packets[9]["candid"]]
    assert (one.object_id, one.key) == (packets[9]["objectId"], ("ztf_20231018_programid1", 1, 9))
    assert one.kafka_time is not None
    assert one.kafka_time.isoformat() == "2023-10-18T04:05:06.789000+00:00"


def test_only_the_columns_that_filters_declare_are_read(spark: SparkSession, planted_lake: Path) -> None:
    silver = read_table(silver_spec(ZTF), spark, planted_lake)
    plan = narrow(silver, ZTF, FILTERS)._jdf.queryExecution().executedPlan().toString()
    assert "magpsf" in plan
    assert "prv_candidates" not in plan
    assert "fwhm" not in plan


def test_a_filter_that_raises_is_recorded_and_the_others_go_on(
    spark: SparkSession, planted_lake: Path, packets: list[Packet], caplog: pytest.LogCaptureFixture
) -> None:
    guilty = packets[9]["candid"]

    def picky(batch: Any) -> Any:
        if (batch["candid"] == guilty).any():
            raise ValueError("not this one")
        return batch["candid"] > 0

    filters = [KNOWN_ASTEROIDS, replace(KNOWN_ASTEROIDS, name="picky", clauses=(Clause("picky", ("candid",), picky),))]
    silver = read_table(silver_spec(ZTF), spark, planted_lake)
    with caplog.at_level(logging.ERROR):
        found = {one.alert_id: one.filters for one in match(narrow(silver, ZTF, filters), filters)}
    assert len(found) == len(packets) - 3
    assert {key for key, names in found.items() if "picky" not in names} == {guilty}
    assert found[guilty] == ("sso_ztf_candidates",)
    assert f"filter=picky alerts=1 first: alert_id={guilty} error=ValueError: not this one" in caplog.text


@pytest.mark.parametrize("path", ["candidate.magpfs", "no_such", "candid.magpsf", "prv_candidates.nothing"])
def test_an_input_that_silver_does_not_have_is_named_at_start(
    spark: SparkSession, planted_lake: Path, path: str
) -> None:
    silver = read_table(silver_spec(ZTF), spark, planted_lake)
    wrong = replace(KNOWN_ASTEROIDS, clauses=(*KNOWN_ASTEROIDS.clauses, above(path, 0)))
    with pytest.raises(ConfigError, match=f"filter 'sso_ztf_candidates' reads '{path}'"):
        narrow(silver, ZTF, [wrong])


def test_a_filter_may_read_histories(spark: SparkSession, planted_lake: Path, packets: list[Packet]) -> None:
    def long_known(batch: Any) -> Any:
        return [past is not None and len(past) > 5 for past in batch["prv_candidates.jd"]]

    seen_often = Clause("seen often", ("prv_candidates.jd",), long_known)
    filters = [replace(KNOWN_ASTEROIDS, name="long_known", clauses=(seen_often,))]
    silver = read_table(silver_spec(ZTF), spark, planted_lake)
    found = {one.alert_id for one in match(narrow(silver, ZTF, filters), filters)}
    expected = {p["candid"] for p in packets if p["candidate"]["programid"] == 1 and len(p["prv_candidates"] or ()) > 5}
    assert found == expected
    assert 0 < len(expected) < len(packets)


def test_every_filter_that_silver_has_the_columns_for_runs(spark: SparkSession, planted_lake: Path) -> None:
    silver = read_table(silver_spec(ZTF), spark, planted_lake)
    active = active_filters(filters_of("ztf"), paths_of(silver.schema))
    found = match(narrow(silver, ZTF, active), active)
    assert {one.name for one in active} >= set(NAMES)
    assert {name for one in found for name in one.filters} <= {one.name for one in active}
    assert {name for one in found for name in one.filters} >= {"sso_ztf_candidates", "variable_stars"}
