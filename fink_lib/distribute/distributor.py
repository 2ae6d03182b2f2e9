"""What is done with a micro-batch: judged, counted, sent, recorded."""

import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame

from fink_lib import __version__
from fink_lib.distribute import counter
from fink_lib.distribute.deleted_counters import deleted_counters
from fink_lib.distribute.failures import FailureBook
from fink_lib.distribute.framing import Framing
from fink_lib.distribute.ledger import Ledger
from fink_lib.distribute.match import Key, Match, judge
from fink_lib.distribute.output_topics import output_topics
from fink_lib.distribute.packets import Headers, Outgoing, Packets
from fink_lib.filters.base import Filter
from fink_lib.filters.users.store import Event
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.message import Facts
from fink_lib.kafka.recovery import REST_AFTER_FAILURE_S, REST_S, unrecorded
from fink_lib.kafka.sending import Sender
from fink_lib.kafka.topics import ensure_topics
from fink_lib.streams.spec import StreamSpec
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)

ALERTS_AT_ONCE = 1000  # packets in the driver's memory at one time: some 100 MB at most

Due = tuple[Match, tuple[str, ...]]
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


class Distributor:
    """Does micro-batches; the first one after a start settles what the last driver left.

    Parameters
    ----------
    spec
        The stream.
    survey
        Whose alerts.
    filters
        Filters of the broker to run.
    routes
        Where the alerts of each filter go, users' filters included.
    framings
        How each of their topics is framed.
    ledger
        What was sent.
    failures
        What could not be judged.
    packets
        Encoder of full packets.
    """

    def __init__(
        self,
        spec: StreamSpec,
        survey: Survey,
        filters: Sequence[Filter],
        routes: Sequence[Route],
        *,
        framings: Mapping[str, Framing],
        ledger: Ledger,
        failures: FailureBook,
        packets: Packets,
    ) -> None:
        self._spec, self._survey, self._filters = spec, survey, filters
        self._routes, self._framings = {route.name: route for route in routes}, framings
        self._ledger, self._failures, self._packets = ledger, failures, packets
        self._sender = Sender(spec.settings)
        self._counters: dict[dt.date, Route | None] = {}  # None: its topic is over, and the night counted no more
        self._settled, self._rest_s = False, REST_S

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Send one micro-batch and record it.

        Raises
        ------
        BrokerError
            When Kafka did not take everything; the batch is to be done again.
        """
        if not self._settled:
            self._settle()
        verdict = judge(batch, self._filters, everyone=True)
        raised = self._failures.record(verdict.raised)
        self._ledger.load({one.night for one in verdict.matches})
        sent = sum(self._send(part) for part in parts(self._due(verdict.matches), ALERTS_AT_ONCE))
        selected = sum(bool(one.filters) for one in verdict.matches)
        logger.info("batch sent batch_id=%d selected=%d messages=%d raised=%d", batch_id, selected, sent, raised)

    def close(self) -> None:
        """Let go of Kafka."""
        self._sender.close()

    def _settle(self) -> None:
        """Record messages that were sent but not recorded when the last driver died.

        The lease gives this driver the only right to write, so nobody else is sending. What the dead
        one had handed to its socket is waited for.
        """
        topics = output_topics(Connection.of(self._spec.settings), self._survey.name)
        lost = unrecorded(self._spec.settings, topics, self._ledger.next_offsets(), rest_s=self._rest_s)
        self._ledger.record(lost)
        self._settled, self._rest_s = True, REST_S
        logger.info("settled topics=%d recovered=%d", len(topics), len(lost))

    def _due(self, matches: Iterable[Match]) -> list[Due]:
        """Return what has not left yet; where an alert comes twice in a batch, the first one leaves."""
        due: list[Due] = []
        seen: set[tuple[dt.date, int, str]] = set()
        for one in matches:
            names = [
                name
                for name in (*one.filters, counter.COUNTER)
                if (one.night, one.alert_id, name) not in seen
                and not self._ledger.was_sent(one.night, one.alert_id, name)
            ]
            seen.update((one.night, one.alert_id, name) for name in names)
            if names:
                due.append((one, tuple(names)))
        return due

    def _send(self, due: Sequence[Due]) -> int:
        """Send some alerts, wait for the reports, record them; return the number of messages."""
        whole = [one for one, names in due if is_whole(names)]
        values = self._packets.encode(whole) if whole else {}
        for night in {one.night for one, _ in due} - set(self._counters):
            self._open_counter(night)
        for one, names in due:
            for name in names:
                self._hand_over(one, name, values)
        try:
            delivered = self._sender.delivered()
        except BaseException:
            # some may stand on a topic, or come to: look before sending again
            self._settled, self._rest_s = False, REST_AFTER_FAILURE_S
            raise
        self._ledger.record(delivered)
        return len(delivered)

    def _open_counter(self, night: dt.date) -> None:
        topic = counter.counter_topic(self._survey.name, night)
        if topic in deleted_counters(self._spec.settings):
            self._counters[night] = None
            logger.info("night=%s is counted no more: maintenance deleted %s", night, topic)
            return
        ensure_topics(self._spec.settings, [topic], partitions=counter.PARTITIONS)
        self._counters[night] = Route(counter.COUNTER, counter.VERSION, topic)

    def _hand_over(self, one: Match, name: str, values: Mapping[Key, Outgoing]) -> None:
        """Give one message to the producer."""
        subject, headers = one.object_id or str(one.alert_id), Headers()
        if name == counter.COUNTER:
            chosen, partitions = self._counters[one.night], counter.PARTITIONS
            if chosen is None:
                return
            datum = counter.datum(one.object_id, one.alert_id)
            key, value = counter.FRAMING.frame(subject, datum, counter.SCHEMA_JSON)
        else:
            chosen, partitions = self._routes[name], self._spec.settings.output_partitions
            whole = values[one.key]
            key, value = self._framings[chosen.topic].frame(subject, whole.value, whole.schema)
            headers = whole.headers
        self._sender.send(chosen.topic, key, value, _facts(one, chosen), partitions=partitions, more=headers)


def is_whole(names: Sequence[str]) -> bool:
    """Tell whether an alert leaves as a whole packet by one of these."""
    return any(name != counter.COUNTER for name in names)


def parts(due: Sequence[Due], size: int) -> Iterator[list[Due]]:
    """Yield what is due in parts of so many packets; the last one has all that are only counted, which are small."""
    whole = [one for one in due if is_whole(one[1])]
    rest = [one for one in due if not is_whole(one[1])]
    cuts = list(range(0, len(whole), size)) or [0]
    for start in cuts:
        part = whole[start : start + size] + (rest if start == cuts[-1] else [])
        if part:
            yield part


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
