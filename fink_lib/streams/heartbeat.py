"""The heartbeat: one small JSON file that a driver renews at every event, idle ones too."""

import json
import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from fink_lib.files import replace_text


class StreamState(StrEnum):
    """What a driver says of itself."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass
class Heartbeat:
    """The last thing a driver said.

    Attributes
    ----------
    stream, spec_hash, token, pid, host
        Which stream, as specified how, by which driver process.
    state
        What the driver is doing.
    beat_at
        Unix time of this heartbeat.
    event_at
        Unix time of the last thing that the query itself told, an idle event included; 0 before the first.
    trigger_active_since
        Unix time since which one micro-batch has been seen at work without an event; 0 when none is.
    batch_since
        Unix time at which the micro-batch that is at work began; 0 when none is.
    started_at
        Unix time at which the driver started.
    last_data_at
        Unix time of the end of the last micro-batch that had rows; 0 when there was none.
    batch_id
        Last finished micro-batch, -1 before the first.
    rows_total
        Input rows since the driver started.
    rows_per_s
        Input rows a second of the last micro-batch that had rows.
    batch_s
        Seconds that the last micro-batch with rows took.
    lag
        Input (Kafka messages, or Delta versions) known to the source but not yet processed; None when unknown.
    error
        Sentence that the query ended with, or the one before it did while it has not yet got on.
    restarts
        Drivers that were started since the stream last got on, this one included; 0 for the first.
    alike
        How often in a row the stream ended with the same error.
    lasting
        True when another driver would end in the same way.
    """

    stream: str
    spec_hash: str
    token: str
    pid: int
    host: str
    state: StreamState = StreamState.STARTING
    beat_at: float = field(default_factory=time.time)
    event_at: float = 0.0
    trigger_active_since: float = 0.0
    batch_since: float = 0.0
    started_at: float = field(default_factory=time.time)
    last_data_at: float = 0.0
    batch_id: int = -1
    rows_total: int = 0
    rows_per_s: float = 0.0
    batch_s: float = 0.0
    lag: int | None = None
    error: str | None = None
    restarts: int = 0
    alike: int = 0
    lasting: bool = False

    def write(self, path: Path) -> None:
        """Replace the file at once: a reader sees the old heartbeat or the new one, after a power cut too."""
        replace_text(path, json.dumps(asdict(self), sort_keys=True), durable=True)


def read_heartbeat(path: Path) -> Heartbeat | None:
    """Read a heartbeat; None where there is none yet, or one that cannot be read: the next is seconds away."""
    try:
        facts = json.loads(path.read_text())
        return Heartbeat(**{**facts, "state": StreamState(facts["state"])})
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
