"""What a trial of a predicate on a past night has found."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from fink_lib.files import JsonObject


@dataclass(frozen=True)
class Clause:
    """What one clause did on the night.

    Attributes
    ----------
    sql
        The clause.
    holds
        Alerts for which it is true.
    alone
        Alerts that it alone kept back: every other clause was true.
    """

    sql: str
    holds: int
    alone: int


@dataclass(frozen=True)
class Known:
    """What a predicate does with objects of the night that somebody knows already.

    Attributes
    ----------
    source
        Column of a catalogue, or ``label`` for labels that people and facilities gave.
    value
        What it says of them; empty for a catalogue that only names its sources.
    objects, caught
        How many there are, and of how many an alert was selected.
    missed_example, caught_example
        One of each, the first by name; empty where there is none.
    """

    source: str
    value: str
    objects: int
    caught: int
    missed_example: str = ""
    caught_example: str = ""

    @property
    def missed(self) -> int:
        """Objects of which no alert was selected."""
        return self.objects - self.caught


@dataclass(frozen=True)
class Trial:
    """What a predicate does on one night.

    Attributes
    ----------
    night
        Which night.
    alerts, matches
        Public alerts of the night, and those that are selected.
    clauses
        Each clause by itself.
    examples
        Some of the alerts that are selected.
    known
        What becomes of objects that catalogues and people know; the most frequent first within each source.
    """

    night: dt.date
    alerts: int
    matches: int
    clauses: tuple[Clause, ...]
    examples: tuple[dict[str, Any], ...]
    known: tuple[Known, ...] = ()

    @property
    def match_rate(self) -> float | None:
        """Share of the alerts that are selected; None for a night without any, which tells nothing."""
        return self.matches / self.alerts if self.alerts else None

    def as_json(self) -> JsonObject:
        """Return it as JSON types."""
        return {**asdict(self), "night": self.night.isoformat()}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Self:
        """Read what `as_json` returned."""
        clauses = tuple(Clause(**one) for one in facts["clauses"])
        night = dt.date.fromisoformat(facts["night"])
        known = tuple(Known(**one) for one in facts["known"])
        return cls(night, facts["alerts"], facts["matches"], clauses, tuple(facts["examples"]), known)
