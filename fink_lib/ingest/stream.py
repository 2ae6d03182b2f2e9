"""The ingest stream: a micro-batch of messages → bronze and quarantine, each message once, in one of the two.

Most batches take one pass: decode in the JVM, check the stamps, append what is good to bronze, and count
what is not. Only when something did not fit are the messages that are not in bronze taken up again, one by
one, in Python: saved (a compressed container, a schema met for the first time) or quarantined by name.

What is left over is defined by what the tables hold, not by repeating the first pass: after a crash between
two writes the code, the known schemas or the rules may be others than in the first attempt, and still every
message ends in one place.
"""

import datetime as dt
from collections.abc import Sequence
from functools import reduce
from operator import and_, or_
from pathlib import Path

import pyspark.sql.functions as F
from deltalake import DeltaTable
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Observation, Row, SparkSession

from fink_lib.ingest.bronze import KAFKA, bronze_row, quarantine_row, with_identity
from fink_lib.ingest.decode import AVRO_LIMITS, PACKET, decoded_as_read
from fink_lib.ingest.fast_path import LEFT, FastPath
from fink_lib.ingest.opening import opening_of
from fink_lib.ingest.rescue import COLUMNS_SQL, verdicts
from fink_lib.ingest.source import kafka_source
from fink_lib.ingest.writers import Writers
from fink_lib.lake.rules import first_broken, row_rules
from fink_lib.lake.table import append_once
from fink_lib.lake.tables import KAFKA_KEY, bronze_alerts, quarantine
from fink_lib.streaming.plan import StreamPlan
from fink_lib.streaming.spec import StreamSpec
from fink_lib.surveys import Damage, Survey

PLACE = ("topic", "partition", "offset")
SAMPLES = 64  # most unknown prefixes that one batch can teach; more than that is not schemas but noise
ARROW_ROWS = 256  # rows of stamps, about 45 kB each, that go to a Python worker at once
OPEN_NIGHTS = 8  # nights that a task writes at once, before it falls back to sorting the batch by night
ROW_GROUP_BYTES = 16 * 1024 * 1024  # what an open file holds in memory; compaction makes larger ones at night
CACHED_ROWS = 64  # rows of a cached column batch; a misfit with its raw bytes is 100-200 kB


def plan(session: SparkSession, spec: StreamSpec, survey: Survey) -> StreamPlan:
    """Build the ingest stream of a survey."""
    settings = spec.settings
    configure(session, survey)
    writer = BatchWriter(session, spec, survey)
    return StreamPlan(spec, kafka_source(session, settings, survey), writer.write, settings.ingest_trigger_s)


