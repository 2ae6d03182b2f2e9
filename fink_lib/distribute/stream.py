"""The distribute stream: silver → filters → full packets on topics, and what was sent into `published`.

Spark says which files of silver a micro-batch has, and runs users' filters, where there are any. The alerts are read
from the files: one pass of all filters over their inputs; full packets of the selected public alerts only, and one
small message of every public alert; send; wait for every report; record. Spark moves its checkpoint on only after
that, so a batch that failed anywhere is done again, and the ledger leaves out what had been sent before.
"""

import logging

import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from fink_lib.distribute.distributor import Distributor
from fink_lib.distribute.failures import FailureBook
from fink_lib.distribute.framing import framings
from fink_lib.distribute.handing import Handing, Route
from fink_lib.distribute.judging import Judging, places
from fink_lib.distribute.ledger import Ledger
from fink_lib.distribute.match import paths_of
from fink_lib.distribute.packets import Packets
from fink_lib.distribute.reactor import Reactor
from fink_lib.distribute.selection import Selection
from fink_lib.distribute.watcher import Watcher
from fink_lib.filters.registry import active_filters, filters_of
from fink_lib.filters.restricted import restricted_topics
from fink_lib.filters.users.spark.running import runnable
from fink_lib.filters.users.store import active, history
from fink_lib.kafka.topics import ensure_topics
from fink_lib.lake.places import SPANS_FILE
from fink_lib.lake.small import read_rows
from fink_lib.lake.spark.table import ensure_table
from fink_lib.lake.tables import bronze_schemas, gold_filter_failures, gold_published, gold_user_filters
from fink_lib.science.framework.silver import silver_spec
from fink_lib.storage import LakePath
from fink_lib.storage.paths import store_of
from fink_lib.streams.drain import delta_version
from fink_lib.streams.guard import Guard
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.spec import StreamSpec
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec

logger = logging.getLogger(__name__)


def plan(session: SparkSession, spec: StreamSpec, survey: Survey) -> StreamPlan:
    """Plan the distribute stream of a survey; tables and topics are made where they are missing.

    Parameters
    ----------
    session, spec, survey
        Session of the driver, in which silver is read; the stream, and whose alerts.

    Raises
    ------
    BrokerError, RegistryError
        When Kafka, or the schema registry of a topic that is compact, does not answer.
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
    columns = to_arrow_schema(arriving.schema)
    selection = Selection(survey.name, columns, tuple(one.name for one in filters), store_of(settings.lake))
    by_name = {route.name: route for route in routes}
    handing = Handing(settings, survey.name, selection.suffix.record, by_name, selection)
    # What cannot be registered is found out before anything is sent.
    framings(settings, [route.topic for route in routes], known_schemas(handing.packets, survey, settings.lake))
    versions = {route.name: route.version for route in routes}
    distributor = Distributor(
        spec,
        survey,
        Judging(settings, survey, selection, users),
        handing,
        ledger=Ledger(gold_published(survey.name), settings.lake, spec.paths.root / SPANS_FILE),
        failures=FailureBook(gold_filter_failures(survey.name), settings.lake, versions),
        watch=Watcher(settings, survey.name, selection.table),
        context=session.sparkContext if session.sparkContext.defaultParallelism > 1 else None,
    )
    logger.info("planned filters=%d user_filters=%d user_filters_version=%s", len(filters), len(users), kept)
    return StreamPlan(
        spec=spec,
        source=places(arriving, survey, users),
        write_batch=Guard(spec, distributor, distributor.parts),
        trigger_s=settings.distribute_trigger_s,
        outdated=lambda: delta_version(gold_user_filters().path(settings.lake)) != kept or distributor.topics_changed(),
        close=distributor.close,
        beside=Reactor(session, spec, survey, distributor, handing),
    )


def known_schemas(packets: Packets, survey: Survey, lake: LakePath) -> list[bytes]:
    """Return the schemas of messages for every writer schema that ingest has met.

    Parameters
    ----------
    packets
        What makes the messages.
    survey
        Whose packets.
    lake
        Root folder of the tables.

    Returns
    -------
    Schemas as JSON, in the order of the SHA-256 of the writer schemas.
    """
    rows = read_rows(bronze_schemas(), lake, pc.field("survey") == survey.name, ["schema_sha256"])
    return [packets.schemas.of(sha256) for sha256 in sorted({row["schema_sha256"] for row in rows})]


def _silver(session: SparkSession, spec: StreamSpec, survey: Survey) -> DataFrame:
    """Return silver as it arrives; the tables of the stream are made where they are missing."""
    silver, lake = silver_spec(survey), spec.settings.lake
    for table in (silver, bronze_spec(survey), gold_published(survey.name)):
        ensure_table(table, session, lake)
    return (
        session.readStream.format("delta")
        .option("maxFilesPerTrigger", spec.settings.max_files_per_batch)
        # A night that is reprocessed replaces its rows: they were sent when they were new.
        .option("skipChangeCommits", "true")
        .load(str(silver.path(lake)))
    )
