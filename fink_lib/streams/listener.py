"""Turns what a query tells into heartbeats. Best effort: observing a stream must never hurt it."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from pyspark.sql.streaming.listener import (
    QueryIdleEvent,
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
    StreamingQueryListener,
)

from fink_lib.storage import Store
from fink_lib.streams.faults import got_on, note_end
from fink_lib.streams.heartbeat import Heartbeat, StreamState
from fink_lib.streams.lag import source_lag, source_rows

logger = logging.getLogger(__name__)

LOOP_BEAT_S = 5.0  # a long micro-batch tells nothing itself; the loop then beats this often

P = ParamSpec("P")


def _harmless(method: Callable[Concatenate["Recorder", P], None]) -> Callable[Concatenate["Recorder", P], None]:
    """Keep a failure to observe from reaching the stream; it is logged instead."""

    @wraps(method)
    def guarded(self: "Recorder", /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with self.lock:
                method(self, *args, **kwargs)
        except Exception:
            logger.exception("heartbeat not written stream=%s", self.heartbeat.stream)

    return guarded


class Recorder:
    """Keeps the heartbeat of one driver; called from the listener's thread and from the run loop.

    Parameters
    ----------
    heartbeat
        The first heartbeat.
    path
        Where it is written.
    store
        That the lake lies in; None for a lake in a folder of this host.
    """

    def __init__(self, heartbeat: Heartbeat, path: Path, store: Store | None = None) -> None:
        self.heartbeat = heartbeat
        self.lock = threading.RLock()
        self._path, self._store = path, store
        self._sources: list[Mapping[str, Any]] = []
        self._rows: dict[int, int] = {}
        self.parts_ms: dict[str, float] = {}  # of the last micro-batch that had rows, by Spark's names

    def _beat(self) -> None:
        self.heartbeat.beat_at = time.time()
        self.heartbeat.write(self._path)

    def _event(self) -> None:
        got_on(self.heartbeat)
        self.heartbeat.event_at = time.time()
        self.heartbeat.trigger_active_since = self.heartbeat.batch_since = 0.0
        lags = [source_lag(source, self._store) for source in self._sources]
        known = [lag for lag in lags if lag is not None]
        self.heartbeat.lag = sum(known) if known and len(known) == len(lags) else None
        self._beat()

    @_harmless
    def state(self, state: StreamState) -> None:
        """Note what the driver does now."""
        self.heartbeat.state = state
        self._beat()

    @_harmless
    def failed(self, error: BaseException) -> None:
        """Note the error that ended the driver."""
        note_end(self.heartbeat, error)
        self._beat()

    @_harmless
    def batch_begins(self) -> None:
        """Note that rows are at work, at once: what the query last told, no lag perhaps, is no longer so."""
        self.heartbeat.batch_since = time.time()
        self._beat()

    @_harmless
    def batch_read(self, batch_id: int, rows: int) -> None:
        """Note how many rows a micro-batch had, as its writer counted them: Spark sees none that passed it by.

        Parameters
        ----------
        batch_id
            The micro-batch, before Spark reports that it is finished.
        rows
            Input rows of it.
        """
        self._rows[batch_id] = rows

    @_harmless
    def progress(self, report: Mapping[str, Any]) -> None:
        """Note a finished micro-batch, as Spark's progress report tells it."""
        beat = self.heartbeat
        self._sources = list(report["sources"])
        counted = self._rows.pop(int(report["batchId"]), None)
        rows = sum(source_rows(source) for source in self._sources) if counted is None else counted
        beat.batch_id = max(beat.batch_id, int(report["batchId"]))
        if rows > 0:
            beat.batch_s = float(report.get("batchDuration") or 0) / 1000
            beat.rows_total += rows
            beat.rows_per_s = round(rows / beat.batch_s, 1) if beat.batch_s else 0.0
            beat.last_data_at = time.time()
            self.parts_ms = {str(part): float(part_ms) for part, part_ms in report.get("durationMs", {}).items()}
        self._event()
        if rows > 0:
            facts = (beat.stream, beat.batch_id, rows, beat.batch_s, beat.rows_per_s, beat.lag)
            logger.info("batch stream=%s batch_id=%d rows=%d batch_s=%.3f rows_per_s=%.1f lag=%s", *facts)

    @_harmless
    def idle(self) -> None:
        """Note that the source had nothing new; what it had been asked for before is then all done."""
        self._sources = [{**source, "latestOffset": source.get("endOffset")} for source in self._sources]
        self._event()

    @_harmless
    def tick(self, *, trigger_active: bool) -> None:
        """Beat from the run loop, so that a long micro-batch is not taken for a dead driver."""
        now = time.time()
        if not trigger_active:
            self.heartbeat.trigger_active_since = 0.0
        elif not self.heartbeat.trigger_active_since:
            self.heartbeat.trigger_active_since = now
        if now - self.heartbeat.beat_at >= LOOP_BEAT_S:
            self._beat()


class HeartbeatListener(StreamingQueryListener):
    """Hands the query's events to the recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802  # Spark's name
        """Note that the query runs."""
        logger.info("query started stream=%s run_id=%s", event.name, event.runId)
        self._recorder.state(StreamState.RUNNING)

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802  # Spark's name
        """Note a finished micro-batch."""
        try:
            report = json.loads(event.progress.json)
        except Exception:
            logger.exception("progress report not understood")
            return
        self._recorder.progress(report)

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: ARG002, N802  # Spark's signature
        """Note that there was nothing new: a day without alerts is not a stall."""
        self._recorder.idle()

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802  # Spark's name
        """Log the end; the run loop, which knows whether it was asked for, sets the state."""
        logger.info("query terminated run_id=%s failed=%s", event.runId, event.exception is not None)
