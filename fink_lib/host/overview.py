"""What one home is doing, as plain rows: services, streams, nights."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fink_lib.config import Settings
from fink_lib.host.health import state_of
from fink_lib.host.services import Services
from fink_lib.host.stack import known_streams
from fink_lib.streams.faults import ended
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.runner import LocalRunner

SILENT = "silent"
DEAD = "dead"
RESTARTING = "restarting"
BROKEN = "broken"


@dataclass(frozen=True)
class ServiceRow:
    """One server: where it is, whether it lives and whether it answers."""

    name: str
    state: str
    port: int
    pid: int
    log: str


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


@dataclass(frozen=True)
class NightRow:
    """One closed night, by its manifest."""

    survey: str
    night: str
    offered: int | None
    bronze: int | None
    silver: int | None
    rejected: int | None
    quarantine: int | None
    equation_holds: bool | None
    report: str


@dataclass(frozen=True)
class Overview:
    """Everything that `fink status` shows."""

    home: str
    services: list[ServiceRow]
    streams: list[StreamRow]
    nights: list[NightRow]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return asdict(self)


def look(settings: Settings, now: Callable[[], float] = time.time) -> Overview:
    """Read what the home's files say; starts and changes nothing."""
    return Overview(
        home=str(settings.home),
        services=_services(settings),
        streams=_streams(settings, now()),
        nights=[_night(path) for path in sorted(settings.nights.glob("*/*/manifest.json"))],
    )


def _services(settings: Settings) -> list[ServiceRow]:
    return [
        ServiceRow(name, state_of(name, each), each.port, each.pid, each.log)
        for name, each in sorted(Services(settings.home).read().items())
    ]


def _streams(settings: Settings, now: float) -> list[StreamRow]:
    runner = LocalRunner(settings)
    rows = []
    for spec in known_streams(settings):
        beat = read_heartbeat(spec.paths.heartbeat)
        if beat is None:
            continue
        age_s = now - beat.beat_at
        state = _state(beat, lives=runner.find(spec) is not None, silent=age_s > settings.heartbeat_silence_s)
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


def _state(beat: Heartbeat, *, lives: bool, silent: bool) -> str:
    """Return the state of a stream in a word."""
    if beat.state in (StreamState.FAILED, StreamState.STOPPED):
        return BROKEN if beat.lasting else str(beat.state)
    if not lives:
        return BROKEN if ended(beat).lasting else DEAD
    if silent:
        return SILENT
    return RESTARTING if beat.state is StreamState.STARTING and beat.restarts else str(beat.state)


def _night(path: Path) -> NightRow:
    facts = json.loads(path.read_text())
    counts = ("offered", "bronze", "silver", "rejected", "quarantine", "equation_holds")
    report = path.with_name("report.html")
    return NightRow(
        survey=path.parts[-3],
        night=path.parts[-2],
        report=str(report) if report.exists() else "",
        **{name: facts.get(name) for name in counts},
    )
