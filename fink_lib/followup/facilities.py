"""Facilities and services that can be asked: a file (`FINK_FACILITIES`); nothing is sent unless it says so."""

import datetime as dt
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import Field

from fink_lib.community.bodies import Line, Name
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.followup.asked import Asked, Judged, Row
from fink_lib.followup.observability import Limits, observability
from fink_lib.followup.providers.base import Provider
from fink_lib.followup.providers.ocs import Ocs
from fink_lib.followup.providers.told import Mail, Webhook
from fink_lib.followup.services import Service
from fink_lib.followup.sites import site_of
from fink_lib.followup.states import State

DAYS_KEPT = 1
Found = TypeVar("Found", bound=Asked)


class Facility(Asked):
    """One facility of the file."""

    name: ClassVar[str] = "facility"

    facility: Annotated[Name, Field(description="Its name.")]
    provider: Literal["ocs", "webhook", "mail"]
    site: Annotated[str, Field(description="Name of the observatory, for the check before a request.")]
    proposal: Line = ""
    max_airmass: Annotated[float, Field(ge=1, le=10, strict=False)] = 2.0
    min_moon_deg: Annotated[float, Field(ge=0, le=180, strict=False)] = 30.0
    min_minutes: Annotated[float, Field(ge=0, le=1440, strict=False)] = 10.0
    defaults: Annotated[dict[str, Any], Field(description="Of each observation, what a request leaves out.")] = Field(
        default_factory=dict
    )

    @property
    def key(self) -> str:
        """Its name."""
        return self.facility

    @property
    def limits(self) -> Limits:
        """What an observation there asks for."""
        return Limits(self.max_airmass, self.min_moon_deg, self.min_minutes)

    def judged(self, row: Row, body: Row) -> Judged:
        """Return whether a place can be observed in the night of a wish.

        Parameters
        ----------
        row
            Statement of the wish, with its place in degrees.
        body
            What it says: `night` is the date that the night begins on.
        """
        night = dt.date.fromisoformat(body["night"])
        found = observability(row["ra"], row["dec"], site_of(self.site), night, self.limits)
        following = State.CHECKED if found.is_observable else State.UNOBSERVABLE
        reason = "; ".join(found.reasons) or f"{found.minutes:.0f} minutes, best airmass {found.best_airmass:.2f}"
        return Judged(following, reason, found.as_json())

    def wish(self, row: Row, body: Row) -> dict[str, Any]:
        """Return a wish with what the facility fills in: its window is the night from noon to noon (UTC).

        Parameters
        ----------
        row
            Statement of the wish, which is not written to.
        body
            What it says; its `observation` comes before the window and the facility's `defaults`.
        """
        noon = dt.datetime.combine(dt.date.fromisoformat(body["night"]), dt.time(12), dt.UTC)
        window = {"start": noon.isoformat(), "end": (noon + dt.timedelta(days=1)).isoformat()}
        return {**row, "body": {**body, "observation": {**window, **self.defaults, **body["observation"]}}}

    def is_past(self, body: Row, today: dt.date) -> bool:
        """Tell whether the night of a wish is over.

        Parameters
        ----------
        body
            What the wish says: `night` is the date that the night begins on.
        today
            Date; the wish is kept for `DAYS_KEPT` days after its night's date.
        """
        return today > dt.date.fromisoformat(body["night"]) + dt.timedelta(days=DAYS_KEPT)

    def way(self, settings: Settings) -> Provider:
        """Return the way to it."""
        return _MADE[self.provider](self, settings)


@dataclass(frozen=True)
class Facilities:
    """What can be asked.

    Attributes
    ----------
    by_name
        Facility or service by name.
    settings
        Mail server and sender.
    """

    by_name: Mapping[str, Asked]
    settings: Settings

    @property
    def observing(self) -> dict[str, Facility]:
        """Those that observe."""
        return {name: one for name, one in self.by_name.items() if isinstance(one, Facility)}

    @property
    def services(self) -> dict[str, Service]:
        """Those that take reports."""
        return {name: one for name, one in self.by_name.items() if isinstance(one, Service)}

    def get(self, name: str) -> Asked:
        """Return a facility or service.

        Raises
        ------
        ConfigError
            When there is none of a name.
        """
        return _named("facility", name, self.by_name)

    def observer(self, name: str) -> Facility:
        """Return a facility that observes.

        Raises
        ------
        ConfigError
            When there is none of a name.
        """
        return _named("facility", name, self.observing)

    def service(self, name: str) -> Service:
        """Return a service that takes reports.

        Raises
        ------
        ConfigError
            When there is none of a name.
        """
        return _named("service", name, self.services)

    def provider(self, asked: Asked) -> Provider:
        """Return the way to somebody who can be asked."""
        return asked.way(self.settings)


def _named(kind: str, name: str, among: Mapping[str, Found]) -> Found:
    if name not in among:
        there = ", ".join(sorted(among)) or "none: FINK_FACILITIES names a file of them"
        raise ConfigError(f"there is no {kind} '{name[:64]}'; there is {there}")
    return among[name]


_MADE: Mapping[str, Callable[[Facility, Settings], Provider]] = {
    "ocs": lambda one, _settings: Ocs(one.address, one.token, one.proposal),
    "webhook": lambda one, _settings: Webhook(one.address),
    "mail": lambda one, settings: Mail(settings.report_smtp, settings.report_mail_from, one.address),
}


def read_facilities(settings: Settings) -> Facilities:
    """Read the file; without one nothing can be asked.

    Raises
    ------
    ConfigError
        Naming the facility or service and what is wrong with it.
    """
    path = settings.facilities
    if path is None:
        return Facilities({}, settings)
    return Facilities(_read(path), settings)


def _read(path: Path) -> dict[str, Asked]:
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"FINK_FACILITIES={path} is not there: write it, or unset FINK_FACILITIES") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"FINK_FACILITIES={path} is no TOML: {error}") from None
    observing = [Facility.of(entry) for entry in facts.get("facility", ())]
    for one in observing:
        site_of(one.site)
    found = [*observing, *(Service.of(entry) for entry in facts.get("service", ()))]
    by_name: dict[str, Asked] = {one.key: one for one in found}
    if len(by_name) < len(found):
        raise ConfigError(f"FINK_FACILITIES={path} has two facilities or services of one name")
    return by_name
