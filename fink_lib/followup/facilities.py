"""Facilities that can be asked: a file (`FINK_FACILITIES`); nothing is sent unless it says that one is live."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from fink_lib.community.bodies import Line, Name
from fink_lib.config import Settings
from fink_lib.contracts.base import Contract
from fink_lib.errors import ConfigError
from fink_lib.followup.observability import Limits
from fink_lib.followup.providers.base import Provider
from fink_lib.followup.providers.ocs import Ocs
from fink_lib.followup.providers.told import Mail, Webhook
from fink_lib.followup.sites import site_of


class Facility(Contract):
    """One facility of the file."""

    name: ClassVar[str] = "facility"

    facility: Annotated[Name, Field(description="Its name.")]
    provider: Literal["ocs", "webhook", "mail"]
    address: Annotated[Line, Field(description="http(s) address, or a mail address.")]
    site: Annotated[str, Field(description="Name of the observatory, for the check before a request.")]
    token: Annotated[str, Field(repr=False, description="Key of the account there.")] = ""
    proposal: Line = ""
    live: Annotated[bool, Field(description="Whether anything is sent; else payloads are only shown.")] = False
    approvers: Annotated[list[Name], Field(description="Accounts that may approve; else admins of the group.")] = Field(
        default_factory=list
    )
    quota_per_night: Annotated[int, Field(ge=1, description="Most requests of a rule for a night.")] = 10
    max_airmass: Annotated[float, Field(ge=1, le=10, strict=False)] = 2.0
    min_moon_deg: Annotated[float, Field(ge=0, le=180, strict=False)] = 30.0
    min_minutes: Annotated[float, Field(ge=0, le=1440, strict=False)] = 10.0
    defaults: Annotated[dict[str, Any], Field(description="Of each observation, what a request leaves out.")] = Field(
        default_factory=dict
    )

    @property
    def limits(self) -> Limits:
        """What an observation there asks for."""
        return Limits(self.max_airmass, self.min_moon_deg, self.min_minutes)


@dataclass(frozen=True)
class Facilities:
    """What can be asked.

    Attributes
    ----------
    by_name
        Facility by name.
    settings
        Mail server and sender.
    """

    by_name: Mapping[str, Facility]
    settings: Settings

    def get(self, name: str) -> Facility:
        """Return a facility.

        Raises
        ------
        ConfigError
            When there is none of a name.
        """
        if name not in self.by_name:
            there = ", ".join(sorted(self.by_name)) or "none: FINK_FACILITIES names a file of them"
            raise ConfigError(f"there is no facility '{name}'; there is {there}")
        return self.by_name[name]

    def provider(self, facility: Facility) -> Provider:
        """Return the way to a facility."""
        return _MADE[facility.provider](facility, self.settings)


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
        Naming the facility and what is wrong with it.
    """
    path = settings.facilities
    if path is None:
        return Facilities({}, settings)
    return Facilities(_read(path), settings)


def _read(path: Path) -> dict[str, Facility]:
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"FINK_FACILITIES={path} is not there: write it, or unset FINK_FACILITIES") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"FINK_FACILITIES={path} is no TOML: {error}") from None
    found = [Facility.of(entry) for entry in facts.get("facility", ())]
    for one in found:
        site_of(one.site)
    by_name = {one.facility: one for one in found}
    if len(by_name) < len(found):
        raise ConfigError(f"FINK_FACILITIES={path} has two facilities of one name")
    return by_name
