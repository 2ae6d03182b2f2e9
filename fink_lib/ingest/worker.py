"""The judge as Spark's Python workers run it: over rows that Spark hands over, or over ranges that they read."""

import datetime as dt
import functools
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.ingest.judge import ERROR_CLASS, Judge
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.ranges import RangeReader
from fink_lib.lake.data_files import DataFile, NightWriter
from fink_lib.lake.places import Range
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey
from fink_lib.surveys.pickled import from_bytes, to_bytes
from fink_lib.surveys.tables import bronze_spec

BYTES = ("head", "tail")
INGEST_TIME = "ingest_time"


@dataclass(frozen=True)
class Wanted:
    """Messages of one partition that a task is to take.

    Attributes
    ----------
    range
        Under Kafka's name of the topic.
    from_low
        The stream meets this partition for the first time: it begins where the partition does.
    """

    range: Range
    from_low: bool = False


@dataclass(frozen=True)
class Taken:
    """What a task did.

    Attributes
    ----------
    files
        Files of bronze that it wrote; a commit puts them in force.
    rows
        Messages that it read.
    left
        Those of them that are not fine.
    """

    files: list[DataFile]
    rows: int
    left: int


@dataclass(frozen=True)
class Taker:
    """What a task needs to take messages out of Kafka into files of bronze.

    Attributes
    ----------
    survey
        Whose messages, as bytes.
    lake
        Root folder of the tables.
    connection
        Where Kafka is, as bytes.
    names
        Topic → the name that its messages are kept under, where that is another one.
    """

    survey: bytes
    lake: LakePath
    connection: bytes
    names: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, survey: Survey, lake: LakePath, connection: Connection, names: Mapping[str, str]) -> "Taker":
        """Return what tasks need; it travels to their processes.

        Parameters
        ----------
        survey
            Whose messages.
        lake
            Root folder of the tables.
        connection
            Where Kafka is.
        names
            Topic → the name that its messages are kept under, where that is another one.
        """
        return cls(to_bytes(survey), lake, pickle.dumps(connection), tuple(sorted(names.items())))

    def take(self, wanted: Sequence[Wanted], ingest_time: dt.datetime) -> Taken:
        """Read messages, judge them, write those that are fine to files of bronze, and count the others.

        Parameters
        ----------
        wanted
            Ranges of partitions.
        ingest_time
            The same for all rows.

        Raises
        ------
        BrokerError
            When Kafka does not answer, or no longer has what is wanted.
        """
        spec = _kept_spec(self.survey)
        judge, reader = kept(self.survey, self.lake), _kept_reader(self.connection, self.names)
        writer, rows, left = NightWriter(spec, spec.path(self.lake), plain=BYTES), 0, 0
        for one in wanted:
            for messages in reader.batches(one.range, from_low=one.from_low):
                for judged in judge.rows(messages):
                    rows += judged.num_rows
                    good = judged.filter(pc.is_null(judged.column(ERROR_CLASS)))
                    left += judged.num_rows - good.num_rows
                    writer.add(_stamped(good, ingest_time))
        return Taken(writer.close(), rows, left)


def judging(survey: Survey, lake: LakePath | None) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the function for `DataFrame.mapInArrow` that judges messages.

    A worker keeps what it learns of schemas from batch to batch.

    Parameters
    ----------
    survey
        Whose messages.
    lake
        Where writer schemas are kept before a row names them; None where nothing is written.

    Returns
    -------
    It takes messages as Spark's Kafka source gives them, and yields columns of `judged_schema`.
    """
    plain = to_bytes(survey)

    def judge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        judge_of_worker = kept(plain, lake)
        for batch in batches:
            yield from judge_of_worker.rows(batch)

    return judge


@functools.lru_cache(maxsize=4)
def kept(survey: bytes, lake: LakePath | None) -> Judge:
    """Return the judge that this process keeps for a survey.

    Parameters
    ----------
    survey
        The survey, as bytes.
    lake
        Where writer schemas are kept; None where nothing is written.
    """
    return Judge(from_bytes(survey), None if lake is None else WriterSchemas(lake))


@functools.lru_cache(maxsize=4)
def _kept_spec(survey: bytes) -> TableSpec:
    """Return the table that this process writes: it is made of all fields of a packet."""
    return bronze_spec(from_bytes(survey))


@functools.lru_cache(maxsize=2)
def _kept_reader(connection: bytes, names: tuple[tuple[str, str], ...]) -> RangeReader:
    """Return the connection that this process keeps from batch to batch."""
    return RangeReader(pickle.loads(connection), dict(names))  # noqa: S301 - made by the driver, a moment ago


def _stamped(rows: pa.RecordBatch, moment: dt.datetime) -> pa.RecordBatch:
    """Set the time at which rows are written."""
    at = rows.schema.get_field_index(INGEST_TIME)
    times = pa.repeat(pa.scalar(moment, rows.schema.field(at).type), rows.num_rows)
    return rows.set_column(at, rows.schema.field(at), times)
