"""The run loop of a streaming driver: one lease, one query, one heartbeat, one exit code that tells why it ended."""

import logging
import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from enum import IntEnum
from functools import partial

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from fink_lib.errors import LeaseHeld, StreamFailed
from fink_lib.lake.spark.python_daemon import daemon_conf
from fink_lib.lake.spark.session import build_session
from fink_lib.processes.error_summary import sentence_of
from fink_lib.processes.identity import TOKEN_VARIABLE, process_started_at
from fink_lib.storage.paths import store_of
from fink_lib.streams.beside import Beside
from fink_lib.streams.endpoint import told_to_prometheus
from fink_lib.streams.faults import carry
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.lease import Handle, release_lease, take_lease
from fink_lib.streams.listener import HeartbeatListener, Recorder
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.spec import StreamSpec
from fink_lib.streams.stop import Gate, PlanOutdated, StopRequest

logger = logging.getLogger(__name__)

WAIT_S = 0.5
STOP_POLL_S = 0.1
OUTDATED_POLL_S = 5.0
_LAG_UNKNOWN = 'IterableOps.map(scala.Function1)" because the return value of "scala.Option.get()" is null'
STREAM_CONF = {
    "spark.sql.streaming.noDataProgressEventInterval": "2000",  # ms between two idle events
    "spark.sql.streaming.numRecentProgressUpdates": "10",
}

WriteBatch = Callable[[DataFrame, int], int | None]
PlanFactory = Callable[[SparkSession, StreamSpec], StreamPlan]


class ExitCode(IntEnum):
    """Why a driver ended."""

    STOPPED = 0
    FAILED = 1
    LEASE_HELD = 3


def run_stream(spec: StreamSpec, plan: PlanFactory, conf: Mapping[str, str] | None = None) -> int:
    """Run one stream until it is asked to stop or fails.

    Parameters
    ----------
    spec
        Which stream, with which settings.
    plan
        Builds the query; called once the session is there and the lease is held.
    conf
        Spark configuration of this stream, over the one that all streams share.

    Returns
    -------
    The process's exit code, an `ExitCode`.
    """
    _configure_logging()
    token = os.environ.setdefault(TOKEN_VARIABLE, uuid.uuid4().hex)  # inherited by the JVM and the Python workers
    stop = StopRequest(spec.paths.stop_marker, process_started_at(os.getpid()) or time.time())
    stop.listen()
    try:
        handle = take_lease(spec, token)
    except LeaseHeld as refusal:
        logger.error("driver refused stream=%s: %s", spec.name, refusal)  # noqa: TRY400  # a sentence, not a trace
        return ExitCode.LEASE_HELD
    recorder = _first_beat(spec, handle)
    try:
        with told_to_prometheus(spec, recorder):
            return _run(spec, plan, conf or {}, stop, recorder)
    finally:
        release_lease(spec, token)


def _run(
    spec: StreamSpec, plan: PlanFactory, conf: Mapping[str, str], stop: StopRequest, recorder: Recorder
) -> ExitCode:
    """Build, supervise and end the query; whatever goes wrong is in the last heartbeat."""
    session: SparkSession | None = None
    try:
        session = build_session(
            spec.name,
            spec.settings,
            memory=spec.settings.stream_memory,
            java_options=spec.settings.stream_java_options,
            conf={**STREAM_CONF, **daemon_conf(spec.facts.preload), **conf},
        )
        session.sparkContext.setLogLevel("ERROR")
        stop.listen()
        session.streams.addListener(HeartbeatListener(recorder))
        reason = ""
        while not reason:
            reason = _query(session, spec, plan, stop, recorder)
    except Exception as error:
        logger.exception("driver failed stream=%s", spec.name)
        recorder.failed(error)
        return ExitCode.FAILED
    else:
        logger.info("driver stopped stream=%s reason=%s", spec.name, reason)
        stop.done()
        recorder.state(StreamState.STOPPED)
        return ExitCode.STOPPED
    finally:
        if session is not None:
            _close(session)


def _query(session: SparkSession, spec: StreamSpec, plan: PlanFactory, stop: StopRequest, recorder: Recorder) -> str:
    """Run one query; return who asked to stop, or an empty text when a new plan is to be made from its checkpoint."""
    with closing(plan(session, spec)) as stream_plan, Beside(stream_plan.beside) as beside:
        gate = Gate(_told(stream_plan.write_batch, recorder))
        query = replace(stream_plan, write_batch=gate).start()
        reason = _supervise(query, gate, stop, recorder, replace(stream_plan, beside=beside.look))
        beside.ask_to_end()
        if reason:
            recorder.state(StreamState.STOPPING)
        else:
            logger.info("plan outdated stream=%s: the query starts again from its checkpoint", spec.name)
        session.sparkContext.setLogLevel("OFF")  # the end that was asked for is no error
        _finish(query, gate, recorder, spec.settings.stop_timeout_s)
        session.sparkContext.setLogLevel("ERROR")
        if not beside.end(spec.settings.stop_timeout_s, partial(recorder.tick, trigger_active=False)):
            raise StreamFailed("what is done beside the micro-batches did not end: it may still be at work")
    return reason


