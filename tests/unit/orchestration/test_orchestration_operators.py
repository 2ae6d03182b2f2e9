import datetime as dt
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from fink_lib.config import Settings
from fink_lib.errors import NightNotDrained, StreamFailed, StreamStalled
from fink_lib.orchestration.operators import DrainOperator, StreamOperator
from fink_lib.orchestration.triggers import DrainTrigger, StreamTrigger
from fink_lib.streaming.runner import LocalRunner
from fink_lib.streaming.spec import Stage, StreamSpec


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
    yield StreamOperator(task_id="stream", survey="ztf", stage=Stage.ENRICH, starts_closing=True)
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
    listening = StreamOperator(task_id="stream", survey="ztf", stage=Stage.INGEST, starts_closing=False)
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
    monkeypatch.setenv("FINK_KEEP_I_BAND", "false")
    with pytest.raises(TaskDeferred) as deferral:
        operator.execute_complete(context, {"state": "outdated", "reason": "settings"})
    second = context["asset_state_store"][operator.stream]["handle"]
    assert second["pid"] != first["pid"]
    assert deferral.value.trigger.spec_hash == ""


def test_drain_does_not_wait_for_a_drained_survey(
    context: dict[str, Any], home: Settings, quiet: Callable[..., None]
) -> None:
    operator = DrainOperator(task_id="drain", survey="ztf")
    trigger = deferred(operator, context)
    assert isinstance(trigger, DrainTrigger)
    assert trigger.deadline == context["dag_run"].start_date.timestamp() + home.night_deadline_s
    quiet()
    operator.execute(context)


def test_the_deadline_names_what_holds_it_up(home: Settings) -> None:
    operator = DrainOperator(task_id="drain", survey="ztf")
    with pytest.raises(NightNotDrained, match="1800 s: stream enrich is 3 behind"):
        operator.execute_complete({}, {"drained": False, "reason": "stream enrich is 3 behind"})
    operator.execute_complete({}, {"drained": True, "reason": ""})
