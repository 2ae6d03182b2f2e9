"""Filters within their time, on real alerts: what holds a batch up is measured, switched off or told."""

import datetime as dt
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from fink_lib.config import Settings
from fink_lib.distribute import judging as judging_module
from fink_lib.distribute import selection as selection_module
from fink_lib.distribute.alerts import Silver
from fink_lib.distribute.judging import Judging, chosen_by_users, places
from fink_lib.distribute.match import HEAD, paths_of
from fink_lib.distribute.selection import Selection
from fink_lib.filters.registry import active_filters, filters_of
from fink_lib.filters.users.predicate import Predicate
from fink_lib.filters.users.slow import BROKER
from fink_lib.filters.users.spark.running import checked
from fink_lib.filters.users.spark.timing import seconds_each
from fink_lib.filters.users.store import Action, Event, history, record
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.spark.time_limit import OverTime, time_limit
from fink_lib.notices.outbox import entries
from fink_lib.science.framework.silver import silver_spec
from fink_lib.streams.stop import PlanOutdated
from fink_lib.surveys import ZTF
from tests.builders.lake_folder import lake_folder

pytestmark = pytest.mark.spark

# No user can write this; it takes its time for certain, whatever the machine.
SLEEPS = "length(reflect('java.lang.Thread', 'sleep', 400L)) > 0 AND roid = 3"
BUDGET_S = 4.0
NOTICES = '[[notice]]\nname = "operators"\nevent = "night"\nsink = "webhook"\naddress = "http://127.0.0.1:9/"\n'


def of_user(name: str) -> Event:
    facts = {"owner": "team", "description": "A test.", "predicate": "roid = 3", "by": "team"}
    return Event("ztf", name, 1, Action.ADD, 1, at=dt.datetime.now(dt.UTC), **facts)


@pytest.fixture
def mine(settings: Settings, planted_lake: Path, tmp_path: Path) -> Settings:
    """Settings with a lake of the test's own, in which two users' filters are active, and somebody is told."""
    shutil.copytree(planted_lake, lake_folder(settings))
    (tmp_path / "notices.toml").write_text(NOTICES)
    for name in ("greedy", "plain"):
        record(lake_folder(settings), of_user(name))
        record(lake_folder(settings), replace(of_user(name), event=2, action=Action.ACTIVATE))
    return settings.model_copy(update={"filters_batch_s": BUDGET_S, "notices": tmp_path / "notices.toml"})


def planned(spark: SparkSession, settings: Settings, greedy: str) -> tuple[DataFrame, pa.Table, Judging]:
    """Return silver as the stream reduces it, its alerts, and what judges them."""
    silver = read_table(silver_spec(ZTF), spark, lake_folder(settings))
    known = paths_of(silver.schema)
    plain = checked(silver, "roid = 3", known)
    users = [(one, plain) for one in history(lake_folder(settings), "ztf") if one.action is Action.ACTIVATE]
    users = [(one, replace(plain, sql=greedy) if one.name == "greedy" else how) for one, how in users]
    filters = active_filters(filters_of("ztf"), known)
    selection = Selection("ztf", silver_spec(ZTF).plain_schema, tuple(one.name for one in filters))
    alerts = Silver(selection.silver).heads(silver.inputFiles(), HEAD)
    return places(silver, ZTF, users), alerts, Judging(settings, ZTF, selection, users)


def test_a_job_that_takes_too_long_is_cancelled_and_the_session_lives_on(spark: SparkSession) -> None:
    slow = spark.range(400).selectExpr("reflect('java.lang.Thread', 'sleep', 100L) AS slept")
    began = time.monotonic()
    with pytest.raises(OverTime), time_limit(spark, 1.0):
        slow.toArrow()
    assert time.monotonic() - began < 15
    with time_limit(spark, 600.0):
        assert spark.range(3).count() == 3
    with pytest.raises(ZeroDivisionError), time_limit(spark, 600.0):
        _ = 1 / 0


def test_a_filter_is_timed_by_itself(spark: SparkSession, mine: Settings) -> None:
    alerts = read_table(silver_spec(ZTF), spark, lake_folder(mine)).limit(10)
    how = Predicate("", "", (), (), ("roid",))
    users = [(of_user(name), replace(how, sql=sql)) for name, sql in (("greedy", SLEEPS), ("plain", "roid = 3"))]
    found = seconds_each(alerts, users, 10, limit_s=60)
    assert 0.35 < found["greedy"] < 1.0
    assert found["plain"] < 0.1


def test_the_slow_one_is_switched_off_and_told_and_the_others_leave(spark: SparkSession, mine: Settings) -> None:
    batch, alerts, judging = planned(spark, mine, SLEEPS)
    with pytest.raises(PlanOutdated, match="greedy"):
        judging(batch, alerts)
    last = history(lake_folder(mine), "ztf")[-1]
    assert (last.name, last.action, last.by) == ("greedy", Action.PAUSE, BROKER)
    assert last.reason.startswith("slow: ")
    (told,) = entries(lake_folder(mine))
    assert told.facts == {"survey": "ztf", "filter": "greedy", "switched_off": True, "reason": last.reason}


def test_nobody_is_switched_off_for_a_slow_machine(
    spark: SparkSession, mine: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held_up(batch: DataFrame) -> object:
        if next(looks, None):
            spark.range(400).selectExpr("reflect('java.lang.Thread', 'sleep', 100L) AS slept").toArrow()
        return chosen_by_users(batch)

    looks = iter([True])
    monkeypatch.setattr(judging_module, "chosen_by_users", held_up)
    batch, alerts, judging = planned(spark, mine, "roid = 3")
    before = history(lake_folder(mine), "ztf")
    found = judging(batch, alerts)
    assert {tuple(sorted(names)) for names in found.values()} == {("greedy", "plain")}
    assert next(looks, None) is None
    assert history(lake_folder(mine), "ztf") == before
    assert judging._limit_s > BUDGET_S, "the next batch is not broken off for the same reason"


def test_a_filter_of_the_broker_is_told_and_goes_on(
    spark: SparkSession, mine: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, alerts, judging = planned(spark, mine, "roid = 3")
    evaluate = selection_module.evaluate

    def dawdling(filters: list[object], *about: object) -> object:
        if filters[0].name == "variable_stars":  # type: ignore[attr-defined]
            time.sleep(BUDGET_S)
        return evaluate(filters, *about)  # type: ignore[arg-type]

    monkeypatch.setattr(selection_module, "evaluate", dawdling)
    judging.took(BUDGET_S / 2, alerts)
    assert entries(lake_folder(mine)) == []
    judging.took(2 * BUDGET_S, alerts)
    (told,) = entries(lake_folder(mine))
    assert (told.facts["filter"], told.facts["switched_off"]) == ("variable_stars", False)
