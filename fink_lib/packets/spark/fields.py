"""Fields of packets as columns of Spark: bronze keeps bytes, and whoever wants more than its few columns reads them."""

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from fink_lib.lake.spark.table import read_table, spark_struct
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.packets.reading import PacketReader
from fink_lib.storage import LakePath
from fink_lib.surveys import Cut, Survey
from fink_lib.surveys.pickled import from_bytes, to_bytes
from fink_lib.surveys.pruned import pruned
from fink_lib.surveys.tables import bronze_spec, fact_paths, packet_schema

BYTES = ("head", "tail")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


def packets(session: SparkSession, survey: Survey, lake: LakePath, version: int | None = None) -> DataFrame:
    """Return bronze with every field of its packets as a column, cutouts among them, in place of their bytes.

    Parameters
    ----------
    session, lake
        Where.
    survey
        Whose packets.
    version
        Of the table; the newest when not given.
    """
    bronze = read_table(bronze_spec(survey), session, lake, version)
    return with_roots(bronze, survey, lake, packet_schema(survey, cutouts=True).names)


def view(session: SparkSession, survey: Survey, lake: LakePath, name: str) -> None:
    """Give a session `packets` as a view, for SQL.

    Parameters
    ----------
    session
        Session that gets the view; one of the same name is replaced.
    survey
        Whose packets.
    lake
        Root folder of the tables.
    name
        Name of the view.
    """
    packets(session, survey, lake).createOrReplaceTempView(name)


def with_fields(bronze: DataFrame, survey: Survey, lake: LakePath, cuts: Sequence[Cut]) -> DataFrame:
    """Return rows of bronze with the fields that some cuts read; no bytes are read where it has columns of them all.

    Parameters
    ----------
    bronze
        Rows with ``schema_sha256``, ``head`` and ``tail``, whatever else they have.
    survey
        Whose packets.
    lake
        Where their writer schemas are.
    cuts
        Cuts over fields of a packet.
    """
    words = {word for cut in cuts for word in WORD.findall(cut.keep)}
    wanted = [path for path in words if path.partition(".")[0] in packet_schema(survey, cutouts=True).names]
    if set(wanted) <= set(fact_paths(survey)):
        return bronze
    return with_roots(bronze, survey, lake, sorted({path.partition(".")[0] for path in wanted}))


def with_roots(bronze: DataFrame, survey: Survey, lake: LakePath, roots: Sequence[str]) -> DataFrame:
    """Return rows of bronze with root fields of their packets in place of their bytes.

    Parameters
    ----------
    bronze
        Rows with ``schema_sha256``, ``head`` and ``tail``, whatever else they have.
    survey, lake
        Whose packets, and where their writer schemas are.
    roots
        Fields to read.
    """
    columns = pruned(packet_schema(survey, cutouts=True), roots)
    kept = [one.name for one in bronze.schema.fields if one.name not in {*roots, *BYTES}]
    needed = [name for name in BYTES if name == "head" or set(roots) & set(survey.cutout_roots)]
    shape = StructType([*(bronze.schema[name] for name in kept), *spark_struct(columns).fields])
    given = bronze.select(*kept, *needed)
    return given.mapInArrow(reading(survey, lake, tuple(roots), kept), shape)


def reading(
    survey: Survey, lake: LakePath, roots: tuple[str, ...], kept: Sequence[str]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the function for `DataFrame.mapInArrow`.

    Parameters
    ----------
    survey
        Whose packets.
    lake
        Where their writer schemas are.
    roots
        Root fields to read.
    kept
        Columns that are passed on as they are.

    Returns
    -------
    It yields the columns that are kept, then the fields in the order of the survey's schema.
    """
    plain = to_bytes(survey)

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        reader = kept_reader(plain, lake, roots)
        for batch in batches:
            tail = batch.column("tail") if "tail" in batch.schema.names else None
            packet = reader.read(batch.column("schema_sha256"), batch.column("head"), tail)
            arrays = [*(batch.column(name) for name in kept), *packet.columns]
            yield pa.RecordBatch.from_arrays(arrays, names=[*kept, *packet.schema.names])

    return work


@functools.lru_cache(maxsize=8)
def kept_reader(survey: bytes, lake: LakePath, roots: tuple[str, ...]) -> PacketReader:
    """Return the reader that a worker keeps.

    Parameters
    ----------
    survey
        The survey, as bytes.
    lake
        Where the writer schemas are.
    roots
        Root fields to read.
    """
    known = from_bytes(survey)
    return PacketReader(known, pruned(packet_schema(known, cutouts=True), roots), WriterSchemas(lake).text)
