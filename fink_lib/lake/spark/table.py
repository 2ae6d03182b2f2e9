"""The tables of the lake in Spark: made, grown, read, and appended to once."""

import json
import logging
import time

import pyarrow as pa
import pyspark.sql.types as T
from delta.tables import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_type

from fink_lib.lake.delta import delta_table
from fink_lib.lake.formats import require_current
from fink_lib.lake.log import PROPERTIES
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath

logger = logging.getLogger(__name__)

CREATION_S = 60.0  # a table is created in seconds; longer means that it cannot be
CREATION_POLL_S = 0.5


def spark_struct(schema: pa.Schema) -> T.StructType:
    """Return Arrow columns as Spark columns that may be null; units and meanings are left behind."""
    return T.StructType([T.StructField(one.name, from_arrow_type(one.type)) for one in schema])


def spark_schema(spec: TableSpec) -> T.StructType:
    """Return the columns of a table as Spark columns."""
    return spark_struct(spec.schema)


def ensure_table(spec: TableSpec, session: SparkSession, lake: LakePath, *, grow: bool = True) -> LakePath:
    """Create a table where it is missing, give it the columns that it lacks; return its folder.

    Streams start together and share tables. The one that comes second meets a folder that is no longer
    empty and not yet a table, or a first commit that was there before its own: it waits.

    A table of an older version lacks what the spec has gained since: a field of a newer schema, the output of
    a new module. A stream that reads the table starts over from its checkpoint then.

    Parameters
    ----------
    spec
        The table.
    session, lake
        Where.
    grow
        False leaves a table that is there as it is: for those who only read it, a shadow of newer code say.

    Raises
    ------
    LakeError
        When the table is of an older format.
    """
    require_current(spec, lake)
    path, deadline = spec.path(lake), time.monotonic() + CREATION_S
    while not _is_ready(spec, session, path, grow=grow):
        try:
            _create_or_grow(spec, session, path)
        except PySparkException:
            if time.monotonic() > deadline:
                raise
            logger.info("table is being created by another stream path=%s", path)
            time.sleep(CREATION_POLL_S)
    return path


def _is_ready(spec: TableSpec, session: SparkSession, path: LakePath, *, grow: bool) -> bool:
    return DeltaTable.isDeltaTable(session, str(path)) and not (grow and _lacking(spec, path))


def _lacking(spec: TableSpec, path: LakePath) -> set[str]:
    """Return the columns and fields of the spec that a table does not have."""
    there = T.StructType.fromJson(json.loads(delta_table(path).schema().to_json()))
    return field_paths(spark_schema(spec)) - field_paths(there)


def _create_or_grow(spec: TableSpec, session: SparkSession, path: LakePath) -> None:
    if not DeltaTable.isDeltaTable(session, str(path)):
        _create(spec, session, path)
        return
    lacking = ", ".join(sorted(_lacking(spec, path)))
    nothing = session.createDataFrame([], spark_schema(spec))
    nothing.write.format("delta").mode("append").option("mergeSchema", "true").save(str(path))
    logger.info("table=%s has new columns: %s", spec.full_name, lacking)


def _create(spec: TableSpec, session: SparkSession, path: LakePath) -> None:
    builder = (
        DeltaTable.createIfNotExists(session)
        .location(str(path))
        .addColumns(spark_schema(spec))
        .partitionedBy(*spec.partitioned_by)
        .comment(spec.comment)
        .property("delta.appendOnly", str(spec.append_only).lower())
        .property("delta.dataSkippingNumIndexedCols", str(spec.indexed_columns))
    )
    for key, value in {**PROPERTIES, **spec.properties}.items():
        builder = builder.property(key, value)
    builder.execute()


def read_table(spec: TableSpec, session: SparkSession, lake: LakePath, version: int | None = None) -> DataFrame:
    """Read a table, at a version when one is given.

    Parameters
    ----------
    spec
        A table that exists.
    session
        Which reads it, once an action asks for rows.
    lake
        Root folder of the tables.
    version
        Which; the newest when not given.
    """
    reader = session.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    return reader.load(str(spec.path(lake)))


def field_paths(kind: T.DataType, at: str = "") -> set[str]:
    """Return the dotted path of every column and of every field below it; arrays and maps are passed through.

    Parameters
    ----------
    kind
        Type of a column, or of a whole row.
    at
        Path of what is of this type; empty for a row.
    """
    if isinstance(kind, T.ArrayType):
        return field_paths(kind.elementType, at)
    if isinstance(kind, T.MapType):
        return field_paths(kind.valueType, at)
    found = set[str]()
    if isinstance(kind, T.StructType):
        for child in kind.fields:
            path = f"{at}.{child.name}" if at else child.name
            found |= {path} | field_paths(child.dataType, path)
    return found


def append_once(frame: DataFrame, path: LakePath, app_id: str, batch_id: int) -> None:
    """Append a micro-batch exactly once, however often it is replayed.

    Delta keeps, per ``app_id``, the highest ``batch_id`` committed and skips a write that is not newer.
    ``app_id`` must change when a stream starts over with a new checkpoint, since batch ids then restart.

    Parameters
    ----------
    frame
        Rows of the micro-batch, in the columns of the table.
    path
        Folder of the table, which exists.
    app_id, batch_id
        The writer, and the number of its micro-batch.
    """
    (
        frame.write.format("delta")
        .mode("append")
        .option("txnAppId", app_id)
        .option("txnVersion", batch_id)
        .save(str(path))
    )
