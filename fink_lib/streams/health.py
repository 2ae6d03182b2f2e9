"""What a driver's process and heartbeat say together: does the stream run, has it ended, is it stuck."""

import time
from dataclasses import dataclass
from enum import StrEnum

from fink_lib.streams.attempts import Attempts
from fink_lib.streams.faults import ended
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.lease import Handle
from fink_lib.streams.runner import Runner
from fink_lib.streams.spec import StreamSpec

START_PATIENCE = 5.0  # a driver that starts Spark cannot beat: it is given this many times the silence
BATCH_PATIENCE = 10.0  # one micro-batch may take this many times the silence


class Health(StrEnum):
    """What supervision has to react to."""

    RUNS = "runs"
    FAILED = "failed"
    STALLED = "stalled"
    STOPPED = "stopped"


@dataclass(frozen=True)
class StreamHealth:
    """The health of a stream.

    Attributes
    ----------
    health, reason
        How it is, and the sentence that explains it.
    lasting
        True when it failed and another driver would end in the same way.
    retry_at
        Unix time before which a lasting fault is not tried again.
    """

    health: Health
    reason: str = ""
    lasting: bool = False
    retry_at: float = 0.0


def examine(spec: StreamSpec, runner: Runner) -> StreamHealth:
    """Judge a stream by two independent signals: its process and its heartbeat.

    Parameters
    ----------
    spec
        The stream.
    runner
        Finds its driver.

    Raises
    ------
    LeaseHeld
        When its lease is damaged and the holder lives.
    """
    handle = runner.find(spec)
    return judge(spec, handle, read_heartbeat(spec.paths.heartbeat), time.time())


def judge(spec: StreamSpec, handle: Handle | None, beat: Heartbeat | None, now: float) -> StreamHealth:
    """Judge what was seen.

    Parameters
    ----------
    spec
        The stream; its settings tell how long a driver may be silent.
    handle
        The living driver, if any.
    beat
        The last heartbeat, perhaps of an earlier driver.
    now
        Unix time.
    """
    if handle is None:
        return _end_of(spec, beat)
    if beat is None or beat.token != handle.token:
        silent_s, limit_s = now - handle.process_started_at, spec.settings.heartbeat_silence_s * START_PATIENCE
        if silent_s > limit_s:
            return StreamHealth(
                Health.STALLED, f"driver {handle.pid} of '{spec.name}' has not said a word in {silent_s:.0f} s"
            )
        return StreamHealth(Health.RUNS)
    return _stall_of(spec, beat, now)


def _end_of(spec: StreamSpec, beat: Heartbeat | None) -> StreamHealth:
    """Say why no driver lives."""
    if beat is not None and beat.state is StreamState.STOPPED:
        return StreamHealth(Health.STOPPED, f"stream '{spec.name}' was asked to stop")
    if beat is None:
        return StreamHealth(Health.FAILED, f"the driver of '{spec.name}' is gone; the last it said was: nothing yet")
    end = ended(beat, notes_tries=Attempts(spec.checkpoint).is_kept)
    lasting = end.lasting and beat.spec_hash == spec.hash  # other code or settings may end otherwise
    if beat.state is StreamState.FAILED or lasting:
        how = "cannot go on" if lasting else "failed"
        return StreamHealth(Health.FAILED, f"stream '{spec.name}' {how}: {end}", lasting, end.retry_at)
    return StreamHealth(Health.FAILED, f"the driver of '{spec.name}' is gone; the last it said was: {beat.state}")


def _stall_of(spec: StreamSpec, beat: Heartbeat, now: float) -> StreamHealth:
    """Tell a stuck driver from a busy or an idle one."""
    silence_s = spec.settings.heartbeat_silence_s
    if beat.state is StreamState.STARTING:
        silence_s *= START_PATIENCE
    if now - beat.beat_at > silence_s:
        return StreamHealth(
            Health.STALLED, f"driver {beat.pid} of '{spec.name}' is silent since {now - beat.beat_at:.0f} s"
        )
    if beat.trigger_active_since and now - beat.trigger_active_since > silence_s * BATCH_PATIENCE:
        busy_s = now - beat.trigger_active_since
        return StreamHealth(Health.STALLED, f"a micro-batch of '{spec.name}' has been at work for {busy_s:.0f} s")
    return StreamHealth(Health.RUNS)


def ensure_running(runner: Runner, spec: StreamSpec) -> Handle:
    """Make the world match the spec: re-attach to its driver, replace one of another spec, start a missing one.

    A driver that is about to stop is waited for and then replaced.

    Parameters
    ----------
    runner
        Finds, stops and starts drivers.
    spec
        The stream as it should run.

    Raises
    ------
    LeaseHeld
        When a driver on another host has to be replaced and does not stop.
    StreamFailed
        When the new driver ends before it holds the lease.
    """
    running = runner.find(spec)
    if running is not None and running.spec_hash == spec.hash and not spec.paths.stop_marker.exists():
        return running
    if running is not None:
        runner.stop(spec, spec.settings.stop_timeout_s)
    return runner.submit(spec)