def configure(session: SparkSession, survey: Survey) -> None:
    """Set what the writes of this stream need; the session is the stream's own."""
    system = session.sparkContext._jvm.java.lang.System  # type: ignore[union-attr]  # noqa: SLF001 - Spark offers no other way to a JVM property
    for name, value in AVRO_LIMITS.items():
        system.setProperty(name, value)
    # Stamps are compressed already: a dictionary of them costs a quarter of the write and saves nothing.
    for path in survey.fields.cutouts:
        session.conf.set(f"parquet.enable.dictionary#{path}", "false")
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
    """

    def __init__(self, session: SparkSession, spec: StreamSpec, survey: Survey) -> None:
        lake = spec.settings.lake
        self.spec = spec
        self.survey = survey
        self.rules = row_rules(survey)
        self.bronze = bronze_alerts(survey).ensure(session, lake)
        self.quarantine = quarantine(survey).ensure(session, lake)
        self.writers = Writers(spec.settings.home / "writers" / f"{survey.name}.json", survey)
        self.files = session.sparkContext.defaultParallelism
        self._committed: int | None = None
        self._fast: FastPath | None = None

    def write(self, frame: DataFrame, batch_id: int) -> None:
        """Put every message of a micro-batch into bronze or quarantine, once, however often this is called."""
        frame = frame.coalesce(self.files)
        if self._committed is None:
            self._committed = DeltaTable(self.bronze).transaction_version(self.spec.app_id)
        replayed = self._committed is not None and batch_id <= self._committed
        if not replayed and not self.writers.known:
            self._learn(frame)
        if replayed or self._write_fitting(frame, batch_id):
            self._write_misfits(frame, batch_id, replayed=replayed)

    def _learn(self, frame: DataFrame) -> None:
        """Meet the writers of the messages that begin with no known prefix: one sample of each."""
        prefix = opening_of(self.survey.framing.name).candidate(F.col("value"))
        unknown = frame.select("value", *PLACE, prefix.alias("prefix")).where(F.col("prefix").isNotNull())
        if self.writers.known:
            unknown = unknown.where(~F.col("prefix").isin([writer.prefix for writer in self.writers.known]))
        # Places are grouped, not values: a batch of values would be sorted as a whole.
        firsts = unknown.groupBy(F.xxhash64("prefix")).agg(F.min(F.struct(*PLACE)).alias("place")).limit(SAMPLES)
        chosen = [_is_at(row.place) for row in firsts.collect()]
        if chosen:
            samples = frame.where(reduce(or_, chosen)).select("value").collect()
            self.writers.learn(bytes(row.value) for row in samples)

    def _write_fitting(self, frame: DataFrame, batch_id: int) -> int:
        """Append what the fast path can read and finds good; return how many messages it left.

        This is the first write of a batch, and is made even when it holds no row: its transaction number is
        what tells a later attempt that rows of this batch may stand in the tables.
        """
        count, fast = Observation(f"ingest-{batch_id}"), self._fast_path()
        rows = self._no_row(frame) if fast is None else fast.rows(frame, _now(), count)
        append_once(rows, self.bronze, self.spec.app_id, batch_id)
        self._committed = batch_id
        return 1 if fast is None else int(count.get[LEFT])

    def _no_row(self, frame: DataFrame) -> DataFrame:
        return frame.sparkSession.createDataFrame([], bronze_alerts(self.survey).schema)

    def _fast_path(self) -> FastPath | None:
        """Return the fast path over the writers known by now; None while there is none."""
        known = self.writers.known
        if known and (self._fast is None or self._fast.writers != known):
            self._fast = FastPath(self.survey, known)
        return self._fast

    def _write_misfits(self, frame: DataFrame, batch_id: int, *, replayed: bool) -> None:
        """Save or quarantine every message of the batch that is in neither table."""
        judged = self.judged(self._not_yet_written(frame)).persist(StorageLevel.DISK_ONLY)
        try:
            # First: an append to a table that the cached frame was made from makes Spark compute it anew.
            self._learn(judged)
            bad = quarantine_row(judged.where(F.col("error_class").isNotNull()), self.spec.stage, _now())
            saved = bronze_row(judged.where(F.col("error_class").isNull()), self.survey, _now())
            self._append(bad, self.quarantine, None if replayed else "quarantine", batch_id)
            self._append(saved, self.bronze, None if replayed else "saved", batch_id)
        finally:
            judged.unpersist()

    def _append(self, frame: DataFrame, path: Path, purpose: str | None, batch_id: int) -> None:
        """Append where there is something to append.

        In a replay the rows are, by their keys, in neither table, which holds whatever the first attempt
        judged of them; its transaction number must then not hide them.
        """
        if frame.isEmpty():
            return
        if purpose is None:
            frame.write.format("delta").mode("append").save(str(path))
        else:
            append_once(frame, path, f"{self.spec.app_id}.{purpose}", batch_id)

    def _not_yet_written(self, frame: DataFrame) -> DataFrame:
        """Return the messages of the batch whose keys are in neither table."""
        session = frame.sparkSession
        span = frame.agg(F.min("offset").alias("low"), F.max("offset").alias("high")).first()
        place = [F.col(name) for name in KAFKA_KEY]
        within = F.col("kafka_offset").between(span["low"], span["high"]) if span else F.lit(False)
        for path in (self.bronze, self.quarantine):
            done = session.read.format("delta").load(str(path)).where(within)
            if path == self.quarantine:
                done = done.where(F.col("stage") == str(self.spec.stage))
            same = [frame[name] == done[KAFKA[name]] for name in PLACE]
            frame = frame.join(F.broadcast(done.select(*place)), same, "left_anti")
        return frame

    def judged(self, rest: DataFrame) -> DataFrame:
        """Judge messages one by one: add packet, identity and verdict; `error_class` is null for one that is fine."""
        columns = ["key", "value", *KAFKA]
        seen = rest.select(*columns).mapInArrow(verdicts(self.survey), f"{_types(rest, columns)}, {COLUMNS_SQL}")
        read = with_identity(seen.withColumn(PACKET, decoded_as_read(F.col("body"), self.survey)), self.survey)
        broken = first_broken(self.rules)
        meaning = F.coalesce(*(F.when(broken == F.lit(rule.name), F.lit(rule.meaning)) for rule in self.rules))
        bad_value = F.when(F.col("error_class").isNull() & broken.isNotNull(), F.lit(str(Damage.BAD_VALUE)))
        return read.withColumn(
            "reason", F.when(bad_value.isNotNull(), F.concat(broken, F.lit(": "), meaning)).otherwise(F.col("reason"))
        ).withColumn("error_class", F.coalesce("error_class", bad_value))


def _is_at(place: Row) -> Column:
    return reduce(and_, (F.col(name) == F.lit(place[name]) for name in PLACE))


def _types(frame: DataFrame, columns: Sequence[str]) -> str:
    return ", ".join(f"{name} {frame.schema[name].dataType.simpleString()}" for name in columns)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
