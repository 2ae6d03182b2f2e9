import datetime as dt
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from fink_lib.config import Settings
from fink_lib.errors import ConfigError, NightNotDrained, StreamBroken, StreamFailed, StreamStalled
from fink_lib.orchestration.operators import DrainOperator, StreamOperator
from fink_lib.orchestration.triggers import DrainTrigger, HoldTrigger, StreamTrigger
from fink_lib.streams.faults import forgive, note_end
from fink_lib.streams.heartbeat import Heartbeat
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import Stage, StreamSpec


class Store(dict[str, Any]):
    """A state store in memory."""

    def set(self, key: str, value: Any, **_: Any) -> None:
        self[key] = value


class Events(dict[Any, Any]):
    """Outlet events that keep what they are given."""

    def __missing__(self, asset: Any) -> Any:
        self[asset] = SimpleNamespace(extra={}, partitions=[])
        self[asset].add_partitions = self[asset].partitions.extend
        return self[asset]


@pytest.fixture
def operator(home: Settings) -> Iterator[StreamOperator]:
    yield StreamOperator(task_id="stream", survey="ztf", kind=Stage.ENRICH, starts_closing=True)
    LocalRunner(home).kill(StreamSpec("ztf", Stage.ENRICH, home))


@pytest.fixture
def context(operator: StreamOperator) -> dict[str, Any]:
    return {
        "asset_state_store": {operator.stream: Store()},
        "task_state_store": Store(),
        "outlet_events": Events(),
        "dag_run": SimpleNamespace(start_date=dt.datetime.now(dt.UTC)),
    }


def deferred(operator: Any, context: dict[str, Any]) -> Any:
    with pytest.raises(TaskDeferred) as deferral:
        operator.execute(context)
    return deferral.value.trigger


def test_a_stream_is_submitted_once_and_re_attached(
    operator: StreamOperator, context: dict[str, Any], home: Settings
) -> None:
    trigger = deferred(operator, context)
    handle = context["asset_state_store"][operator.stream]["handle"]
    assert isinstance(trigger, StreamTrigger)
    assert (trigger.stage, trigger.spec_hash) == ("enrich", handle["spec_hash"])
    deferred(operator, context)
    assert context["asset_state_store"][operator.stream]["handle"] == handle


def test_a_rotation_announces_its_nights_and_leaves_the_driver(
    operator: StreamOperator, context: dict[str, Any], home: Settings
) -> None:
    deferred(operator, context)
    nights = {"2021-11-22": "3+0", "2021-11-23": "1+0"}
    operator.execute_complete(context, {"state": "rotated", "reason": "", "nights": nights})
    night = context["outlet_events"][operator.night]
    assert night.partitions == ["2021-11-22", "2021-11-23"]
    assert context["outlet_events"][operator.stream].extra["nights"] == nights
    assert set(context["outlet_events"]) == {operator.stream, operator.night, *operator.tables}
    assert LocalRunner(home).find(StreamSpec("ztf", Stage.ENRICH, home)) is not None
    assert deferred(operator, {**context, "task_state_store": Store()}).announced == nights


def test_a_rotation_that_was_cut_short_is_finished(operator: StreamOperator, context: dict[str, Any]) -> None:
    context["task_state_store"]["rotation"] = {"2021-11-22": "3+0"}
    context["asset_state_store"][operator.stream]["announced"] = {"2021-11-22": "3+0"}
    operator.execute(context)
    assert context["outlet_events"][operator.night].partitions == ["2021-11-22"]


def test_only_the_last_stream_starts_the_closing(home: Settings) -> None:
    listening = StreamOperator(task_id="stream", survey="ztf", kind=Stage.INGEST, starts_closing=False)
    assert [asset.name for asset in listening.outlets] == [
        "ztf.ingest", "bronze_ztf__alerts", "bronze_ztf__quarantine",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "error"), [("failed", StreamFailed), ("stalled", StreamStalled), ("stopped", AirflowSkipException)]
)
def test_bad_ends_raise(operator: StreamOperator, context: dict[str, Any], state: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="the reason"):
        operator.execute_complete(context, {"state": state, "reason": "the reason"})


