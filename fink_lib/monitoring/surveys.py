"""What is to be known of a survey's nights: closed, red, open, and what was set aside or lost. Without a JVM."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake.exceptions import TableNotFoundError

from fink_lib.config import Settings
from fink_lib.lake.delta import delta_table
from fink_lib.lake.losses import Loss, open_losses, read_losses
from fink_lib.lake.on_disk import Condition, dataset_of
from fink_lib.lake.places import Held, Places
from fink_lib.lake.tables import quarantine
from fink_lib.lake.tables.spec import full_name
from fink_lib.nights import parse_night
from fink_lib.storage import LakePath
from fink_lib.streams.drain import NightCounts, closed_counts, counted_nights
from fink_lib.streams.heartbeat import read_heartbeat
from fink_lib.streams.kinds import supervised_kinds
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey, running_surveys
from fink_lib.surveys.calendar import night_ends_at
from fink_lib.surveys.tables import bronze_spec

Manifest = Mapping[str, Any]
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class SurveyFacts:
    """The nights of a survey at a moment.

    Attributes
    ----------
    survey
        Its name.
    closed
        Night → manifest in force, in the order of the nights.
    waiting
        Nights with alerts that no manifest counts, and for how many hours each has been over; below 0 it goes on.
    newest
        The newest night with alerts; None where there is none.
    counts
        Its rows; None where there is no such night.
    set_aside
        Its messages in the quarantine, and those of no night that came there within a day: damaged ones tell none.
    repeats
        Its alerts that had arrived before.
    losses
        Messages that are gone and wait for a person.
    at
        Unix time of the look.
    """

    survey: str
    closed: Mapping[str, Manifest]
    waiting: Mapping[str, float]
    newest: str | None
    counts: NightCounts | None
    set_aside: int
    repeats: int
    losses: tuple[Loss, ...]
    at: float

    @property
    def last_ok(self) -> Manifest | None:
        """Manifest of the newest night whose books balance."""
        return next((one for one in reversed(list(self.closed.values())) if one.get("ok")), None)

    @property
    def last_closed_h(self) -> float | None:
        """Hours since that one was closed."""
        return None if self.last_ok is None else (self.at - _closed_at(self.last_ok)) / 3600

    @property
    def latency_s(self) -> Mapping[str, Mapping[str, float | None]]:
        """Quantiles of each stage in that night, in seconds."""
        return {} if self.last_ok is None else dict(self.last_ok.get("latency_s", {}))

    @property
    def red(self) -> tuple[str, ...]:
        """Nights that were closed and do not balance, or have a critical failure."""
        return tuple(night for night, one in self.closed.items() if not one.get("ok"))

    @property
    def quarantine_ratio(self) -> float:
        """Share of the newest night's messages that could not be used."""
        offered = self.set_aside + (self.counts.bronze if self.counts else 0)
        return self.set_aside / offered if offered else 0.0

    @property
    def repeat_ratio(self) -> float:
        """Share of the newest night's alerts that had arrived before."""
        return self.repeats / self.counts.bronze if self.counts and self.counts.bronze else 0.0


def survey_streams(settings: Settings) -> Iterator[StreamSpec]:
    """Yield the streams of the surveys that run, in the order that alerts pass them."""
    for survey in running_surveys(settings):
        for kind in supervised_kinds():
            yield StreamSpec(survey.name, kind, settings)


def survey_facts(settings: Settings, survey: str, now: float) -> SurveyFacts:
    """Look at a survey's nights at a Unix time.

    Parameters
    ----------
    settings
        Tell where the lake, the streams and the nights are.
    survey
        Its name.
    now
        Unix time of the look.

    Raises
    ------
    LakeError
        When a table cannot be counted.
    """
    counted = counted_nights(settings, survey)
    newest = max(counted, default=None)
    return SurveyFacts(
        survey=survey,
        closed=manifests(settings, survey),
        waiting=_waiting(settings, survey, counted, now),
        newest=newest,
        counts=counted[newest] if newest else None,
        set_aside=_set_aside(settings, survey, newest, now),
        repeats=_repeats(settings, survey, newest) if newest else 0,
        losses=tuple(open_losses_of(settings, survey)),
        at=now,
    )


def manifests(settings: Settings, survey: str) -> dict[str, Manifest]:
    """Return the manifest in force of each night.

    Parameters
    ----------
    settings
        Tell where the folders of nights are.
    survey
        Its name.

    Returns
    -------
    Night → manifest, in the order of the nights; those without one are left out.
    """
    found = sorted((settings.nights / survey).glob("*/manifest.json"))
    return {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in found}


def open_losses_of(settings: Settings, survey: str) -> list[Loss]:
    """Return what a survey has lost and nobody has accepted.

    Parameters
    ----------
    settings
        Tell where the lake is.
    survey
        Its name.
    """
    bronze, damaged = bronze_spec(get_survey(survey)), quarantine(survey)
    held = [Held(bronze.path(settings.lake)), Held(damaged.path(settings.lake), str(Stage.INGEST))]
    return open_losses(read_losses(settings.lake, survey), Places(held))


def _waiting(settings: Settings, survey: str, counted: Mapping[str, NightCounts], now: float) -> dict[str, float]:
    """Return the nights to close: over since the Sun rose, or since the last of their alerts came, if that is later."""
    beat = read_heartbeat(StreamSpec(survey, Stage.INGEST, settings).paths.heartbeat)
    data_at = max(beat.last_data_at, beat.started_at) if beat is not None else 0.0
    found = {}
    for night, count in counted.items():
        if closed_counts(settings, survey, night) != count:
            ends_at = night_ends_at(get_survey(survey), parse_night(night))
            found[night] = (now - max(ends_at, data_at)) / 3600
    return found


def _closed_at(manifest: Manifest) -> float:
    return dt.datetime.fromisoformat(str(manifest["closed_at"])).timestamp()


def _set_aside(settings: Settings, survey: str, newest: str | None, now: float) -> int:
    since = dt.datetime.fromtimestamp(now, dt.UTC) - DAY
    of_none = ds.field("night").is_null() & (ds.field("quarantine_time") >= pa.scalar(since))
    wanted = of_none if newest is None else of_none | (ds.field("night") == dt.date.fromisoformat(newest))
    return _count(settings.lake / quarantine(survey).full_name, wanted)


def _repeats(settings: Settings, survey: str, night: str) -> int:
    table = settings.lake / full_name("silver", survey, "rejected")
    wanted = ds.field("is_duplicate") & (ds.field("night") == dt.date.fromisoformat(night))
    return _count(table, wanted, [("night", "=", night)])


def _count(table: LakePath, wanted: ds.Expression, files: Sequence[Condition] = ()) -> int:
    try:
        return int(dataset_of(delta_table(table), files).count_rows(filter=wanted))
    except TableNotFoundError:
        return 0
