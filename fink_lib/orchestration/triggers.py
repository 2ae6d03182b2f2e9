"""Triggers: what watches while a task is deferred. Each yields one event, and looks from a thread of its own."""

import asyncio
import math
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from fink_lib.config import Settings
from fink_lib.lake.tables.spec import full_name
from fink_lib.nights import parse_night
from fink_lib.orchestration.assets import stage_table_names
from fink_lib.streams.drain import lake_state, nights_to_close, not_announced, survey_not_drained
from fink_lib.streams.health import Health, examine
from fink_lib.streams.runners import runner_of
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey
from fink_lib.surveys.calendar import night_ends_at

KILL_TIMEOUT_S = 15.0  # Airflow gives on_kill 30 s

# An event that comes before the scheduler has noted that the deferring worker ended makes it take the resumed task
# for one that was killed from outside: it then fails it without a reason. Seen on a busy host within 6 s.
SETTLE_S = 10.0

Event = dict[str, Any]


class StreamEvent(StrEnum):
    """What ends the watch over a stream."""

    FAILED = "failed"
    STALLED = "stalled"
    STOPPED = "stopped"
    ROTATED = "rotated"
    OUTDATED = "outdated"
    RELEASED = "released"


class PollingTrigger(BaseTrigger):
    """Looks again and again until there is something to say."""

    poll_s: float
    settle_s: float

    @abstractmethod
    def look(self) -> Event | None:
        """Look once; called in a thread, so it may read files."""

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the one event."""
        await asyncio.sleep(self.settle_s)
        event = await asyncio.to_thread(self.look)
        while event is None:  # another process is watched: no Event could be set here
            await asyncio.sleep(self.poll_s)
            event = await asyncio.to_thread(self.look)
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]  # Airflow's own is not annotated


class StreamTrigger(PollingTrigger):
    """Watches one stream by its driver's process, its heartbeat and, at the end of a night, the lake.

    Parameters
    ----------
    survey, stage
        The stream; its kind is called so in what earlier releases left in Airflow's database.
    spec_hash
        Hash of the spec that the driver was started with; empty when a change of settings is not watched for.
    announced
        Night → counts for which an earlier rotation of this stream was made.
    poll_s
        Seconds between two looks.
    settle_s
        Seconds before the first look.
    """

    def __init__(
        self,
        *,
        survey: str,
        stage: str,
        spec_hash: str = "",
        announced: Mapping[str, str] | None = None,
        poll_s: float = 2.0,
        settle_s: float = SETTLE_S,
        **_later: object,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's own is not annotated
        self.survey = survey
        self.stage = stage
        self.spec_hash = spec_hash
        self.announced = dict(announced or {})
        self.poll_s = poll_s
        self.settle_s = settle_s
        self._nothing_at: tuple[int, ...] = ()
        self._nothing_until = math.inf

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what rebuilds this trigger in another process."""
        names = ("survey", "stage", "spec_hash", "announced", "poll_s", "settle_s")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    @property
    def spec(self) -> StreamSpec:
        """The stream, with the settings of this process."""
        return StreamSpec(self.survey, self.stage, Settings())

    def look(self) -> Event | None:
        """Return the event to yield, if there is one."""
        spec = self.spec
        verdict = examine(spec, runner_of(spec.settings))
        if verdict.health is not Health.RUNS:
            return {"state": StreamEvent(verdict.health).value, "reason": verdict.reason, "lasting": verdict.lasting}
        if self.spec_hash and self.spec_hash != spec.hash:
            return {"state": StreamEvent.OUTDATED.value, "reason": f"settings or code of '{spec.name}' changed"}
        return self._rotation(spec.settings)

    def _rotation(self, settings: Settings) -> Event | None:
        """Return the nights to announce, once the Sun has risen on them and the survey is drained.

        The lake is counted when it has changed, or when a night ends.
        """
        if survey_not_drained(settings, self.survey):
            return None
        tables = [*stage_table_names(self.survey, Stage.INGEST), full_name("bronze", self.survey, "releases")]
        state = lake_state(settings, tables)
        if state == self._nothing_at and time.time() < self._nothing_until:
            return None
        nights = not_announced(nights_to_close(settings, self.survey), self.announced)
        survey, now_s = get_survey(self.survey), time.time()
        ends = {night: night_ends_at(survey, parse_night(night)) for night in nights}
        counts = {night: str(count) for night, count in nights.items() if ends[night] <= now_s}
        if not counts:  # none has rows, or the telescope pauses and its night goes on
            self._nothing_at, self._nothing_until = state, min(ends.values(), default=math.inf)
            return None
        return {"state": StreamEvent.ROTATED.value, "reason": "the survey is drained", "nights": counts}

    async def on_kill(self) -> None:
        """Stop the driver: a person marked or cleared the task. A restart of Airflow does not come here."""
        spec = self.spec
        self.log.info("stream=%s is stopped because its task was killed", spec.name)
        await asyncio.to_thread(runner_of(spec.settings).stop, spec, KILL_TIMEOUT_S)


class HoldTrigger(PollingTrigger):
    """Waits while nothing has changed for a stream that a lasting fault stopped, and its next try is not due.

    Parameters
    ----------
    survey, stage
        The stream; its kind is called so in what earlier releases left in Airflow's database.
    poll_s
        Seconds between two looks.
    settle_s
        Seconds before the first look.
    """

    def __init__(
        self, *, survey: str, stage: str, poll_s: float = 2.0, settle_s: float = SETTLE_S, **_later: object
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's own is not annotated
        self.survey = survey
        self.stage = stage
        self.poll_s = poll_s
        self.settle_s = settle_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what rebuilds this trigger in another process."""
        names = ("survey", "stage", "poll_s", "settle_s")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    def look(self) -> Event | None:
        """Return the event to yield, if there is one."""
        spec = StreamSpec(self.survey, self.stage, Settings())
        verdict = examine(spec, runner_of(spec.settings))
        if verdict.lasting and time.time() < verdict.retry_at:
            return None
        return {"state": StreamEvent.RELEASED.value, "reason": "the stream is tried again"}


class DrainTrigger(PollingTrigger):
    """Waits until every stream of a survey is drained, or the deadline passes.

    Parameters
    ----------
    survey
        Whose streams.
    deadline
        Unix time at which the wait is given up.
    poll_s
        Seconds between two looks.
    settle_s
        Seconds before the first look.
    """

    def __init__(
        self, *, survey: str, deadline: float, poll_s: float = 2.0, settle_s: float = SETTLE_S, **_later: object
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's own is not annotated
        self.survey = survey
        self.deadline = deadline
        self.poll_s = poll_s
        self.settle_s = settle_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what rebuilds this trigger in another process."""
        names = ("survey", "deadline", "poll_s", "settle_s")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    def look(self) -> Event | None:
        """Return the event to yield, if there is one."""
        waiting_for = survey_not_drained(Settings(), self.survey)
        if not waiting_for:
            return {"drained": True, "reason": ""}
        return {"drained": False, "reason": waiting_for} if time.time() > self.deadline else None
