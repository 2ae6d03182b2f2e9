"""Wait for nights to be closed: what is expected of each, and what the lake and the manifests say so far."""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from fink_lib.config import Settings
from fink_lib.errors import NightNotDrained, StreamBroken, StreamFailed
from fink_lib.host.closing_watch import ClosingWatch, work_done
from fink_lib.host.night_end import NightEnds
from fink_lib.streams.drain import rows_in_all
from fink_lib.streams.health import Health, examine
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.kinds import supervised_kinds
from fink_lib.streams.runners import runner_of
from fink_lib.streams.spec import StreamSpec
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import night_specs

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
    """Return the manifest in force of a night, or None when it was never closed.

    Parameters
    ----------
    settings
        Tell where the folders of nights are.
    survey
        Its name.
    night
        The night.
    """
    path = settings.night_dir(survey, night.isoformat()) / "manifest.json"
    try:
        manifest: Manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return manifest


def offered_so_far(settings: Settings, survey: str) -> dict[dt.date, int]:
    """Return the messages that each closed night holds; read it before playing.

    Parameters
    ----------
    settings
        Tell where the folders of nights are.
    survey
        Its name.

    Returns
    -------
    Night → messages; 0 for a night with a folder and no manifest.
    """
    found = {}
    for folder in sorted((settings.nights / survey).glob("????-??-??")):
        night = dt.date.fromisoformat(folder.name)
        manifest = read_manifest(settings, survey, night)
        found[night] = int(manifest["offered"]) if manifest else 0
    return found


def expectations(before: Mapping[dt.date, int], played: Mapping[dt.date | None, int]) -> list[Expected]:
    """Add what was played to what each night held before; what belongs to no night is not waited for.

    Parameters
    ----------
    before
        Night → messages that it held; a night that is not there held none.
    played
        Night → messages that were sent; None for those of no night.

    Returns
    -------
    One a night that was played, in order.
    """
    return [
        Expected(night, count + before.get(night, 0))
        for night, count in sorted((night, count) for night, count in played.items() if night is not None)
    ]


def is_closed(manifest: Manifest | None, expected: Expected) -> bool:
    """Tell whether a manifest covers every message that was played.

    Parameters
    ----------
    manifest
        The one in force; None where the night was never closed.
    expected
        What the night must hold.
    """
    return manifest is not None and int(manifest["offered"]) >= expected.offered


def dead_streams(settings: Settings, survey: str) -> list[str]:
    """Return the streams that do not run, each with the error that its driver ended with.

    Parameters
    ----------
    settings
        Tell where the files of streams are.
    survey
        Its name.
    """
    runner = runner_of(settings)
    specs = [StreamSpec(survey, kind, settings) for kind in supervised_kinds()]
    verdicts = ((spec, examine(spec, runner)) for spec in specs)
    return [f"{spec.name} ({verdict.reason})" for spec, verdict in verdicts if verdict.health is not Health.RUNS]


def is_running(beat: Heartbeat, token: str) -> bool:
    """Tell whether a heartbeat is that of the driver with this token, and says that its query runs.

    Parameters
    ----------
    beat
        The last heartbeat of the stream, perhaps of an earlier driver.
    token
        Of the driver that holds the lease.
    """
    return beat.token == token and beat.state is StreamState.RUNNING


