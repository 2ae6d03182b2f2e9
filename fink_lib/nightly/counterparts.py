"""The night's matches with events of other messengers, on the topics of counterparts; and what is no longer so."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib import __version__
from fink_lib.config import Settings
from fink_lib.distribute.alerts import ROW, kind_at, paths_in, public_ones
from fink_lib.distribute.counterparts.message import encoded, schema_of
from fink_lib.distribute.counterparts.tiers import tiers_of
from fink_lib.distribute.counterparts.topics import Key, Message, Said, due, said_of, send
from fink_lib.filters.base import Filter
from fink_lib.filters.columns import as_array
from fink_lib.filters.counterparts import TIERS, Counterparts, counterparts_of
from fink_lib.filters.evaluate import evaluate
from fink_lib.kafka.message import Facts
from fink_lib.lake.rows import Rows
from fink_lib.multimessenger.matching import METHOD
from fink_lib.multimessenger.night_match import NightMatch
from fink_lib.multimessenger.standing import Standing
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)

OF_ALERT = ("night", "alert_id", "object_id", "kafka_time", "ingest_time", "enrich_time")
OF_MATCH = {"grb_proba": "chance", "chance_night": "chance_night", "rank": "rank"}


def send_news(
    settings: Settings, survey: Survey, events: Mapping[str, Standing], silver: Rows, found: NightMatch
) -> Counter[str]:
    """Send what the topics do not say yet of a night; return how many messages went to each topic.

    Parameters
    ----------
    settings
        Where Kafka is.
    survey
        Whose night; it has topics of counterparts.
    events
        As they stand, by id.
    silver
        Rows of the night.
    found
        What the night was searched for, at least one event, and what matches.

    Raises
    ------
    FinkError
        When Kafka does not take them.
    """
    counterparts = counterparts_of(survey.name)
    if counterparts is None:
        return Counter()
    there = said_of(settings, counterparts.topics, found.searches[0]["night"])
    ids = {row["alert_id"] for row in found.matches} | {alert_id for _, _, alert_id in there}
    night = _Night(survey, counterparts, silver, sorted(ids), events)
    wanted = list(night.standing(found))
    wanted += night.taken_back(there, {one.key for one in wanted})
    news = due(wanted, there)
    return send(settings, counterparts.topics, night.schema, news) if news else Counter()


@dataclass(frozen=True)
class _Night:
    survey: Survey
    counterparts: Counterparts
    silver: Rows
    alert_ids: list[int]
    events: Mapping[str, Standing]

    @cached_property
    def alerts(self) -> Mapping[int, Mapping[str, Any]]:
        """The public ones of the alerts, with what leaves of each, by id."""
        return {row["alert_id"]: row for row in self._public(self._there(self._leaving)).to_pylist()}

    @cached_property
    def schema(self) -> str:
        """Of all messages: the same whatever the table has."""
        table = silver_spec(self.survey).plain_schema
        fields = self.counterparts.fields.items()
        return schema_of({name: kind_at(table, path) if path else pa.string() for name, path in fields})

    @property
    def _leaving(self) -> list[str]:
        return sorted({*OF_ALERT, *self.counterparts.fields.values()} - {""})

    def _there(self, paths: list[str]) -> list[str]:
        return [path for path in paths if self.silver.has(path)]

    def _public(self, paths: list[str]) -> pa.Table:
        wanted = self.silver.chosen(pc.field("alert_id").isin(self.alert_ids))
        rows = wanted.read(*dict.fromkeys([*paths, "alert_id", *paths_in(self.survey.public)]))
        return public_ones(rows.append_column(ROW, pa.array(np.arange(rows.num_rows))), self.survey.public)

    @cached_property
    def asked(self) -> Mapping[int, frozenset[str]]:
        """Which conditions each public alert meets; none where silver lacks what they read."""
        ready = [one for one in self.counterparts.asked if not self._lacks(one)]
        rows = self._public(self._there([path for one in ready for path in (*one.inputs, *one.optional)]))
        batch = {name: as_array(rows[name]) for name in rows.column_names}
        told = evaluate(ready, batch, rows.num_rows)
        for failure in told.failures:
            logger.warning("counterpart not judged filter=%s: %s", failure.filter, failure.error)
        names = map(frozenset, told.names)
        return dict(zip(rows["alert_id"].to_pylist(), names, strict=True))

    def _lacks(self, one: Filter) -> bool:
        missing = [path for path in one.inputs if not self.silver.has(path)]
        if missing:
            logger.warning("no counterpart leaves as %s: silver has no %s", one.name, ", ".join(missing))
        return bool(missing)

    def standing(self, found: NightMatch) -> Iterator[Message]:
        """Yield a message for each match that stands, and each topic that it goes to."""
        searches = {row["event_id"]: row for row in found.searches}
        bronze, gold = (one.name for one in self.counterparts.asked)
        for row in found.matches:
            if row["retracted"] or row["alert_id"] not in self.alerts:
                continue
            event, met = self.events[row["event_id"]], self.asked[row["alert_id"]]
            radius_deg = _radius_deg(event, searches[event.event_id]["area_deg2"])
            flags = {"bronze": bronze in met, "gold": gold in met}
            facts = {name: row[column] for name, column in OF_MATCH.items()}
            facts |= {"grb_loc_error": 60.0 * radius_deg, "expected": searches[event.event_id]["expected"]}
            for tier in tiers_of(event.last.event, row["chance"], radius_deg, **flags):
                yield self._message(tier, event, row["alert_id"], facts, stands=True)

    def taken_back(self, there: Mapping[Key, Said], stand: set[Key]) -> Iterator[Message]:
        """Yield a message for each match of which a topic says that it stands, and that does not."""
        tiers = {self.counterparts.topic(one): one for one in TIERS}
        for key, said in there.items():
            topic, event_id, alert_id = key
            if said.stands and key not in stand and event_id in self.events and alert_id in self.alerts:
                yield self._message(tiers[topic], self.events[event_id], alert_id, {}, stands=False)

    def _message(self, tier: str, event: Standing, alert_id: int, facts: Mapping[str, Any], *, stands: bool) -> Message:
        alert = self.alerts[alert_id]
        fields = {name: alert.get(path) for name, path in self.counterparts.fields.items()}
        record = {**fields, **_of_event(event), **facts, "stands": stands}
        return Message(
            topic=self.counterparts.topic(tier),
            event_id=event.event_id,
            said=Said(event.basis, stands),
            facts=Facts(filter=tier, filter_version=METHOD, code_version=__version__, **_of_alert(alert)),
            value=encoded(self.schema, record),
        )


def _of_alert(alert: Mapping[str, Any]) -> dict[str, Any]:
    return {name: alert.get(name) for name in OF_ALERT}


def _radius_deg(event: Standing, area_deg2: float) -> float:
    """Return the error radius of an event; of a map, that of a circle of the area that was searched."""
    told = event.where.event.where.semi_major_deg if event.where else None
    return told if told is not None else float(np.sqrt(area_deg2 / np.pi))


def _of_event(one: Standing) -> dict[str, Any]:
    event, where = one.last.event, one.where.event.where if one.where else None
    return {
        "eventId": one.event_id,
        "triggerId": event.trigger_id,
        "platform": event.mission,
        "instrument_or_event": event.instrument or event.kind,
        "messenger": str(event.messenger),
        "triggerTimeUTC": one.trigger_time.isoformat() if one.trigger_time else None,
        "grb_ra": where.ra_deg if where else None,
        "grb_dec": where.dec_deg if where else None,
        "basis": one.basis,
    }
