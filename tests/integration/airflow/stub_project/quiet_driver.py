"""A driver without Spark for the stages that a test does not look at: it holds a lease, beats, and stops when asked."""

import os
import sys
import time
import uuid

from fink_lib.config import Settings
from fink_lib.errors import LeaseHeld
from fink_lib.processes.identity import TOKEN_VARIABLE
from fink_lib.streams.faults import carry
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.lease import release_lease, take_lease
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.streams.stop import StopRequest


def run_quiet(stage: Stage) -> int:
    """Run until asked to stop; return the exit code that a real driver would."""
    spec = StreamSpec("ztf", stage, Settings())
    born_at = time.time()
    stop = StopRequest(spec.paths.stop_marker, born_at - 1)
    stop.listen()
    token = os.environ.setdefault(TOKEN_VARIABLE, uuid.uuid4().hex)
    try:
        handle = take_lease(spec, token)
    except LeaseHeld as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 3
    beat = Heartbeat(spec.name, spec.hash, token, handle.pid, handle.host, started_at=born_at, lag=0)
    carry(read_heartbeat(spec.paths.heartbeat), beat)
    beat.state = StreamState.RUNNING
    while stop.reason is None:
        beat.beat_at = beat.event_at = time.time()
        beat.write(spec.paths.heartbeat)
        time.sleep(0.2)
    stop.done()
    beat.state = StreamState.STOPPED
    beat.write(spec.paths.heartbeat)
    release_lease(spec, token)
    return 0