def wait_for_streams(settings: Settings, survey: str, timeout_s: float, say: Callable[[str], None]) -> None:
    """Wait until all streams of a survey run that Airflow supervises.

    Parameters
    ----------
    settings
        Tell where the files of streams are.
    survey
        Its name.
    timeout_s
        Seconds to wait at the most.
    say
        Receives a line when a stream runs.

    Raises
    ------
    StreamFailed
        When one does not in time; the message names it and where its log is. `StreamBroken` when waiting is no use.
    """
    deadline = time.monotonic() + timeout_s
    runner = runner_of(settings)
    waiting = {kind: StreamSpec(survey, kind, settings) for kind in supervised_kinds()}
    while waiting:
        require_unbroken(settings, survey)
        for kind, spec in list(waiting.items()):
            beat, handle = read_heartbeat(spec.paths.heartbeat), runner.find(spec)
            # A driver that was killed leaves a heartbeat that says it runs: it must be the living one's.
            if beat is not None and handle is not None and is_running(beat, handle.token):
                say(f"stream {spec.name} runs (pid {beat.pid})")
                del waiting[kind]
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
    *,
    ends: NightEnds | None = None,
) -> None:
    """Wait until every night has a manifest that covers what was played, whatever its verdict.

    Parameters
    ----------
    settings, survey, expected, timeout_s
        Which nights, and how long to wait while nothing moves.
    progress, ends
        Told at each look how things stand, and what a night that is not over waits for.

    Raises
    ------
    NightNotDrained
        When nothing has moved for ``timeout_s`` seconds, or the steps of every open night have failed; the message
        says which nights are still open, and why.
    StreamBroken
        When a stream ended with what another driver would end with too.
    """
    since, moved_at = dt.datetime.now(dt.UTC), time.monotonic()
    last: object = None
    watch = ClosingWatch(settings, survey, since)
    while True:
        require_unbroken(settings, survey)
        still_open = [one for one in expected if not is_closed(read_manifest(settings, survey, one.night), one)]
        rows = lake_rows(settings, survey)
        closing = watch.look([one.night for one in still_open])
        troubles = [*restarts(settings, survey), *closing.troubles]
        told = f"{len(expected) - len(still_open)} closed, {len(still_open)} open; {rows}"
        progress("; ".join([told, *troubles]))
        if not still_open:
            return
        if ends is not None:
            troubles += ends.look(one.night for one in still_open)
        now = told, work_done(settings, survey, (one.night for one in still_open))
        if now != last:
            last, moved_at = now, time.monotonic()
        if closing.hopeless or time.monotonic() - moved_at > timeout_s:
            raise NightNotDrained(_why_open(settings, survey, still_open, time.monotonic() - moved_at, troubles))
        time.sleep(POLL_S)


def require_unbroken(settings: Settings, survey: str) -> None:
    """Look for a stream that waiting for is no use.

    Parameters
    ----------
    settings
        Tell where the files of streams are.
    survey
        Its name.

    Raises
    ------
    StreamBroken
        With its sentence.
    """
    runner = runner_of(settings)
    for kind in supervised_kinds():
        spec = StreamSpec(survey, kind, settings)
        verdict = examine(spec, runner)
        if verdict.lasting:
            raise StreamBroken(f"{verdict.reason}; see {spec.paths.log}")


def restarts(settings: Settings, survey: str) -> list[str]:
    """Say of each stream that was started again since it last got on, how often and why.

    Parameters
    ----------
    settings
        Tell where the files of streams are.
    survey
        Its name.
    """
    specs = [StreamSpec(survey, kind, settings) for kind in supervised_kinds()]
    beats = ((spec, read_heartbeat(spec.paths.heartbeat)) for spec in specs)
    return [
        f"stream {spec.name} was started again {beat.restarts} times: {beat.error}"
        for spec, beat in beats
        if beat is not None and beat.restarts
    ]


def closed_nights(settings: Settings, survey: str, expected: Iterable[Expected]) -> list[Manifest]:
    """Return the manifests of the nights that were closed with all that was played, in order.

    Parameters
    ----------
    settings
        Tell where the folders of nights are.
    survey
        Its name.
    expected
        What each night must hold, in any order; the others are left out.
    """
    found = ((one, read_manifest(settings, survey, one.night)) for one in sorted(expected, key=lambda one: one.night))
    return [manifest for one, manifest in found if manifest is not None and is_closed(manifest, one)]


def lake_rows(settings: Settings, survey: str) -> str:
    """Say how many rows the tables of a survey hold, those of no night too, from the Delta logs.

    Parameters
    ----------
    settings
        Tell where the lake is.
    survey
        Its name.

    Raises
    ------
    LakeError
        When a table cannot be counted.
    """
    specs = night_specs(get_survey(survey))
    return ", ".join(f"{table} {rows_in_all(spec.path(settings.lake))}" for table, spec in specs.items())


def _why_open(
    settings: Settings, survey: str, still_open: Iterable[Expected], waited_s: float, troubles: Sequence[str]
) -> str:
    names = ", ".join(sorted(one.night.isoformat() for one in still_open))
    dead = dead_streams(settings, survey)
    causes = [*([f"dead streams: {', '.join(dead)}"] if dead else []), *troubles]
    why = "; ".join(causes) or f"all streams run; look at the DAG {survey}_close_night in Airflow"
    return f"still open, nothing moved for {waited_s:.0f} s: {survey} {names}; {why}"
