"""Every stream as a person or a monitor sees it: what its driver said last, and whether it still lives."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from fink_lib.config import Settings
from fink_lib.streams.attempts import Attempts
from fink_lib.streams.faults import ended
from fink_lib.streams.health import START_PATIENCE
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.runners import runner_of
from fink_lib.streams.spec import StreamSpec


class Seen(StrEnum):
    """States of a stream beside those that its driver tells of itself."""

    SILENT = "silent"
    DEAD = "dead"
    RESTARTING = "restarting"
    BROKEN = "broken"


STATES = (*(str(state) for state in StreamState), *(str(state) for state in Seen))


@dataclass(frozen=True)
class StreamRow:
    """One stream, by its heartbeat.

    Attributes
    ----------
    state
        What the driver says, ``dead`` when its process is gone without a word, ``silent`` when it says nothing,
        ``restarting`` when it follows one that failed, ``broken`` when another one would fail in the same way.
    beat_age_s
        Seconds since the last heartbeat.
    restarts
        Drivers that were started since the stream last got on.
    error
        Sentence that the stream last ended with; None once it has got on.
    """

    name: str
    state: str
    pid: int
    beat_age_s: float
    batch_id: int
    rows_total: int
    rows_per_s: float
    lag: int | None
    restarts: int
    error: str | None


def stream_rows(settings: Settings, specs: Iterable[StreamSpec], now: float) -> list[StreamRow]:
    """Return a row of each stream that ever had a driver, at a Unix time.

    Parameters
    ----------
    settings
        Tell after how many seconds of silence a stream counts as silent.
    specs
        Streams to look at; those without a heartbeat are left out.
    now
        Unix time that ages are measured to.
    """
    runner = runner_of(settings)
    rows = []
    for spec in specs:
        beat = read_heartbeat(spec.paths.heartbeat)
        if beat is None:
            continue
        age_s = now - beat.beat_at
        patience = START_PATIENCE if beat.state is StreamState.STARTING else 1.0
        lives, silent = runner.find(spec) is not None, age_s > settings.heartbeat_silence_s * patience
        state = _state(beat, lives=lives, silent=silent, notes_tries=Attempts(spec.checkpoint).is_kept)
        rows.append(
            StreamRow(
                name=spec.name,
                state=state,
                pid=beat.pid,
                beat_age_s=round(age_s, 1),
                batch_id=beat.batch_id,
                rows_total=beat.rows_total,
                rows_per_s=round(beat.rows_per_s, 1),
                lag=beat.lag,
                restarts=beat.restarts,
                error=beat.error,
            )
        )
    return rows


def _state(beat: Heartbeat, *, lives: bool, silent: bool, notes_tries: bool) -> str:
    """Return the state of a stream in a word."""
    if beat.state in (StreamState.FAILED, StreamState.STOPPED):
        return str(Seen.BROKEN if beat.lasting else beat.state)
    if not lives:
        return str(Seen.BROKEN if ended(beat, notes_tries=notes_tries).lasting else Seen.DEAD)
    if silent:
        return str(Seen.SILENT)
    return str(Seen.RESTARTING if beat.state is StreamState.STARTING and beat.restarts else beat.state)
