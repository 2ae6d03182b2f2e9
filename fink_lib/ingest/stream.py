"""The ingest stream: a micro-batch of messages → bronze and quarantine, each message once, in one of the two.

Spark says which offsets a micro-batch has, and runs the tasks. Most batches take one pass: each task reads its range of
messages by librdkafka, judges them, writes what is good to files of bronze, and counts what is not; one commit puts the
files in force. No message goes through the JVM. Only when something is left, or when the tables may hold a part of the
batch, are the messages that are not in bronze judged one by one through Spark's own source, and quarantined by name.

What is left over is defined by what the tables hold, not by repeating the first pass: after a crash between
two writes the code, the known schemas or the rules may be others than in the first attempt, and still every
message ends in one place.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial

import pyspark.sql.functions as F
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession

from fink_lib.ingest.judge import MESSAGE, judged_schema
from fink_lib.ingest.rows import bronze_columns, bronze_rows, quarantine_rows
from fink_lib.ingest.shares import shares, wanted_of
from fink_lib.ingest.source import kafka_source
from fink_lib.ingest.start import partitions, starting_offsets
from fink_lib.ingest.topics import InputTopics
from fink_lib.ingest.worker import BYTES, Taken, Taker, judging
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import TopicReader
from fink_lib.lake.data_files import append as append_files
from fink_lib.lake.delta import delta_table
from fink_lib.lake.places import Held, Places, Range
from fink_lib.lake.spark.left import left
from fink_lib.lake.spark.table import ensure_table, spark_struct
from fink_lib.lake.tables import bronze_schemas, quarantine
from fink_lib.storage import LakePath
from fink_lib.streams.kafka_ranges import kafka_ranges, last_ends
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.spec import StreamSpec
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec

PLACE = ("topic", "partition", "offset")
ARROW_ROWS = 256  # messages, 50 to 200 kB each, that go to a Python worker at once
OPEN_NIGHTS = 8  # nights that a task writes at once, before it falls back to sorting the batch by night
ROW_GROUP_BYTES = 16 * 1024 * 1024  # what an open file holds in memory; compaction makes larger ones at night
CACHED_ROWS = 64  # rows of a cached column batch; a message is 50-200 kB


def plan(session: SparkSession, spec: StreamSpec, survey: Survey) -> StreamPlan:
    """Build the ingest stream of a survey.

    Parameters
    ----------
    session
        Session of the driver; missing tables are made in it, and it is set up for this stream.
    spec
        The stream.
    survey
        Whose messages.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    ConfigError
        When a topic lost messages that were read of it.
    """
    settings, pattern = spec.settings, survey.topics(spec.settings)
    configure(session)
    connection = Connection.to(survey.connection(settings))
    topics = InputTopics(settings.lake, survey.name, connection)
    with TopicReader(connection, "ingest-start") as reader:
        there = partitions(reader, pattern)
    anew = topics.look(last_ends(spec.checkpoint) or {}, there)
    starting = starting_offsets(spec.checkpoint, there, anew, topics.note_losses)
    topics.note()
    writer = BatchWriter(session, spec, survey, topics.names)
    source = kafka_source(session, settings, survey, starting)
    outdated = partial(topics.outdated, pattern)
    return StreamPlan(spec, source, writer.write, settings.ingest_trigger_s, outdated=outdated)


def configure(session: SparkSession) -> None:
    """Set what the writes of this stream need; the session is the stream's own."""
    # Stamps are compressed already: a dictionary of them costs a quarter of the write and saves nothing.
    for name in BYTES:
        session.conf.set(f"parquet.enable.dictionary#{name}", "false")
    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", ARROW_ROWS)
    session.conf.set("spark.sql.maxConcurrentOutputFileWriters", OPEN_NIGHTS)
    session.conf.set("spark.sql.inMemoryColumnarStorage.batchSize", CACHED_ROWS)
    session.conf.set("parquet.block.size", ROW_GROUP_BYTES)


