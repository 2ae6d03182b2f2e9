"""Wait for nights to be closed: what is expected of each, and what the lake and the manifests say so far."""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from fink_lib.config import Settings
from fink_lib.errors import NightNotDrained, StreamFailed
from fink_lib.streaming.drain import rows_by_night
from fink_lib.streaming.health import Health, examine
from fink_lib.streaming.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streaming.runner import LocalRunner
from fink_lib.streaming.spec import Stage, StreamSpec

Manifest: TypeAlias = dict[str, Any]
POLL_S = 2.0


@dataclass(frozen=True)
class Expected:
    """What a night must hold before it counts as closed.

    Attributes
    ----------
    night
        The night.
    offered
        Messages of the night, those of earlier plays included.
    """

    night: dt.date
    offered: int


def read_manifest(settings: Settings, survey: str, night: dt.date) -> Manifest | None:
    """Return the manifest in force of a night, or None when it was never closed."""
    path = settings.night_dir(survey, night.isoformat()) / "manifest.json"
    try:
        manifest: Manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return manifest


def offered_so_far(settings: Settings, survey: str) -> dict[dt.date, int]:
    """Return the messages that each closed night holds; read it before playing."""
    found = {}
    for folder in sorted((settings.nights / survey).glob("????-??-??")):
        night = dt.date.fromisoformat(folder.name)
        manifest = read_manifest(settings, survey, night)
        found[night] = int(manifest["offered"]) if manifest else 0
    return found


def expectations(before: Mapping[dt.date, int], played: Mapping[dt.date | None, int]) -> list[Expected]:
    """Add what was played to what each night held before; what belongs to no night is not waited for."""
    return [
        Expected(night, count + before.get(night, 0))
        for night, count in sorted((night, count) for night, count in played.items() if night is not None)
    ]


def is_closed(manifest: Manifest | None, expected: Expected) -> bool:
    """Tell whether a manifest covers every message that was played."""
    return manifest is not None and int(manifest["offered"]) >= expected.offered


def dead_streams(settings: Settings, survey: str) -> list[str]:
    """Return the streams that do not run, each with the error that its driver ended with."""
    runner = LocalRunner(settings)
    specs = [StreamSpec(survey, stage, settings) for stage in Stage]
    verdicts = ((spec, examine(spec, runner)) for spec in specs)
    return [f"{spec.name} ({verdict.reason})" for spec, verdict in verdicts if verdict.health is not Health.RUNS]


def is_running(beat: Heartbeat, token: str) -> bool:
    """Tell whether a heartbeat is that of the driver with this token, and says that its query runs."""
    return beat.token == token and beat.state is StreamState.RUNNING


def wait_for_streams(settings: Settings, survey: str, timeout_s: float, say: Callable[[str], None]) -> None:
    """Wait until the three streams run.

    Raises
    ------
    StreamFailed
        When one does not in time; the message names it and where its log is.
    """
    deadline = time.monotonic() + timeout_s
    runner = LocalRunner(settings)
    waiting = {stage: StreamSpec(survey, stage, settings) for stage in Stage}
    while waiting:
        for stage, spec in list(waiting.items()):
            beat, handle = read_heartbeat(spec.paths.heartbeat), runner.find(spec)
            # A driver that was killed leaves a heartbeat that says it runs: it must be the living one's.
            if beat is not None and handle is not None and is_running(beat, handle.token):
                say(f"stream {spec.name} runs (pid {beat.pid})")
                del waiting[stage]
        if waiting and time.monotonic() > deadline:
            names = ", ".join(f"{spec.name} (log: {spec.paths.log})" for spec in waiting.values())
            raise StreamFailed(f"not running after {timeout_s:.0f} s: {names}")
        time.sleep(POLL_S if waiting else 0)


def wait_for_close(
    settings: Settings,
    survey: str,
    expected: Sequence[Expected],
    timeout_s: float,
    progress: Callable[[str], None],
) -> None:
    """Wait until every night has a manifest that covers what was played, whatever its verdict.

    Raises
    ------
    NightNotDrained
        When a night has none in time; the message says which, and which streams are dead.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        still_open = [one for one in expected if not is_closed(read_manifest(settings, survey, one.night), one)]
        closed = len(expected) - len(still_open)
        progress(f"{closed} closed, {len(still_open)} open; {lake_rows(settings, survey)}")
        if not still_open:
            return
        if time.monotonic() > deadline:
            raise NightNotDrained(_why_open(settings, survey, still_open, timeout_s))
        time.sleep(POLL_S)


def closed_nights(settings: Settings, survey: str, expected: Iterable[Expected]) -> list[Manifest]:
    """Return the manifests of the nights that were closed with all that was played, in order."""
    found = ((one, read_manifest(settings, survey, one.night)) for one in sorted(expected, key=lambda one: one.night))
    return [manifest for one, manifest in found if manifest is not None and is_closed(manifest, one)]


def lake_rows(settings: Settings, survey: str) -> str:
    """Say how many rows the tables of a survey hold, from the Delta logs."""
    tables = {
        "bronze": f"bronze_{survey}__alerts",
        "quarantine": f"bronze_{survey}__quarantine",
        "silver": f"silver_{survey}__alerts",
        "rejected": f"silver_{survey}__rejected",
        "published": f"gold_{survey}__published",
    }
    return ", ".join(f"{name} {sum(rows_by_night(settings.lake / table).values())}" for name, table in tables.items())


def _why_open(settings: Settings, survey: str, still_open: Iterable[Expected], timeout_s: float) -> str:
    names = ", ".join(sorted(one.night.isoformat() for one in still_open))
    dead = dead_streams(settings, survey)
    cause = f"dead streams: {', '.join(dead)}" if dead else "all streams run; look at the DAG close_night in Airflow"
    return f"not closed after {timeout_s:.0f} s: {survey} {names}; {cause}"
