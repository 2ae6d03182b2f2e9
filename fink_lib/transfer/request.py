"""What somebody asks to be sent: which nights, which alerts of them, how much of each alert."""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self, TypeVar

from fink_lib.errors import ConfigError
from fink_lib.nights import parse_night

TOPIC_PREFIX = "ftransfer_"
Choice = TypeVar("Choice", bound=StrEnum)
_ID = re.compile(r"[a-z0-9]{4,32}")


class By(StrEnum):
    """How alerts are chosen."""

    FILTER = "filter"
    LABEL = "class"
    PREDICATE = "predicate"


class Content(StrEnum):
    """How much of an alert leaves."""

    FULL = "full"
    WITHOUT_CUTOUTS = "without_cutouts"
    COLUMNS = "columns"


@dataclass(frozen=True)
class TransferRequest:
    """A selection of past alerts and the topic that they go to.

    Attributes
    ----------
    transfer_id
        Name of the transfer; a run with the same name goes on where the last one ended.
    survey
        Whose alerts.
    first_night, last_night
        Nights, both included.
    by, what
        A filter's name, a class, or a predicate in SQL.
    content, columns
        How much of each alert; ``columns`` are dotted paths and go with `Content.COLUMNS` alone.
    asked_by, reason
        Who, and why.
    asked_at
        Date of the topic's name.
    """

    transfer_id: str
    survey: str
    first_night: dt.date
    last_night: dt.date
    by: By
    what: str
    content: Content
    columns: tuple[str, ...]
    asked_by: str
    reason: str
    asked_at: dt.date

    def __post_init__(self) -> None:
        """Refuse what cannot be done, naming it."""
        if not _ID.fullmatch(self.transfer_id):
            raise ConfigError(f"transfer name {self.transfer_id[:40]!r} is not usable: 4-32 of a-z and 0-9")
        if self.last_night < self.first_night:
            raise ConfigError(f"the last night {self.last_night} is before the first one {self.first_night}")
        if not self.what.strip():
            raise ConfigError(f"nothing says which alerts: give a {self.by}")
        if bool(self.columns) != (self.content is Content.COLUMNS):
            raise ConfigError("columns are named with content 'columns', and only then")
        if not self.asked_by.strip():
            raise ConfigError("nobody asks for the transfer: say who")

    @property
    def topic(self) -> str:
        """Topic of the alerts; the names that finkctl downloads begin so."""
        return f"{TOPIC_PREFIX}{self.survey}_{self.asked_at.isoformat()}_{self.transfer_id}"

    @property
    def schema_topic(self) -> str:
        """Topic of the schema: finkctl looks there first."""
        return f"{self.topic}_schema"

    @property
    def cutouts(self) -> bool:
        """Whether the stamps leave too."""
        return self.content is Content.FULL

    def asked_on(self, day: dt.date) -> Self:
        """Return the same request of another day: its topic has another name."""
        return replace(self, asked_at=day)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        facts = {**asdict(self), "columns": list(self.columns)}
        return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in facts.items()}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Self:
        """Read what a form, a command or a file says.

        Raises
        ------
        ConfigError
            Naming what cannot be done.
        """
        first = parse_night(str(facts.get("first_night") or ""))
        given = {name: facts.get(name) or "" for name in ("survey", "what", "asked_by", "reason")}
        return cls(
            transfer_id=str(facts.get("transfer_id") or name_of(facts)),
            first_night=first,
            last_night=parse_night(str(facts["last_night"])) if facts.get("last_night") else first,
            by=_one_of(By, facts.get("by"), "by"),
            content=_one_of(Content, facts.get("content") or Content.FULL, "content"),
            columns=tuple(facts.get("columns") or ()),
            asked_at=parse_night(str(facts["asked_at"])) if facts.get("asked_at") else dt.datetime.now(dt.UTC).date(),
            **given,
        )


def name_of(facts: Mapping[str, Any]) -> str:
    """Return a name made of what is asked: the same request has the same name."""
    asked = {name: value for name, value in facts.items() if value and name != "transfer_id"}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:10]


def _one_of(kind: type[Choice], value: object, name: str) -> Choice:
    try:
        return kind(str(value))
    except ValueError:
        raise ConfigError(f"{name} is '{value}': give one of {', '.join(kind)}") from None
