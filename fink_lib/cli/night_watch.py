"""Wait for nights to be closed: what is expected of each, and what the lake and the manifests say so far."""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from fink_lib.config import Settings
from fink_lib.errors import NightNotDrained, StreamFailed
from fink_lib.streaming.drain import rows_by_night
from fink_lib.streaming.heartbeat import StreamState, read_heartbeat
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
    dead = []
    for stage in Stage:
        spec = StreamSpec(survey, stage, settings)
        beat = read_heartbeat(spec.paths.heartbeat)
        if beat is None:
            dead.append(f"{spec.name} (never started)")
        elif beat.state in (StreamState.FAILED, StreamState.STOPPED):
            dead.append(f"{spec.name} ({beat.error or beat.state})")
    return dead


def wait_for_streams(settings: Settings, survey: str, timeout_s: float, say: Callable[[str], None]) -> None:
    """Wait until the three streams run.

    Raises
    ------
    StreamFailed
        When one does not in time; the message names it and where its log is.
    """
    deadline = time.monotonic() + timeout_s
    waiting = {stage: StreamSpec(survey, stage, settings) for stage in Stage}
    while waiting:
        for stage, spec in list(waiting.items()):
            beat = read_heartbeat(spec.paths.heartbeat)
            if beat is not None and beat.state is StreamState.RUNNING:
                say(f"stream {spec.name} runs (pid {beat.pid})")
                del waiting[stage]
        if waiting and time.monotonic() > deadline:
            names = ", ".join(f"{spec.name} (log: {spec.paths.log})" for spec in waiting.values())
            raise StreamFailed(f"not running after {timeout_s:.0f} s: {names}")
        time.sleep(POLL_S if waiting else 0)


def wait_for_close(
    settings: Settings,
    survey: str,
    expected: Iterable[Expected],
    timeout_s: float,
    progress: Callable[[str], None],
) -> list[Manifest]:
    """Wait until every night has a manifest that covers what was played, whatever its verdict.

    Raises
    ------
    NightNotDrained
        When a night has none in time; the message says which, and which streams are dead.
    """
    deadline = time.monotonic() + timeout_s
    open_nights = {item.night: item for item in expected}
    closed: dict[dt.date, Manifest] = {}
    while open_nights:
        for night, item in list(open_nights.items()):
            manifest = read_manifest(settings, survey, night)
            if manifest is not None and is_closed(manifest, item):
                closed[night] = manifest
                del open_nights[night]
        progress(f"{len(closed)} closed, {len(open_nights)} open; {lake_rows(settings, survey)}")
        if open_nights and time.monotonic() > deadline:
            raise NightNotDrained(_why_open(settings, survey, open_nights, timeout_s))
        time.sleep(POLL_S if open_nights else 0)
    return [closed[night] for night in sorted(closed)]


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


def _why_open(settings: Settings, survey: str, open_nights: Mapping[dt.date, Expected], timeout_s: float) -> str:
    names = ", ".join(night.isoformat() for night in sorted(open_nights))
    dead = dead_streams(settings, survey)
    cause = f"dead streams: {', '.join(dead)}" if dead else "all streams run; look at the DAG close_night in Airflow"
    return f"not closed after {timeout_s:.0f} s: {survey} {names}; {cause}"


def report_path(settings: Settings, survey: str, night: str) -> Path:
    """Where the report of a night lies."""
    return settings.night_dir(survey, night) / "report.html"
