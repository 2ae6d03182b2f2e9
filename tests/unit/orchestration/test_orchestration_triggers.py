import asyncio
import datetime as dt
import importlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest
from airflow.triggers.base import BaseTrigger
from deltalake import write_deltalake

from fink_lib.config import Settings
from fink_lib.orchestration.triggers import DrainTrigger, HoldTrigger, StreamTrigger
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey
from fink_lib.surveys.calendar import night_ends_at

FAST = {"poll_s": 0.001, "settle_s": 0.0}


def rebuilt(trigger: BaseTrigger) -> Any:
    path, facts = trigger.serialize()
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)(**facts)


def event_of(trigger: BaseTrigger, timeout_s: float = 20) -> dict[str, Any]:
    async def first() -> dict[str, Any]:
        async for event in trigger.run():
            return dict(event.payload)
        raise AssertionError("the trigger ended without an event")

    return asyncio.run(asyncio.wait_for(first(), timeout_s))


@pytest.fixture
def driver(home: Settings) -> Iterator[StreamSpec]:
    spec = StreamSpec("ztf", Stage.ENRICH, home)
    LocalRunner(home).submit(spec)
    yield spec
    LocalRunner(home).kill(spec)


@pytest.mark.parametrize(
    "trigger",
    [
        StreamTrigger(survey="ztf", stage="ingest", spec_hash="abc", announced={"2021-11-22": "3+0"}, poll_s=7),
        DrainTrigger(survey="ztf", deadline=12.5, settle_s=1),
        HoldTrigger(survey="ztf", stage="enrich", poll_s=3),
    ],
)
def test_a_trigger_survives_its_serialization(trigger: BaseTrigger) -> None:
    assert rebuilt(trigger).serialize() == trigger.serialize()


def test_a_trigger_of_a_later_version_still_loads() -> None:
    assert StreamTrigger(survey="ztf", stage="ingest", something_new=1).stage == "ingest"


def test_a_missing_driver_has_failed(home: Settings) -> None:
    event = event_of(StreamTrigger(survey="ztf", stage="enrich", **FAST))
    assert event["state"] == "failed"
    assert "ztf.enrich" in event["reason"]


def test_a_stopped_driver_is_told_from_a_failed_one(driver: StreamSpec) -> None:
    trigger = rebuilt(StreamTrigger(survey="ztf", stage="enrich", spec_hash=driver.hash, **FAST))

    async def stop_meanwhile() -> dict[str, Any]:
        async def first() -> dict[str, Any]:
            async for event in trigger.run():
                return dict(event.payload)
            raise AssertionError

        watch = asyncio.create_task(first())
        await asyncio.sleep(0.3)
        assert not watch.done()
        await asyncio.to_thread(LocalRunner(driver.settings).stop, driver, 10)
        return await asyncio.wait_for(watch, 10)

    assert asyncio.run(stop_meanwhile())["state"] == "stopped"


def test_changed_settings_are_noticed(driver: StreamSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINK_ZTF_OPTIONAL_CUTS", "i_band")
    trigger = StreamTrigger(survey="ztf", stage="enrich", spec_hash=driver.hash, **FAST)
    assert event_of(trigger)["state"] == "outdated"


def test_killing_the_task_stops_the_driver_and_ending_the_trigger_does_not(driver: StreamSpec) -> None:
    trigger = StreamTrigger(survey="ztf", stage="enrich", spec_hash=driver.hash, **FAST)
    asyncio.run(trigger.cleanup())
    assert LocalRunner(driver.settings).find(driver) is not None
    asyncio.run(trigger.on_kill())
    assert LocalRunner(driver.settings).find(driver) is None


def test_a_drained_survey_rotates_once_for_the_same_counts(
    driver: StreamSpec, quiet: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fink_lib.orchestration.triggers.survey_not_drained", lambda *_: "")
    rows = pa.table({"night": ["2021-11-22"] * 3, "id": [1, 2, 3]})
    write_deltalake(str(driver.settings.lake / "bronze_ztf__alerts"), rows, partition_by=["night"])
    event = event_of(StreamTrigger(survey="ztf", stage="enrich", **FAST))
    assert (event["state"], event["nights"]) == ("rotated", {"2021-11-22": "3+0"})
    again = StreamTrigger(survey="ztf", stage="enrich", announced=event["nights"], **FAST)
    assert again.look() is None
    write_deltalake(str(driver.settings.lake / "bronze_ztf__alerts"), rows, mode="append", partition_by=["night"])
    late = again.look()
    assert late is not None
    assert late["nights"] == {"2021-11-22": "6+0"}


def test_a_pause_of_the_telescope_ends_no_night(
    driver: StreamSpec, quiet: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fink_lib.orchestration.triggers.survey_not_drained", lambda *_: "")
    rows = pa.table({"night": ["2021-11-22"] * 3, "id": [1, 2, 3]})
    write_deltalake(str(driver.settings.lake / "bronze_ztf__alerts"), rows, partition_by=["night"])
    end_s = night_ends_at(get_survey("ztf"), dt.date(2021, 11, 22))
    trigger = StreamTrigger(survey="ztf", stage="enrich", **FAST)
    monkeypatch.setattr("fink_lib.orchestration.triggers.time.time", lambda: end_s - 1.0)
    assert trigger._rotation(driver.settings) is None
    monkeypatch.setattr("fink_lib.orchestration.triggers.nights_to_close", None)  # nothing is counted again
    assert trigger._rotation(driver.settings) is None
    monkeypatch.undo()
    monkeypatch.setattr("fink_lib.orchestration.triggers.survey_not_drained", lambda *_: "")
    monkeypatch.setattr("fink_lib.orchestration.triggers.time.time", lambda: end_s + 1.0)
    event = trigger._rotation(driver.settings)
    assert event is not None
    assert event["nights"] == {"2021-11-22": "3+0"}


def test_drain_ends_when_drained_or_at_the_deadline(home: Settings, quiet: Callable[..., None]) -> None:
    late = event_of(DrainTrigger(survey="ztf", deadline=time.time() - 1, **FAST))
    assert (late["drained"], "ingest does not run" in late["reason"]) == (False, True)
    quiet(lag=2)
    waiting = DrainTrigger(survey="ztf", deadline=time.time() + 60, **FAST)
    assert waiting.look() is None
    quiet()
    assert event_of(waiting)["drained"] is True
