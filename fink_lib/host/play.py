"""Play a folder of packets through the whole broker and come back with the books of its nights."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError, NightNotDrained, StreamBroken
from fink_lib.host import night_watch as watch
from fink_lib.host.airflow import LocalAirflow
from fink_lib.host.catalogs_watch import DAG_ID as CATALOGS_DAG
from fink_lib.host.catalogs_watch import wait_for_catalogs
from fink_lib.host.night_end import NightEnds
from fink_lib.host.stack import Stack
from fink_lib.nightly.reconcile.no_night import undated_night
from fink_lib.simulator import Fault, PlayRequest, PlayResult, play
from fink_lib.streams.faults import forgive
from fink_lib.streams.kinds import supervised_kinds
from fink_lib.streams.spec import StreamSpec
from fink_lib.surveys import Survey

Say = Callable[[str], None]
Shown = AbstractContextManager[Callable[[int, int], None]]
STREAM_START_TIMEOUT_S = 300.0
CLOSE_TIMEOUT_S = 900.0
PAUSED_FOR = {
    "deliver_notices": "since FINK_NOTICES names nobody who is to be told",
    "vacuum": "since it would begin at once, beside the night; unpause it in a home that is kept",
}
CLOSE_TIMEOUT_PER_ALERT_S = 0.1


@dataclass(frozen=True)
class NightPlay:
    """One play of one or more nights.

    Attributes
    ----------
    path, survey, rate, exposure_s, faults, seed, truth
        What is played, see `PlayRequest`.
    timeout_s
        How long to wait for nights to close while nothing moves; chosen by the number of alerts when None.
    """

    path: Path
    survey: Survey
    rate: float | None = None
    exposure_s: float | None = None
    faults: dict[Fault, int] = field(default_factory=dict)
    seed: int = 0
    truth: Path | None = None
    timeout_s: float | None = None

    def request(self, settings: Settings) -> PlayRequest:
        """Return what the simulator is asked for."""
        return PlayRequest(
            self.path, self.survey, settings, rate=self.rate, exposure_s=self.exposure_s,
            faults=self.faults, seed=self.seed, truth=self.truth,
        )  # fmt: skip


def unpause_streams(settings: Settings, survey: str, say: Say) -> None:
    """Let the DAGs of a survey run, and that of the catalogues; those on demand then wait for somebody to ask.

    A stream that an earlier fault stopped is tried again: whoever plays may have mended it.

    Parameters
    ----------
    settings
        Of the home, whose Airflow runs.
    survey
        Its name.
    say
        Receives a line on what was unpaused, and one on each DAG that was left paused.

    Raises
    ------
    HostError
        When Airflow does not answer, or does not know one of the DAGs in time.
    """
    kinds = supervised_kinds()
    for kind in kinds:
        forgive(StreamSpec(survey, kind, settings))
    others = ("close_night", "rerun_nights", "reprocess", "replay_quarantine", "transfer")
    dags = [*(f"{survey}_{name}" for name in (*kinds, *others)), CATALOGS_DAG]
    waiting = left_paused(settings)
    dags += [dag for dag in PAUSED_FOR if dag not in waiting]
    with LocalAirflow(settings).api() as api:
        for dag in dags:
            api.unpause(dag)
    say(f"unpaused {', '.join(dags)}")
    for dag, why in waiting.items():
        say(f"left paused: {dag}, {why}")


def left_paused(settings: Settings) -> dict[str, str]:
    """Return the DAGs that a play does not let run, and why."""
    told = {"deliver_notices"} if settings.notices else set()
    return {dag: why for dag, why in PAUSED_FOR.items() if dag not in told}


def play_night(wanted: NightPlay, stack: Stack, say: Say, shown: Shown) -> dict[str, Any]:
    """Play, wait until every night is closed, and return ``{"nights": [...], "ok": bool, ...}``.

    Parameters
    ----------
    wanted, stack
        What is played, and where.
    say
        Receives a line for each step.
    shown
        Entered while messages are sent; called with how many are acknowledged, and how many there are.

    Raises
    ------
    ConfigError
        When the path holds no packets.
    BrokerError
        When Kafka did not take a message.
    StreamError
        When a stream does not start. A night that does not close, or a stream that breaks on the way, raises nothing:
        it is told in ``error``.
    """
    settings, survey = stack.settings, wanted.survey
    unpause_streams(settings, survey.name, say)
    watch.wait_for_streams(settings, survey.name, STREAM_START_TIMEOUT_S, say)
    wait_for_catalogs(settings, say)
    before = watch.offered_so_far(settings, survey.name)
    say(f"playing {wanted.path}")
    with shown as progress:
        result = play(wanted.request(settings), progress)
    _check_played(wanted, result)
    say(_what_was_played(result))
    timeout_s = wanted.timeout_s or CLOSE_TIMEOUT_S + CLOSE_TIMEOUT_PER_ALERT_S * result.sent
    expected = watch.expectations(before, result.nights)
    error, ends = None, NightEnds(settings, survey.name, say)
    try:
        watch.wait_for_close(settings, survey.name, expected, timeout_s, Progress(say), ends=ends)
    except (NightNotDrained, StreamBroken) as late:
        error = str(late)
    nights = watch.closed_nights(settings, survey.name, expected)
    undated = undated_night(settings, survey, result.topics)
    dead = watch.dead_streams(settings, survey.name)
    played = json.loads(result.as_json())
    waited_for = [one.as_dict() for one in ends.told]
    return {**books(nights, undated, dead, error), "waited_for": waited_for, "played": played}


def books(
    closed: Sequence[watch.Manifest], undated: watch.Manifest, dead: Sequence[str], error: str | None
) -> dict[str, Any]:
    """Gather the manifests, the messages of no night and the state of the streams into one verdict.

    Parameters
    ----------
    closed
        Manifests of the nights that were closed.
    undated
        Books of the messages that belong to no night.
    dead
        Streams that do not run.
    error
        Why a night was not closed; None when all were.
    """
    nights = [*closed, *([undated] if undated["offered"] else [])]
    ok = error is None and not dead and all(night.get("ok", night["equation_holds"]) for night in nights)
    return {"nights": nights, "ok": ok, "dead_streams": list(dead), "error": error}


class Progress:
    """Says something when it changed, and every few seconds when it did not; rewrites its line on a terminal."""

    EVERY_S = 15.0

    def __init__(self, say: Say) -> None:
        self.say = say
        self.last = ""
        self.said_at = 0.0
        self.started = time.monotonic()

    def __call__(self, text: str) -> None:
        """Tell where the work stands."""
        now = time.monotonic()
        if text == self.last and now - self.said_at < self.EVERY_S:
            return
        self.last, self.said_at = text, now
        self.say(f"nights: {text} ({now - self.started:.0f} s)")


def _check_played(wanted: NightPlay, result: PlayResult) -> None:
    if result.failed:
        first = ", ".join(result.failed[:3])
        raise BrokerError(f"Kafka did not take {len(result.failed)} of the messages, for example {first}")
    if not result.sent:
        raise ConfigError(f"{wanted.path} holds no alert packets ({len(result.skipped)} other files were skipped)")


def _what_was_played(result: PlayResult) -> str:
    nights = ", ".join(f"{'no night' if night is None else night}: {count}" for night, count in result.nights.items())
    extra = f"; skipped {len(result.skipped)} files that are no packets" if result.skipped else ""
    return f"sent {result.sent} messages in {result.seconds:.1f} s ({nights}){extra}"
