"""Operators that wait: a stream that must run, and a night that must be drained. They reconcile and defer."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from airflow.sdk import BaseOperator, BaseOperatorLink, Context
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.context import NEVER_EXPIRE, AssetStateStoreAccessor

from fink_lib.config import Settings
from fink_lib.errors import NightNotDrained, StreamBroken, StreamFailed, StreamStalled
from fink_lib.nights import parse_night
from fink_lib.orchestration.assets import night_asset, stage_tables, stream_asset, table_facts
from fink_lib.orchestration.broker_links import BrokerLink, DriverLogLink
from fink_lib.orchestration.jobs import NIGHT_OF_RUN
from fink_lib.orchestration.triggers import DrainTrigger, Event, HoldTrigger, StreamEvent, StreamTrigger
from fink_lib.streams.drain import survey_not_drained
from fink_lib.streams.faults import note_stall
from fink_lib.streams.health import ensure_running, examine
from fink_lib.streams.kinds import KINDS
from fink_lib.streams.lease import Handle
from fink_lib.streams.runners import runner_of
from fink_lib.streams.spec import StreamSpec

ANNOUNCED_KEPT = 100
STALL_STOP_S = 10.0  # a driver that says nothing is not given long to stop by itself


class StreamOperator(BaseOperator):
    """Keeps one stream running until its night is over. Airflow holds the desired state; the driver is its own process.

    Each time it runs it makes the world match: it re-attaches to the living driver by the stream's name, replaces one
    that runs another spec, or submits one. Then it defers. The task succeeds when the survey is drained and a
    night waits to be closed; the driver runs on, and the next run of the DAG re-attaches to it.

    There is no ``on_kill`` here on purpose: a worker that is told to go, at a restart of Airflow, must not take
    the stream with it. The trigger's ``on_kill`` runs only when a person marks or clears the task.

    Known race: when the process dies between submitting the driver and deferring, the retry finds the
    driver by its lease.

    Parameters
    ----------
    survey, kind
        The stream.
    starts_closing
        True for the one stream, the last in the flow, whose rotation starts `close_night`.
    poll_s
        Seconds between two looks of the trigger.
    """

    ui_color = "#d7e8f7"
    operator_extra_links: Collection[BaseOperatorLink] = (BrokerLink(), DriverLogLink())

    def __init__(self, *, survey: str, kind: str, starts_closing: bool, poll_s: float = 2.0, **kwargs: Any) -> None:
        self.survey = survey
        self.kind = str(kind)
        self.starts_closing = starts_closing
        self.poll_s = poll_s
        self.stream = stream_asset(survey, self.kind)
        self.tables = stage_tables(survey, KINDS[self.kind].stage)
        self.night = night_asset(survey)
        outlets = [self.stream, *self.tables, *([self.night] if starts_closing else [])]
        super().__init__(outlets=outlets, **kwargs)

    def execute(self, context: Context) -> None:
        """Make the stream run and defer; or finish a rotation that was cut short.

        Raises
        ------
        StreamFailed
            When its driver cannot be started; `StreamBroken` where trying again is no use.
        """
        rotation = context["task_state_store"].get("rotation")
        if isinstance(rotation, dict) and rotation:
            self._announce(context, {str(night): str(count) for night, count in rotation.items()})
            return
        self._hold(context)
        self._attach(context, watch_settings=True)

    def execute_complete(self, context: Context, event: Event) -> None:
        """Act on the trigger's event.

        Parameters
        ----------
        context
            Of the run.
        event
            ``state`` and ``reason``, and what belongs to the state.

        Raises
        ------
        StreamFailed, StreamStalled
            So that Airflow retries, which submits the driver again from its checkpoint.
        StreamBroken
            When the driver would end in the same way: the run is red at once.
        AirflowSkipException
            When somebody stopped the driver.
        """
        state, reason = StreamEvent(event["state"]), str(event["reason"])
        self.log.info("stream=%s event=%s reason=%s", self.stream.name, state, reason)
        match state:
            case StreamEvent.FAILED:
                raise StreamBroken(reason) if event.get("lasting") else StreamFailed(reason)
            case StreamEvent.STALLED:
                spec = self._spec()
                runner = runner_of(spec.settings)
                runner.stop(spec, STALL_STOP_S)
                note_stall(spec, reason)
                verdict = examine(spec, runner)
                raise StreamBroken(verdict.reason) if verdict.lasting else StreamStalled(reason)
            case StreamEvent.STOPPED:
                raise AirflowSkipException(reason)
            case StreamEvent.RELEASED:
                self._attach(context, watch_settings=True)
            case StreamEvent.OUTDATED:
                self._attach(context, watch_settings=False)
            case StreamEvent.ROTATED:
                nights = {str(night): str(count) for night, count in event["nights"].items()}
                context["task_state_store"].set("rotation", dict(nights), retention=NEVER_EXPIRE)
                self._announce(context, nights)

    def _spec(self) -> StreamSpec:
        return StreamSpec(self.survey, self.kind, Settings())

    def _hold(self, context: Context) -> None:
        """Defer without a driver after a run that a lasting fault ended, until something changes or a while has passed.

        Without the pause the next run, which follows at once, would end alike, and so on all night. It is made once a
        run: whoever clears the waiting task has the stream tried again at once.
        """
        spec = self._spec()
        verdict, store = examine(spec, runner_of(spec.settings)), context["task_state_store"]
        if not verdict.lasting or time.time() >= verdict.retry_at or store.get("held"):
            return
        store.set("held", True, retention=NEVER_EXPIRE)
        self.log.warning("no driver is started for %.0f s: %s", verdict.retry_at - time.time(), verdict.reason)
        trigger = HoldTrigger(survey=self.survey, stage=self.kind, poll_s=self.poll_s)
        self.defer(trigger=trigger, method_name="execute_complete")

    def _running(self, spec: StreamSpec) -> Handle:
        """Make the driver run.

        Raises
        ------
        StreamFailed
            When it cannot be started; `StreamBroken` when it has ended so before.
        """
        runner = runner_of(spec.settings)
        try:
            return ensure_running(runner, spec)
        except StreamFailed as error:
            verdict = examine(spec, runner)
            if verdict.lasting:
                raise StreamBroken(verdict.reason) from error
            raise

    def _attach(self, context: Context, *, watch_settings: bool) -> None:
        """Make the driver run, keep its handle with the stream's asset, and wait outside the worker.

        After a replacement the settings are not watched again in this run: if worker and triggerer were
        started with different ones, they would replace the driver for ever.
        """
        spec = self._spec()
        handle = self._running(spec)
        store = context["asset_state_store"][self.stream]
        facts = asdict(handle)
        store.set("handle", {**facts, "command": list(handle.command)})
        self.log.info("stream=%s pid=%d spec_hash=%s log=%s", spec.name, handle.pid, handle.spec_hash, spec.paths.log)
        trigger = StreamTrigger(
            survey=self.survey,
            stage=self.kind,
            spec_hash=handle.spec_hash if watch_settings else "",
            announced=_announced(store),
            poll_s=self.poll_s,
        )
        self.defer(trigger=trigger, method_name="execute_complete")

    def _announce(self, context: Context, nights: Mapping[str, str]) -> None:
        """Tell which nights are drained, once for the same counts; safe to repeat in the same run."""
        store = context["asset_state_store"][self.stream]
        announced = {**_announced(store), **nights}
        store.set("announced", dict(sorted(announced.items())[-ANNOUNCED_KEPT:]))
        settings, events = Settings(), context["outlet_events"]
        events[self.stream].extra = {"survey": self.survey, "nights": dict(nights)}
        for table in self.tables:
            events[table].extra = table_facts(settings, self.survey, table.name, nights)
        if self.starts_closing:
            events[self.night].extra = {"survey": self.survey, "nights": dict(nights)}
            events[self.night].add_partitions(sorted(nights))
        self.log.info("stream=%s rotates nights=%s", self.stream.name, ",".join(nights))


class DrainOperator(BaseOperator):
    """Waits until the streams of a survey have nothing left to do.

    Parameters
    ----------
    survey
        Whose streams.
    night
        Night that is to be closed, a template: a run that names none is refused before it waits.
    poll_s
        Seconds between two looks.
    """

    template_fields: Sequence[str] = ("night",)
    ui_color = "#e6e6fa"

    def __init__(self, *, survey: str, night: str = NIGHT_OF_RUN, poll_s: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.survey = survey
        self.night = night
        self.poll_s = poll_s

    def execute(self, context: Context) -> None:
        """Look once, and defer while there is something to wait for.

        The deadline counts from the start of the run, so that a retry does not prolong it. It is in the trigger,
        since Airflow's own would end the task without a reason.

        Raises
        ------
        ConfigError
            When the run names no night.
        """
        parse_night(self.night)
        settings = Settings()
        waiting_for = survey_not_drained(settings, self.survey)
        if not waiting_for:
            return
        self.log.info("survey=%s is not drained: %s", self.survey, waiting_for)
        started_at = context["dag_run"].start_date
        deadline = (started_at.timestamp() if started_at else time.time()) + settings.night_deadline_s
        trigger = DrainTrigger(survey=self.survey, deadline=deadline, poll_s=self.poll_s)
        self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Context, event: Event) -> None:  # noqa: ARG002  # Airflow's signature
        """Go on with a drained survey.

        Parameters
        ----------
        context
            Not used.
        event
            ``drained``, and ``reason`` where it is not.

        Raises
        ------
        NightNotDrained
            When the deadline passed first.
        """
        if not event["drained"]:
            limit_s = Settings().night_deadline_s
            raise NightNotDrained(f"survey '{self.survey}' is not drained after {limit_s:.0f} s: {event['reason']}")


def _announced(store: AssetStateStoreAccessor) -> dict[str, str]:
    """Return night → counts of every rotation that this stream has made."""
    kept = store.get("announced", {})
    return {str(night): str(count) for night, count in kept.items()} if isinstance(kept, dict) else {}
