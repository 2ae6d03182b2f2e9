"""Services that reports are sent to: the Transient Name Server, Hermes, Hopskotch, brokers of VOEvents.

Each is an entry of the file of `FINK_FACILITIES`. No address is known here, neither of a sandbox nor of the real
service: the file names it.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from fink_lib.community.bodies import Line, Name
from fink_lib.config import Settings
from fink_lib.followup.asked import Asked, Judged, Row
from fink_lib.followup.providers.base import Provider
from fink_lib.followup.providers.hermes import Hermes
from fink_lib.followup.providers.hopskotch import Hopskotch
from fink_lib.followup.providers.tns import Tns, marker
from fink_lib.followup.providers.vtp import Vtp
from fink_lib.followup.reports.tns import Reporter
from fink_lib.followup.states import State

DISCOVERY, CLASSIFICATION, MESSAGE, NOTICE, VOEVENT = "discovery", "classification", "message", "notice", "voevent"
TAKES: Mapping[str, tuple[str, ...]] = {
    "tns": (DISCOVERY, CLASSIFICATION),
    "hermes": (MESSAGE,),
    "hopskotch": (MESSAGE, NOTICE, VOEVENT),
    "vtp": (VOEVENT,),
}
SCHEMES: Mapping[str, tuple[str, ...]] = {
    "tns": ("http", "https"), "hermes": ("http", "https"), "hopskotch": ("kafka",), "vtp": ("vtp",),
}  # fmt: skip
NEEDS: Mapping[str, tuple[str, ...]] = {
    "tns": ("token", "bot_id", "bot_name", "group_id"), "hermes": ("token", "topic"), "hopskotch": ("topic",),
    "vtp": (),
}  # fmt: skip


class Service(Asked):
    """One service of the file."""

    name: ClassVar[str] = "service"

    service: Annotated[Name, Field(description="Its name.")]
    provider: Literal["tns", "hermes", "hopskotch", "vtp"]
    reporter: Annotated[Line, Field(min_length=1, description="Who reports, as it is printed there.")]
    remarks: Line = ""
    bot_id: Annotated[int | None, Field(ge=1, description="Of the bot at TNS.")] = None
    bot_name: Line = ""
    group_id: Annotated[Line, Field(pattern=r"^[0-9]*$", description="Id of the reporting group at TNS.")] = ""
    topic: Annotated[Line, Field(description="Where messages are written to.")] = ""
    username: Annotated[Line, Field(description="Of the account at Hopskotch; its password is the token.")] = ""
    role: Annotated[Literal["test", "observation"], Field(description="Of VOEvents.")] = "test"

    @model_validator(mode="after")
    def _check(self) -> Self:
        where = urlsplit(self.address)
        if where.scheme not in SCHEMES[self.provider] or not where.hostname:
            raise ValueError(f"the address of a {self.provider} begins with {SCHEMES[self.provider][-1]}://")
        if missing := [name for name in NEEDS[self.provider] if not getattr(self, name)]:
            raise ValueError(f"a {self.provider} has a {missing[0]}")
        return self

    @property
    def key(self) -> str:
        """Its name."""
        return self.service

    @property
    def takes(self) -> tuple[str, ...]:
        """Kinds of reports that it takes."""
        return TAKES[self.provider]

    @property
    def signed(self) -> Reporter:
        """Who reports."""
        return Reporter(self.group_id, self.reporter, self.remarks)

    def judged(self, _row: Row, body: Row) -> Judged:
        """Return that a report waits for a person, who reads what is to be sent.

        Parameters
        ----------
        _row
            Not used.
        body
            What the wish says, with its `report`.
        """
        where = urlsplit(self.address)
        shown = where._replace(netloc=where.netloc.rpartition("@")[2]).geturl()  # all who may see it read this
        return Judged(State.CHECKED, f"a person reads it, and approves it for {shown}", body["report"])

    def wish(self, row: Row, body: Row) -> dict[str, Any]:
        """Return a report as it was approved.

        Parameters
        ----------
        row
            Statement of the wish, which is not written to.
        body
            What it says.
        """
        return {**row, "body": dict(body)}

    def is_past(self, _body: Row, _today: dt.date) -> bool:
        """Tell that a report is never too late.

        Parameters
        ----------
        _body, _today
            Not used.
        """
        return False

    def way(self, _settings: Settings) -> Provider:
        """Return the way to it."""
        return _MADE[self.provider](self)


_MADE: Mapping[str, Callable[[Service], Provider]] = {
    "tns": lambda one: Tns(one.address, one.token, marker(one.bot_id or 0, one.bot_name)),
    "hermes": lambda one: Hermes(one.address, one.token),
    "hopskotch": lambda one: Hopskotch(one.address, one.topic, one.username, one.token),
    "vtp": lambda one: Vtp(one.address),
}
