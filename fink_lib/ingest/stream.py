"""The ingest stream: a micro-batch of messages → bronze and quarantine, each message once, in one of the two.

Most batches take one pass: judge every message in a Python worker, append what is good to bronze, and count what is
not. Only when something is left are the messages that are not in bronze judged again, and quarantined by name.

What is left over is defined by what the tables hold, not by repeating the first pass: after a crash between
two writes the code, the known schemas or the rules may be others than in the first attempt, and still every
message ends in one place.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pyspark.sql.functions as F
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Observation, SparkSession

from fink_lib.ingest import daemon
from fink_lib.ingest.judge import ERROR_CLASS, MESSAGE, judged_schema
from fink_lib.ingest.rows import bronze_columns, bronze_rows, quarantine_rows
from fink_lib.ingest.source import kafka_source
from fink_lib.ingest.start import partitions, starting_offsets
from fink_lib.ingest.topics import InputTopics
from fink_lib.ingest.worker import judging
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import TopicReader
from fink_lib.lake.places import Held, Places, Range
from fink_lib.lake.spark.table import ensure_table, spark_struct
from fink_lib.lake.tables import KAFKA_KEY, bronze_schemas, quarantine
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
BYTES = ("head", "tail")
# Spark ends Python workers after an idle minute: those of ingest start with what they need already imported.
SPARK_CONF = {"spark.python.daemon.module": daemon.__name__}


def plan(session: SparkSession, spec: StreamSpec, survey: Survey) -> StreamPlan:
    """Build the ingest stream of a survey.

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
        self._judge, self._shape = judging(survey, lake), spark_struct(judged_schema(survey))
        self._columns: Sequence[Column] = bronze_columns(survey)
        self.places = Places([Held(self.bronze), Held(self.quarantine, str(spec.stage))])

    def write(self, frame: DataFrame, batch_id: int) -> None:
        """Put every message of a micro-batch into bronze or quarantine, once, however often this is called."""
        frame = _renamed(frame, self._names).coalesce(self.files)
        known = kafka_ranges(self.spec.checkpoint, batch_id, self._names)
        ranges = ranges_of(frame) if known is None else known
        try:
            if self.places.may_hold(ranges) or self._write_good(frame, batch_id):
                self._write_rest(frame, ranges)
            self.places.advance(ranges)
        except BaseException:
            self.places.reset()
            raise

    def judged(self, messages: DataFrame) -> DataFrame:
        """Judge messages one by one: columns of bronze and verdict; `error_class` is null for one that is fine."""
        return messages.select("value", *MESSAGE).mapInArrow(self._judge, self._shape)

    def rows(self, judged: DataFrame) -> DataFrame:
        """Return the rows of bronze of judged messages that are fine."""
        return bronze_rows(judged, self._columns, _now())

    def _write_good(self, frame: DataFrame, batch_id: int) -> int:
        """Append what is good of a batch that is new; return how many messages are left."""
        count = Observation(f"ingest-{batch_id}")
        left = F.count_if(F.col(ERROR_CLASS).isNotNull()).alias("left")
        _append(self.rows(self.judged(frame).observe(count, left)), self.bronze)
        return int(count.get["left"])

    def _write_rest(self, frame: DataFrame, ranges: Sequence[Range]) -> None:
        """Write every message of the batch that is in neither table."""
        judged = self.judged(self._not_yet_written(frame, ranges)).persist(StorageLevel.DISK_ONLY)
        try:
            for rows, path in (
                (quarantine_rows(judged, self.spec.stage, _now()), self.quarantine),
                (self.rows(judged), self.bronze),
            ):
                if not rows.isEmpty():
                    _append(rows, path)
        finally:
            judged.unpersist()

    def _not_yet_written(self, frame: DataFrame, ranges: Sequence[Range]) -> DataFrame:
        """Return the messages of the batch whose places are in neither table."""
        session, where = frame.sparkSession, " OR ".join(map(_within, ranges)) or "FALSE"
        for path in (self.bronze, self.quarantine):
            done = session.read.format("delta").load(str(path)).where(where)
            if path == self.quarantine:
                done = done.where(F.col("stage") == str(self.spec.stage))
            same = [frame[name] == done[MESSAGE[name]] for name in PLACE]
            frame = frame.join(F.broadcast(done.select(*KAFKA_KEY)), same, "left_anti")
        return frame


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


def _append(rows: DataFrame, path: Path) -> None:
    """Append rows; what tells that they stand there is their places."""
    rows.write.format("delta").mode("append").save(str(path))


def _within(wanted: Range) -> str:
    """Return the predicate of a range of one partition: files that hold none of it are not opened."""
    # A topic's name has letters, digits, dots, dashes and underscores, and the one that it is kept under a tilde.
    offsets = f"kafka_offset BETWEEN {wanted.first} AND {wanted.last}"
    return f"(kafka_topic = '{wanted.topic}' AND kafka_partition = {wanted.partition} AND {offsets})"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