def _told(write_batch: WriteBatch, recorder: Recorder) -> Callable[[DataFrame, int], None]:
    """Tell of a micro-batch before its work begins: for as long as it is at work, no night is over."""

    def work(batch: DataFrame, batch_id: int) -> None:
        recorder.batch_begins()
        rows = write_batch(batch, batch_id)
        if rows is not None:
            recorder.batch_read(batch_id, rows)

    return work


def _supervise(
    query: StreamingQuery, gate: Gate[DataFrame], stop: StopRequest, recorder: Recorder, plan: StreamPlan
) -> str:
    """Wait until somebody asks to stop, and return who; or until the plan is outdated: nobody did.

    Raises
    ------
    StreamFailed
        When the query ends by itself: a dead query ends the process.
    """
    recorder.state(StreamState.RUNNING)
    look_at = time.monotonic() + OUTDATED_POLL_S
    while True:
        reason = stop.reason
        if reason is not None:
            return reason
        if _has_ended(query, gate):
            return ""
        recorder.tick(trigger_active=bool(query.status["isTriggerActive"]))
        if _is_outdated_beside(plan):
            return ""
        if time.monotonic() >= look_at:
            if plan.outdated():
                return ""
            look_at = time.monotonic() + OUTDATED_POLL_S


def _is_outdated_beside(plan: StreamPlan) -> bool:
    """Return whether what is done beside the batches found that the plan must be made anew; raise what else it did."""
    try:
        plan.beside()
    except PlanOutdated:
        return True
    return False


def _has_ended(query: StreamingQuery, gate: Gate[DataFrame]) -> bool:
    """Wait a little; return whether a batch ended the query so that it is made anew.

    Raises
    ------
    StreamFailed
        When it ended otherwise and without an exception of its own.
    """
    try:
        # takes fractions too; raises the query's own exception when it has one
        ended = query.awaitTermination(WAIT_S)  # type: ignore[arg-type]
    except StreamingQueryException as end:
        gate.wants_plan = gate.wants_plan or _is_lag_of_a_replay(end, gate)
        if gate.wants_plan:
            return True
        raise
    if ended:
        raise StreamFailed(f"stream '{query.name}' ended without being asked to")
    return False


def _is_lag_of_a_replay(end: StreamingQueryException, gate: Gate[DataFrame]) -> bool:
    """Return whether a query ended since Spark could not count its lag: a new one goes on, no new driver is needed.

    Spark 4.1.1 counts the lag of a Kafka source by offsets that it asks for when it plans a batch (SPARK-55271). A
    batch that a dead driver left behind is not planned again: it is done and committed, and then the query ends.
    """
    return gate.has_done and _LAG_UNKNOWN in str(end)


def _finish(query: StreamingQuery, gate: Gate[DataFrame], recorder: Recorder, timeout_s: float) -> None:
    """Let the running micro-batch end, begin no other, and stop the query.

    Raises
    ------
    StreamFailed
        When that last micro-batch failed.
    """
    gate.close()
    deadline = time.monotonic() + timeout_s
    while query.isActive and query.status["isTriggerActive"]:
        if time.monotonic() > deadline:
            logger.warning("micro-batch interrupted stream=%s timeout_s=%.0f", query.name, timeout_s)
            break
        recorder.tick(trigger_active=True)
        time.sleep(STOP_POLL_S)
    error = None if query.isActive or gate.has_refused or gate.wants_plan else query.exception()
    query.stop()
    if error is not None:
        raise StreamFailed(f"the last micro-batch before the stop failed: {sentence_of(error)}")


def _first_beat(spec: StreamSpec, handle: Handle) -> Recorder:
    beat = Heartbeat(stream=spec.name, spec_hash=spec.hash, token=handle.token, pid=handle.pid, host=handle.host)
    carry(read_heartbeat(spec.paths.heartbeat), beat)
    recorder = Recorder(beat, spec.paths.heartbeat, store_of(spec.settings.lake))
    recorder.state(StreamState.STARTING)
    logger.info("driver starting stream=%s pid=%d spec_hash=%s", spec.name, handle.pid, spec.hash)
    return recorder


def _close(session: SparkSession) -> None:
    """Stop Spark; a JVM that died first is no further error."""
    try:
        session.stop()
    except Exception:
        logger.exception("spark did not stop cleanly")


def _configure_logging() -> None:
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    logging.getLogger("py4j").setLevel(logging.CRITICAL)  # an error in a batch reaches the log as the query's own
