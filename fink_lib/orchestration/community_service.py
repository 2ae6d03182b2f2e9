"""Keeps the process that carries statements running: it is found or started, then watched outside of the worker."""

import asyncio
import time
from typing import Any

from airflow.sdk import BaseOperator, Context

from fink_lib import __version__
from fink_lib.community.kafka.beat import LOG, beat, folder_of, last_word, running, stop
from fink_lib.config import Settings
from fink_lib.errors import JobFailed
from fink_lib.orchestration.triggers import SETTLE_S, Event, PollingTrigger
from fink_lib.processes.command import job_command
from fink_lib.processes.detached import start_detached
from fink_lib.streams.runner import job_environment

TOKEN = "community_topics"  # noqa: S105 - a word
A_DAY_S = 86_400.0


class ServiceTrigger(PollingTrigger):
    """Watches the process by its last word.

    Parameters
    ----------
    until
        Unix time at which the run ends and another one looks after the process.
    poll_s, settle_s
        Seconds between two looks, and before the first.
    """

    def __init__(self, *, until: float, poll_s: float = 2.0, settle_s: float = SETTLE_S, **_later: object) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's own is not annotated
        self.until, self.poll_s, self.settle_s = until, poll_s, settle_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what rebuilds this trigger in another process."""
        names = ("until", "poll_s", "settle_s")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    def look(self) -> Event | None:
        """Return the event to yield, if there is one."""
        settings, now = Settings(), time.time()
        said = running(settings)
        if said is None:
            return {"runs": False, "reason": "it has ended"}
        if now - said.beat_at > settings.heartbeat_silence_s:
            return {"runs": False, "reason": f"it has said nothing for {now - said.beat_at:.0f} s"}
        if said.code_version != __version__:
            return {"runs": False, "reason": f"it runs version {said.code_version}"}
        return {"runs": True, "reason": ""} if now > self.until else None

    async def on_kill(self) -> None:
        """Stop the process: a person marked or cleared the task. A restart of Airflow does not come here."""
        await asyncio.to_thread(stop, Settings())


class CommunityTopicsOperator(BaseOperator):
    """Makes the process run, then defers; a run ends each day, and the next one finds the process as it is."""

    ui_color = "#d7e8f7"

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        """Find the process, or start it, and wait outside of the worker."""
        settings = Settings()
        said = running(settings)
        if said is not None and said.code_version == __version__:
            self.log.info("found pid=%d", said.pid)
        else:
            stop(settings)
            command = job_command(settings.project / "jobs" / "streaming" / "community.py")
            mark = start_detached(command, log=folder_of(settings) / LOG, env=job_environment(settings, TOKEN))
            beat(settings, mark)
            self.log.info("started pid=%d log=%s", mark.pid, folder_of(settings) / LOG)
        trigger = ServiceTrigger(until=time.time() + A_DAY_S)
        self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Context, event: Event) -> None:  # noqa: ARG002 - Airflow's signature
        """End the run, or have it tried again.

        Parameters
        ----------
        context
            Not used.
        event
            What `ServiceTrigger.look` returned.

        Raises
        ------
        JobFailed
            When the process no longer does its work.
        """
        if event["runs"]:
            return
        settings = Settings()
        stop(settings)
        raise JobFailed(f"{event['reason']}; its last word: {last_word(settings)}")
