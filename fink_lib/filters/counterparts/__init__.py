"""Counterparts of events of other messengers: the topics that they leave by, and which alerts may be one.

Each survey that sends them has a file of its name here with `COUNTERPARTS`. Whether an alert matches an event is told
by the closing of a night (`fink_lib.multimessenger`); what is asked here is asked of the alert alone.
"""

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from fink_lib.filters.base import TOPIC_PREFIX, Clause, Filter

GRB_BRONZE, GRB_SILVER, GRB_GOLD, GW_BRONZE = TIERS = ("grb_bronze", "grb_silver", "grb_gold", "gw_bronze")


@dataclass(frozen=True)
class Counterparts:
    """What a survey says of its alerts that match an event.

    Attributes
    ----------
    survey
        Which survey.
    bronze
        Conditions of every topic.
    gold
        Further conditions of the gold one.
    fields
        Field of a message → column of silver; empty for a text that is null. A field may be one of a record:
        ``record.field``.
    suffix
        What the names of the topics end with.
    """

    survey: str
    bronze: tuple[Clause, ...]
    gold: tuple[Clause, ...]
    fields: Mapping[str, str]
    suffix: str

    def topic(self, tier: str) -> str:
        """Return the topic of a tier."""
        return f"{TOPIC_PREFIX}{tier}{self.suffix}"

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics."""
        return tuple(map(self.topic, TIERS))

    @property
    def asked(self) -> tuple[Filter, Filter]:
        """The conditions as filters: of bronze, and of gold."""
        return self._filter(GRB_BRONZE, self.bronze), self._filter(GRB_GOLD, (*self.bronze, *self.gold))

    def _filter(self, name: str, clauses: tuple[Clause, ...]) -> Filter:
        return Filter(
            name=name,
            version="1.0",
            survey=self.survey,
            clauses=clauses,
            description="Counterparts of events of other messengers.",
            example="Observe an afterglow while it lasts.",
            owner="multi-messenger",
            reference="Fink's topics of the same names",
        )


@cache
def counterparts_of(survey: str) -> Counterparts | None:
    """Return what a survey says of counterparts; None for one that sends none."""
    if survey not in {module.name for module in pkgutil.iter_modules(__path__)}:
        return None
    found: Counterparts = import_module(f"{__name__}.{survey}").COUNTERPARTS
    return found


@cache
def counterpart_topics() -> frozenset[str]:
    """Return the topics of counterparts, of every survey."""
    found = [counterparts_of(module.name) for module in pkgutil.iter_modules(__path__)]
    return frozenset(topic for one in found if one is not None for topic in one.topics)