class BatchWriter:
    """Writes the micro-batches of one survey.

    Parameters
    ----------
    session
        Session of the driver; the tables are made where they are missing.
    spec
        Which stream.
    survey
        Whose messages.
    names
        Topic → the name that its messages are kept under, where that is another one.
    """

    def __init__(
        self, session: SparkSession, spec: StreamSpec, survey: Survey, names: Mapping[str, str] | None = None
    ) -> None:
        lake = spec.settings.lake
        self._names = dict(names or {})
        self.spec = spec
        self.survey = survey
        self.bronze = ensure_table(bronze_spec(survey), session, lake)
        self.quarantine = ensure_table(quarantine(survey.name), session, lake)
        ensure_table(bronze_schemas(), session, lake)
        self.files = session.sparkContext.defaultParallelism
        connection = Connection.to(survey.connection(spec.settings))
        self._context = session.sparkContext
        self._table, self._taker = delta_table(self.bronze), Taker.of(survey, lake, connection, self._names)
        self._judge, self._shape = judging(survey, lake), spark_struct(judged_schema(survey))
        self._columns: Sequence[Column] = bronze_columns(survey)
        self.places = Places([Held(self.bronze), Held(self.quarantine, str(spec.stage))])

    def write(self, frame: DataFrame, batch_id: int) -> int | None:
        """Put every message of a micro-batch into bronze or quarantine, once, however often this is called.

        Parameters
        ----------
        frame
            The messages, as Spark's Kafka source gives them.
        batch_id
            Number of the batch: its offsets stand in the checkpoint.

        Returns
        -------
        How many messages it read without Spark; None where Spark read them.
        """
        frame = _renamed(frame, self._names).coalesce(self.files)
        known = kafka_ranges(self.spec.checkpoint, batch_id, self._names)
        ranges = ranges_of(frame) if known is None else known
        try:
            taken = None if known is None or self.places.may_hold(ranges) else self._take_good(batch_id)
            if taken is None or taken.left:
                self._write_rest(frame, ranges)
            self.places.advance(ranges)
        except BaseException:
            self.places.reset()
            raise
        return None if taken is None else taken.rows

    def judged(self, messages: DataFrame) -> DataFrame:
        """Judge messages one by one: columns of bronze and verdict; `error_class` is null for one that is fine."""
        return messages.select("value", *MESSAGE).mapInArrow(self._judge, self._shape)

    def rows(self, judged: DataFrame) -> DataFrame:
        """Return the rows of bronze of judged messages that are fine."""
        return bronze_rows(judged, self._columns, _now())

    def _take_good(self, batch_id: int) -> Taken:
        """Append what is good of a batch that is new; return what was read and what is left."""
        parts = shares(wanted_of(self.spec.checkpoint, batch_id), self.files)
        take, now = self._taker.take, _now()
        done = self._context.parallelize(parts, len(parts)).map(lambda part: take(part, now)).collect() if parts else []
        append_files(self._table, [file for taken in done for file in taken.files])
        return Taken([], sum(taken.rows for taken in done), sum(taken.left for taken in done))

    def _write_rest(self, frame: DataFrame, ranges: Sequence[Range]) -> None:
        """Write every message of the batch that is in neither table."""
        judged = self.judged(left(frame, self.places.taken(ranges), PLACE)).persist(StorageLevel.DISK_ONLY)
        try:
            for rows, path in (
                (quarantine_rows(judged, self.spec.stage, _now()), self.quarantine),
                (self.rows(judged), self.bronze),
            ):
                if not rows.isEmpty():
                    _append(rows, path)
        finally:
            judged.unpersist()


def _renamed(frame: DataFrame, names: Mapping[str, str]) -> DataFrame:
    """Give messages the name that their topic is kept under."""
    topic = F.col("topic")
    for kafka, kept in names.items():
        topic = F.when(F.col("topic") == kafka, kept).otherwise(topic)
    return frame.withColumn("topic", topic) if names else frame


def ranges_of(frame: DataFrame) -> list[Range]:
    """Return the range of each partition of some messages; they are read for it."""
    spans = frame.groupBy("topic", "partition").agg(F.min("offset").alias("first"), F.max("offset").alias("last"))
    return [Range(row["topic"], row["partition"], row["first"], row["last"]) for row in spans.collect()]


def _append(rows: DataFrame, path: LakePath) -> None:
    """Append rows; what tells that they stand there is their places."""
    rows.write.format("delta").mode("append").save(str(path))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
