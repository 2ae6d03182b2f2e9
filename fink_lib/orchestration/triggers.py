"""Triggers: what watches while a task is deferred. Each yields one event, and looks from a thread of its own."""

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from fink_lib.config import Settings
from fink_lib.orchestration.assets import STAGE_TABLES
from fink_lib.streaming.drain import lake_state, nights_to_close, not_announced, survey_not_drained
from fink_lib.streaming.health import Health, examine
from fink_lib.streaming.runner import LocalRunner
from fink_lib.streaming.spec import Stage, StreamSpec

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
        The stream.
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

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what rebuilds this trigger in another process."""
        names = ("survey", "stage", "spec_hash", "announced", "poll_s", "settle_s")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    @property
    def spec(self) -> StreamSpec:
        """The stream, with the settings of this process."""
        return StreamSpec(self.survey, Stage(self.stage), Settings())

    def look(self) -> Event | None:
        """Return the event to yield, if there is one."""
        spec = self.spec
        verdict = examine(spec, LocalRunner(spec.settings))
        if verdict.health is not Health.RUNS:
            return {"state": StreamEvent(verdict.health).value, "reason": verdict.reason}
        if self.spec_hash and self.spec_hash != spec.hash:
            return {"state": StreamEvent.OUTDATED.value, "reason": f"settings or code of '{spec.name}' changed"}
        return self._rotation(spec.settings)

    def _rotation(self, settings: Settings) -> Event | None:
        """Return the nights to announce, once the survey is drained; the lake is counted when it has changed."""
        if survey_not_drained(settings, self.survey):
            return None
        tables = [name.format(survey=self.survey) for name in STAGE_TABLES[Stage.INGEST]]
        state = lake_state(settings, tables)
        if state == self._nothing_at:
            return None
        nights = not_announced(nights_to_close(settings, self.survey), self.announced)
        if not nights:
            self._nothing_at = state
            return None
        counts = {night: str(count) for night, count in nights.items()}
        return {"state": StreamEvent.ROTATED.value, "reason": "the survey is drained", "nights": counts}

    async def on_kill(self) -> None:
        """Stop the driver: a person marked or cleared the task. A restart of Airflow does not come here."""
        spec = self.spec
        self.log.info("stream=%s is stopped because its task was killed", spec.name)
        await asyncio.to_thread(LocalRunner(spec.settings).stop, spec, KILL_TIMEOUT_S)


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
