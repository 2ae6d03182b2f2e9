"""What facilities and services that can be asked have in common, and what a wish is to each."""

import datetime as dt
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from fink_lib.community.bodies import Line, Name
from fink_lib.config import Settings
from fink_lib.contracts.base import Contract
from fink_lib.followup.providers.base import Provider
from fink_lib.followup.states import State

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Judged:
    """What is thought of a wish before a person decides on it.

    Attributes
    ----------
    state
        What it becomes.
    reason
        One sentence.
    facts
        What that rests on, for programs.
    """

    state: State
    reason: str
    facts: Mapping[str, Any]


class Asked(Contract):
    """Somebody outside who can be asked for something."""

    address: Annotated[Line, Field(description="Where; nothing has one of its own, so that none is asked by default.")]
    token: Annotated[str, Field(repr=False, description="Key of the account there.")] = ""
    live: Annotated[bool, Field(description="Whether anything is sent; else payloads are only shown.")] = False
    approvers: Annotated[list[Name], Field(description="Accounts that may approve; else admins of the group.")] = Field(
        default_factory=list
    )
    quota_per_night: Annotated[int, Field(ge=1, description="Most requests of a rule for a night.")] = 10

    @property
    @abstractmethod
    def key(self) -> str:
        """Its name, which requests name it by."""

    @abstractmethod
    def judged(self, row: Row, body: Row) -> Judged:
        """Return what is thought of a wish: its statement, and what that says.

        Parameters
        ----------
        row
            Statement of the wish: the object, its place in degrees, author and visibility.
        body
            What it says.
        """

    @abstractmethod
    def wish(self, row: Row, body: Row) -> dict[str, Any]:
        """Return a wish with what is filled in here.

        Parameters
        ----------
        row
            Statement of the wish, which is not written to.
        body
            What it says.
        """

    @abstractmethod
    def is_past(self, body: Row, today: dt.date) -> bool:
        """Tell whether it is too late to send a wish.

        Parameters
        ----------
        body
            What the wish says.
        today
            Date, UTC.
        """

    @abstractmethod
    def way(self, settings: Settings) -> Provider:
        """Return the way to it; mails leave by the server of the settings."""
