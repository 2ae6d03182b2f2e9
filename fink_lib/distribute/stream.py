"""The distribute stream: silver → filters → full packets on topics, and what was sent into `published`.

For each micro-batch: one pass of all filters over their inputs; full packets of the selected public
alerts only, and one small message of every public alert; send; wait for every report; record. Spark moves its
checkpoint on only after that, so a batch that failed anywhere is done again, and the ledger leaves out what had
been sent before.
"""

import logging

from pyspark.sql import DataFrame, SparkSession

from fink_lib.distribute.distributor import Distributor, Route
from fink_lib.distribute.failures import FailureBook
from fink_lib.distribute.framing import framings
from fink_lib.distribute.ledger import Ledger
from fink_lib.distribute.match import narrow, paths_of
from fink_lib.distribute.packets import Packets
from fink_lib.distribute.restricted import restricted_topics
from fink_lib.distribute.topics import ensure_topics
from fink_lib.enrich.schema import silver_spec
from fink_lib.filters.registry import active_filters, filters_of
from fink_lib.lake.tables import bronze_alerts, gold_filter_failures, gold_published, gold_user_filters
from fink_lib.streaming.drain import delta_version
from fink_lib.streaming.plan import StreamPlan
from fink_lib.streaming.spec import StreamSpec
from fink_lib.surveys import Survey
from fink_lib.user_filters.running import lenient, runnable, selecting
from fink_lib.user_filters.store import active, history

logger = logging.getLogger(__name__)


def plan(session: SparkSession, spec: StreamSpec, survey: Survey) -> StreamPlan:
    """Plan the distribute stream of a survey; tables and topics are made where they are missing.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    RegistryError
        When a topic is compact and the schema registry does not answer.
    ConfigError
        When a filter or a topic cannot be used as it is.
    """
    settings = spec.settings
    arriving = _silver(session, spec, survey)
    filters = active_filters(filters_of(survey.name), paths_of(arriving.schema))
    kept = delta_version(gold_user_filters().path(settings.lake))
    users = runnable(arriving, active(history(settings.lake, survey.name)), paths_of(arriving.schema))
    routes = [*map(Route.of, filters), *(Route.of(event) for event, _ in users)]
    ensure_topics(settings, [route.topic for route in routes], restricted_topics(settings))
    with lenient(session):
        source = narrow(arriving, survey, filters, selecting(users))
    packets = Packets(session, settings.lake, silver_spec(survey), bronze_alerts(survey), survey)
    versions = {route.name: route.version for route in routes}
    distributor = Distributor(
        spec,
        survey,
        filters,
        routes,
        framings=framings(settings, [route.topic for route in routes], packets.key),
        ledger=Ledger(session, gold_published(survey), settings.lake),
        failures=FailureBook(gold_filter_failures(survey), settings.lake, versions),
        packets=packets,
    )
    logger.info("planned filters=%d user_filters=%d user_filters_version=%s", len(filters), len(users), kept)
    return StreamPlan(
        spec=spec,
        source=source,
        write_batch=distributor,
        trigger_s=settings.distribute_trigger_s,
        outdated=lambda: delta_version(gold_user_filters().path(settings.lake)) != kept,
        close=distributor.close,
    )


def _silver(session: SparkSession, spec: StreamSpec, survey: Survey) -> DataFrame:
    """Return silver as it arrives; the tables of the stream are made where they are missing."""
    silver, lake = silver_spec(survey), spec.settings.lake
    for table in (silver, bronze_alerts(survey), gold_published(survey)):
        table.ensure(session, lake)
    return (
        session.readStream.format("delta")
        .option("maxFilesPerTrigger", spec.settings.max_files_per_batch)
        # A night that is reprocessed replaces its rows: they were sent when they were new.
        .option("skipChangeCommits", "true")
        .load(str(silver.path(lake)))
    )