def test_a_stalled_driver_is_ended_so_that_the_retry_starts_another(
    operator: StreamOperator, context: dict[str, Any], home: Settings
) -> None:
    deferred(operator, context)
    with pytest.raises(StreamStalled):
        operator.execute_complete(context, {"state": "stalled", "reason": "silent"})
    assert LocalRunner(home).find(StreamSpec("ztf", Stage.ENRICH, home)) is None


def test_changed_settings_replace_the_driver_once(
    operator: StreamOperator, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    deferred(operator, context)
    first = context["asset_state_store"][operator.stream]["handle"]
    monkeypatch.setenv("FINK_ZTF_OPTIONAL_CUTS", "i_band")
    with pytest.raises(TaskDeferred) as deferral:
        operator.execute_complete(context, {"state": "outdated", "reason": "settings"})
    second = context["asset_state_store"][operator.stream]["handle"]
    assert second["pid"] != first["pid"]
    assert deferral.value.trigger.spec_hash == ""


def test_drain_does_not_wait_for_a_drained_survey(
    context: dict[str, Any], home: Settings, quiet: Callable[..., None]
) -> None:
    operator = DrainOperator(task_id="drain", survey="ztf", night="2021-11-22")
    trigger = deferred(operator, context)
    assert isinstance(trigger, DrainTrigger)
    assert trigger.deadline == context["dag_run"].start_date.timestamp() + home.night_deadline_s
    quiet()
    operator.execute(context)


def test_the_deadline_names_what_holds_it_up(home: Settings) -> None:
    operator = DrainOperator(task_id="drain", survey="ztf", night="2021-11-22")
    with pytest.raises(NightNotDrained, match="1800 s: stream enrich is 3 behind"):
        operator.execute_complete({}, {"drained": False, "reason": "stream enrich is 3 behind"})
    operator.execute_complete({}, {"drained": True, "reason": ""})


def test_a_lasting_end_makes_the_run_red_and_the_next_one_waits(
    operator: StreamOperator, context: dict[str, Any], home: Settings
) -> None:
    with pytest.raises(StreamBroken, match="no column"):
        operator.execute_complete(context, {"state": "failed", "reason": "no column", "lasting": True})
    spec = StreamSpec("ztf", Stage.ENRICH, home)
    beat = Heartbeat(spec.name, spec.hash, "token", 1, "here")
    note_end(beat, ConfigError("no column"))
    beat.write(spec.paths.heartbeat)
    waits = deferred(operator, context)
    assert isinstance(waits, HoldTrigger)
    assert waits.look() is None
    assert LocalRunner(home).find(spec) is None, "no driver is started that would end alike"
    forgive(spec)
    released = waits.look()
    assert released is not None
    with pytest.raises(TaskDeferred) as deferral:
        operator.execute_complete(context, released)
    assert isinstance(deferral.value.trigger, StreamTrigger)
    assert LocalRunner(home).find(spec) is not None


def test_clearing_the_waiting_task_tries_the_stream_again(
    operator: StreamOperator, context: dict[str, Any], home: Settings
) -> None:
    spec = StreamSpec("ztf", Stage.ENRICH, home)
    beat = Heartbeat(spec.name, spec.hash, "token", 1, "here")
    note_end(beat, ConfigError("no column"))
    beat.write(spec.paths.heartbeat)
    assert isinstance(deferred(operator, context), HoldTrigger)
    assert isinstance(deferred(operator, context), StreamTrigger)


def test_a_driver_that_cannot_be_started_makes_the_run_red_once_that_lasts(
    operator: StreamOperator, context: dict[str, Any], home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINK_PROJECT", str(home.home))
    with pytest.raises(StreamBroken, match="there is no driver at"):
        operator.execute(context)
    assert isinstance(deferred(operator, context), HoldTrigger)


def test_a_stall_that_comes_back_is_broken(operator: StreamOperator, context: dict[str, Any], home: Settings) -> None:
    event = {"state": "stalled", "reason": "silent since 70 s"}
    for error in (StreamStalled, StreamStalled, StreamBroken):
        deferred(operator, context)
        with pytest.raises(error):
            operator.execute_complete(context, event)
