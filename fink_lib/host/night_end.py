"""What the end of a night waits for: sunrise at the site, by the survey's calendar, and then quiet on all streams."""

import datetime as dt
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from fink_lib.config import Settings
from fink_lib.streams.drain import heartbeats
from fink_lib.surveys import get_survey
from fink_lib.surveys.calendar import night_ends_at


class NightEndRule(StrEnum):
    """By what a night ends."""

    SUNRISE = "sunrise"
    QUIET = "quiet"


@dataclass(frozen=True)
class Waits:
    """A night that is not over.

    Attributes
    ----------
    survey, night
        Which one.
    rule
        What it waits for.
    until
        Until when (UTC); later where more alerts arrive.
    """

    survey: str
    night: dt.date
    rule: NightEndRule
    until: dt.datetime

    def __str__(self) -> str:
        if self.rule is NightEndRule.SUNRISE:
            return (
                f"night {self.night} of {self.survey} is not over: it ends at sunrise, {self.until:%Y-%m-%d %H:%M} "
                "UTC, and is closed once all streams are quiet"
            )
        return (
            f"night {self.night} of {self.survey} is closed when all streams have been quiet until "
            f"{self.until:%Y-%m-%d %H:%M:%S} UTC"
        )

    def as_dict(self) -> dict[str, str]:
        """Return the same for programs."""
        until = f"{self.until:%Y-%m-%dT%H:%M:%SZ}"
        return {"survey": self.survey, "night": self.night.isoformat(), "rule": str(self.rule), "until": until}


def waiting_for(settings: Settings, survey: str, nights: Iterable[dt.date], now_s: float) -> list[Waits]:
    """Return what each of some nights waits for; nothing of a night that is over and whose streams are quiet.

    Parameters
    ----------
    settings, survey, nights
        Nights that are not closed.
    now_s
        Unix time.
    """
    whose, quiet_s = get_survey(survey), _quiet_at(settings, survey)
    found = []
    for night in nights:
        ends_s = night_ends_at(whose, night)
        if ends_s > now_s:
            found.append(Waits(survey, night, NightEndRule.SUNRISE, _utc(ends_s)))
        elif quiet_s > now_s:
            found.append(Waits(survey, night, NightEndRule.QUIET, _utc(quiet_s)))
    return found


def _quiet_at(settings: Settings, survey: str) -> float:
    """Return the Unix time at which the streams count as quiet; 0 while one has something to do, or does not run."""
    beats = heartbeats(settings, survey).values()
    last = [max(beat.last_data_at, beat.started_at) for beat in beats if beat and not beat.lag and not beat.batch_since]
    return max(last) + settings.night_quiet_s if len(last) == len(beats) else 0.0


def _utc(unix_s: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(unix_s, dt.UTC)


class NightEnds:
    """Tells of each night once what it waits for, by each rule.

    Parameters
    ----------
    settings, survey
        Whose nights.
    say
        Receives a line.
    """

    def __init__(self, settings: Settings, survey: str, say: Callable[[str], None]) -> None:
        self._about, self._say = (settings, survey), say
        self.told: list[Waits] = []

    def look(self, nights: Iterable[dt.date]) -> list[str]:
        """Return what keeps nights from ending by the calendar, and say what is new."""
        waits = waiting_for(*self._about, nights, time.time())
        known = {(one.night, one.rule) for one in self.told}
        for one in waits:
            if (one.night, one.rule) not in known:
                self.told.append(one)
                self._say(str(one))
        return [str(one) for one in waits if one.rule is NightEndRule.SUNRISE]
