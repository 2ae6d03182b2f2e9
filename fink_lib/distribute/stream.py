"""The distribute stream: silver → filters → full packets on topics, and what was sent into `published`.

For each micro-batch: one pass of all filters over their inputs; full packets of the selected public
alerts only; send; wait for every report; record. Spark moves its checkpoint on only after that, so a
batch that failed anywhere is done again, and the ledger leaves out what had been sent before.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from confluent_kafka.admin import AdminClient
from pyspark.sql import DataFrame, SparkSession

from fink_lib import __version__
from fink_lib.distribute.ledger import Ledger
from fink_lib.distribute.match import Match, match, narrow, paths_of
from fink_lib.distribute.message import Facts
from fink_lib.distribute.packets import Packets
from fink_lib.distribute.recovery import unrecorded
from fink_lib.distribute.restricted import restricted_topics
from fink_lib.distribute.sender import Sender
from fink_lib.distribute.topics import client_config, ensure_topics, output_topics
from fink_lib.enrich.schema import silver_spec
from fink_lib.filters.base import Filter
from fink_lib.filters.registry import active_filters, filters_of
from fink_lib.lake.tables import bronze_alerts, gold_published, gold_user_filters
from fink_lib.streaming.drain import delta_version
from fink_lib.streaming.plan import StreamPlan
from fink_lib.streaming.spec import StreamSpec
from fink_lib.surveys import Survey
from fink_lib.user_filters.running import lenient, runnable, selecting
from fink_lib.user_filters.store import Event, active, history

logger = logging.getLogger(__name__)

ALERTS_AT_ONCE = 1000  # packets in the driver's memory at one time: some 100 MB at most


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
    """What is done with a micro-batch; the first one after a start settles what the last driver left.

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
    ledger
        What was sent.
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
        ledger: Ledger,
        packets: Packets,
    ) -> None:
        self._spec, self._survey, self._filters = spec, survey, filters
        self._routes = {route.name: route for route in routes}
        self._ledger, self._packets = ledger, packets
        self._sender = Sender(spec.settings)
        self._settled = False

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Send one micro-batch and record it.

        Raises
        ------
        BrokerError
            When Kafka did not take everything; the batch is to be done again.
        """
        if not self._settled:
            self._settle()
        matches = match(batch, self._filters)
        self._ledger.load({one.night for one in matches})
        due = [(one, names) for one in matches if (names := self._unsent(one))]
        sent = 0
        for start in range(0, len(due), ALERTS_AT_ONCE):
            sent += self._send(due[start : start + ALERTS_AT_ONCE])
        logger.info("batch sent batch_id=%d selected=%d messages=%d", batch_id, len(matches), sent)

    def close(self) -> None:
        """Let go of Kafka."""
        self._sender.close()

    def _settle(self) -> None:
        """Record messages that were sent but not recorded when the last driver died.

        The lease gives this driver the only right to write, so nobody else is sending. What the dead
        one had handed to its socket reached Kafka, or did not, long before a new driver has started.
        """
        topics = output_topics(AdminClient(client_config(self._spec.settings)), self._survey.name)
        lost = unrecorded(self._spec.settings, topics, self._ledger.next_offsets())
        self._ledger.record(lost)
        self._settled = True
        logger.info("settled topics=%d recovered=%d", len(topics), len(lost))

    def _unsent(self, one: Match) -> tuple[str, ...]:
        """Return the filters by which an alert has not left yet."""
        return tuple(name for name in one.filters if not self._ledger.was_sent(one.night, one.alert_id, name))

    def _send(self, due: Sequence[tuple[Match, tuple[str, ...]]]) -> int:
        """Send some alerts, wait for the reports, record them; return the number of messages."""
        values = self._packets.encode([one for one, _ in due])
        for one, names in due:
            for chosen, facts in self._messages(one, names):
                self._sender.send(chosen.topic, self._packets.key, values[one.key], facts)
        try:
            delivered = self._sender.delivered()
        except BaseException:
            self._settled = False  # some may stand on a topic: look before sending again
            raise
        self._ledger.record(delivered)
        return len(delivered)

    def _messages(self, one: Match, names: Sequence[str]) -> Iterator[tuple[Route, Facts]]:
        for name in names:
            chosen = self._routes[name]
            yield (
                chosen,
                Facts(
                    night=one.night,
                    alert_id=one.alert_id,
                    object_id=one.object_id,
                    filter=name,
                    filter_version=chosen.version,
                    kafka_time=one.kafka_time,
                    ingest_time=one.ingest_time,
                    enrich_time=one.enrich_time,
                    code_version=__version__,
                ),
            )


def plan(session: SparkSession, spec: StreamSpec, survey: Survey) -> StreamPlan:
    """Plan the distribute stream of a survey; tables and topics are made where they are missing.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    ConfigError
        When a filter or a topic cannot be used as it is.
    """
    settings = spec.settings
    silver, bronze, published = silver_spec(survey), bronze_alerts(survey), gold_published(survey)
    for table in (silver, bronze, published):
        table.ensure(session, settings.lake)
    arriving = (
        session.readStream.format("delta")
        .option("maxFilesPerTrigger", settings.max_files_per_batch)
        # A night that is reprocessed replaces its rows: they were sent when they were new.
        .option("skipChangeCommits", "true")
        .load(str(silver.path(settings.lake)))
    )
    filters = active_filters(filters_of(survey.name), paths_of(arriving.schema))
    kept = delta_version(gold_user_filters().path(settings.lake))
    users = runnable(arriving, active(history(settings.lake, survey.name)), paths_of(arriving.schema))
    routes = [*map(Route.of, filters), *(Route.of(event) for event, _ in users)]
    ensure_topics(settings, [route.topic for route in routes], restricted_topics(settings))
    packets = Packets(session, settings.lake, silver, bronze, survey)
    ledger = Ledger(session, published, settings.lake)
    with lenient(session):
        source = narrow(arriving, survey, filters, selecting(users))
    distributor = Distributor(spec, survey, filters, routes, ledger=ledger, packets=packets)
    logger.info("planned filters=%d user_filters=%d user_filters_version=%s", len(filters), len(users), kept)
    return StreamPlan(
        spec=spec,
        source=source,
        write_batch=distributor,
        trigger_s=settings.distribute_trigger_s,
        outdated=lambda: delta_version(gold_user_filters().path(settings.lake)) != kept,
        close=distributor.close,
    )
