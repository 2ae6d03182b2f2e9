"""Messages made of alerts and given to Kafka: the same work in the driver for a few alerts, in tasks for many."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from fink_lib import __version__
from fink_lib.config import Settings
from fink_lib.distribute import counter
from fink_lib.distribute.failures import EVERY_FILTER
from fink_lib.distribute.framing import Framing, framings
from fink_lib.distribute.match import Key, Match, Raised
from fink_lib.distribute.packets import Headers, Outgoing, Packets
from fink_lib.distribute.selection import Selection
from fink_lib.filters.base import Filter
from fink_lib.filters.users.store import Event
from fink_lib.kafka.message import Facts
from fink_lib.kafka.sending import MessageTooLarge, Sender
from fink_lib.surveys import get_survey
from fink_lib.surveys.base import AvroSchema
from fink_lib.surveys.tables import bronze_spec

Due: TypeAlias = tuple[Match, tuple[str, ...]]
"""An alert, and the names of what it is due on: filters, the counter."""


@dataclass(frozen=True)
class Route:
    """Where the alerts of one filter go.

    Attributes
    ----------
    name, version
        The filter.
    topic
        Its topic.
    """

    name: str
    version: str
    topic: str

    @classmethod
    def of(cls, chosen: Filter | Event) -> "Route":
        """Return the way of a filter of the broker, or of a user."""
        return cls(chosen.name, str(chosen.version), chosen.topic)


@dataclass(frozen=True)
class Handing:
    """What it takes to judge and send alerts, in whichever process that is done.

    Attributes
    ----------
    settings, survey
        Where Kafka and the lake are, and whose alerts, by the survey's name.
    record
        Avro schema of what is added to a packet.
    routes
        Where the alerts of each filter go, users' filters included, by name.
    selection
        Judges alerts by the broker's own filters.
    because
        Headers that tell why alerts leave, beside those of each packet.
    """

    settings: Settings
    survey: str
    record: AvroSchema
    routes: Mapping[str, Route]
    selection: Selection
    because: Headers = ()

    @cached_property
    def key(self) -> str:
        """What tells it from another one."""
        told = [
            self.settings.model_dump(mode="json"),
            self.survey,
            self.record,
            sorted(map(repr, self.routes.values())),
            self.selection.filters,
            self.selection.silver.to_string(),
        ]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    @cached_property
    def packets(self) -> Packets:
        """What makes the messages."""
        survey = get_survey(self.survey)
        return Packets(self.settings.lake, bronze_spec(survey), survey, self.record)

    @cached_property
    def framings(self) -> Mapping[str, Framing]:
        """How each topic is framed; a schema is registered when it is met."""
        return framings(self.settings, [route.topic for route in self.routes.values()], ())

    def because_of(self, because: Headers, routes: Mapping[str, "Route"]) -> "Handing":
        """Return how alerts leave for another reason than that they are new, by no filter of the broker's own.

        What was read of bronze and its log stays read: a statement sends one alert.

        Parameters
        ----------
        because
            Headers that tell the reason, instead of those there are.
        routes
            Where the alerts of each filter go, by name, instead of those there are.
        """
        made = replace(self, routes=routes, selection=replace(self.selection, filters=()), because=because)
        vars(made)["packets"] = self.packets
        return made

    def __reduce__(self) -> tuple[type["Handing"], tuple[object, ...]]:
        """Travel as what it was made of: what was opened in one process is of no use in another."""
        return Handing, (self.settings, self.survey, self.record, self.routes, self.selection, self.because)

    def offer(self, due: Sequence[Due], sender: Sender) -> list[Raised]:
        """Make the messages of some alerts and give them to the producer; return the alerts that cannot leave.

        Parameters
        ----------
        due
            Alerts, each with the names that it leaves by.
        sender
            Of this process; messages are not acknowledged yet on return.

        Returns
        -------
        One for each alert whose packet cannot be encoded, and for each message that is too large.

        Raises
        ------
        LakeError
            When bronze lacks one of the packets.
        BrokerError
            When Kafka takes nothing.
        """
        whole = [one for one, names in due if is_whole(names)]
        values, refused = self.packets.encode(whole) if whole else ({}, {})
        aside = [Raised(one.night, one.alert_id, EVERY_FILTER, refused[one.key]) for one in whole if one.key in refused]
        for one, names in due:
            for name in names:
                if name != counter.COUNTER and one.key in refused:
                    continue
                try:
                    self._offer(one, name, values, sender)
                except MessageTooLarge as error:
                    aside.append(Raised(one.night, one.alert_id, name, str(error)))
        return aside

    def _offer(self, one: Match, name: str, values: Mapping[Key, Outgoing], sender: Sender) -> None:
        subject, headers = one.object_id or str(one.alert_id), Headers()
        if name == counter.COUNTER:
            chosen, partitions = counter_route(self.survey, one.night), counter.PARTITIONS
            datum = counter.datum(one.object_id, one.alert_id)
            key, value = counter.FRAMING.frame(subject, datum, counter.SCHEMA_JSON)
        else:
            chosen, partitions = self.routes[name], self.settings.output_partitions
            whole = values[one.key]
            key, value = self.framings[chosen.topic].frame(subject, whole.value, whole.schema)
            headers = (*whole.headers, *self.because)
        sender.send(chosen.topic, key, value, _facts(one, chosen), partitions=partitions, more=headers)


def is_whole(names: Sequence[str]) -> bool:
    """Tell whether an alert leaves as a whole packet by one of these."""
    return any(name != counter.COUNTER for name in names)


def counter_route(survey: str, night: dt.date) -> Route:
    """Return the way of a night's counted alerts.

    Parameters
    ----------
    survey
        Its name.
    night
        The night that is counted.
    """
    return Route(counter.COUNTER, counter.VERSION, counter.counter_topic(survey, night))


def _facts(one: Match, chosen: Route) -> Facts:
    return Facts(
        night=one.night,
        alert_id=one.alert_id,
        object_id=one.object_id,
        filter=chosen.name,
        filter_version=chosen.version,
        kafka_time=one.kafka_time,
        ingest_time=one.ingest_time,
        enrich_time=one.enrich_time,
        code_version=__version__,
    )
