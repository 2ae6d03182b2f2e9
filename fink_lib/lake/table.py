"""A table is code: name, columns, partitions, properties and a comment in one spec."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyspark.sql.types as T
from delta.tables import DeltaTable
from deltalake import DeltaTable as OpenTable
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

CREATION_S = 60.0  # a table is created in seconds; longer means that it cannot be
CREATION_POLL_S = 0.5


@dataclass(frozen=True)
class TableSpec:
    """One Delta table.

    Attributes
    ----------
    layer, survey, name
        Make the table's name ``{layer}_{survey}__{name}``; survey is empty for tables of all surveys.
    schema
        Columns in order; those that queries select on come first, bulky ones last.
    key
        Columns that name one row.
    comment
        What one row is.
    partitioned_by
        Partition columns.
    append_only
        True for tables that a stream writes.
    indexed_columns
        How many leading columns keep min/max statistics.
    clustered_by
        Columns whose neighbours compaction puts together; queries on a range of them skip what is far away.
    looked_up_by
        Columns that queries ask for by value; compaction writes a Bloom filter of each.
    file_mb
        Size of a file that compaction aims at, in MB.
    """

    layer: str
    survey: str
    name: str
    schema: T.StructType
    key: tuple[str, ...]
    comment: str
    partitioned_by: tuple[str, ...] = ("night",)
    append_only: bool = True
    indexed_columns: int = 16
    clustered_by: tuple[str, ...] = ()
    looked_up_by: tuple[str, ...] = ()
    file_mb: int = 256
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Name of the table and of its folder."""
        prefix = f"{self.layer}_{self.survey}" if self.survey else self.layer
        return f"{prefix}__{self.name}"

    def path(self, lake: Path) -> Path:
        """Folder of the table."""
        return lake / self.full_name

    def ensure(self, session: SparkSession, lake: Path, *, grow: bool = True) -> Path:
        """Create the table where it is missing, give it the columns that it lacks; return its folder.

        Streams start together and share tables. The one that comes second meets a folder that is no longer
        empty and not yet a table, or a first commit that was there before its own: it waits.

        A table of an older version lacks what the spec has gained since: a field of a newer schema, the output of
        a new module. A stream that reads the table starts over from its checkpoint then.

        Parameters
        ----------
        session, lake
            Where.
        grow
            False leaves a table that is there as it is: for those who only read it, a shadow of newer code say.
        """
        path, deadline = self.path(lake), time.monotonic() + CREATION_S
        while not self._is_ready(session, path, grow=grow):
            try:
                self._create_or_grow(session, path)
            except PySparkException:
                if time.monotonic() > deadline:
                    raise
                logger.info("table is being created by another stream path=%s", path)
                time.sleep(CREATION_POLL_S)
        return path

    def _is_ready(self, session: SparkSession, path: Path, *, grow: bool) -> bool:
        return DeltaTable.isDeltaTable(session, str(path)) and not (grow and self._lacking(path))

    def _lacking(self, path: Path) -> set[str]:
        """Return the columns and fields of the spec that a table does not have."""
        there = T.StructType.fromJson(json.loads(OpenTable(str(path)).schema().to_json()))
        return field_paths(self.schema) - field_paths(there)

    def _create_or_grow(self, session: SparkSession, path: Path) -> None:
        if not DeltaTable.isDeltaTable(session, str(path)):
            self._create(session, path)
            return
        lacking = ", ".join(sorted(self._lacking(path)))
        nothing = session.createDataFrame([], self.schema)
        nothing.write.format("delta").mode("append").option("mergeSchema", "true").save(str(path))
        logger.info("table=%s has new columns: %s", self.full_name, lacking)

    def _create(self, session: SparkSession, path: Path) -> None:
        builder = (
            DeltaTable.createIfNotExists(session)
            .location(str(path))
            .addColumns(self.schema)
            .partitionedBy(*self.partitioned_by)
            .comment(self.comment)
            .property("delta.appendOnly", str(self.append_only).lower())
            .property("delta.dataSkippingNumIndexedCols", str(self.indexed_columns))
        )
        for key, value in self.properties.items():
            builder = builder.property(key, value)
        builder.execute()

    def read(self, session: SparkSession, lake: Path, version: int | None = None) -> DataFrame:
        """Read the table, at a version when one is given."""
        reader = session.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(str(self.path(lake)))


def field_paths(kind: T.DataType, at: str = "") -> set[str]:
    """Return the dotted path of every column and of every field below it; arrays and maps are passed through."""
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


def append_once(frame: DataFrame, path: Path, app_id: str, batch_id: int) -> None:
    """Append a micro-batch exactly once, however often it is replayed.

    Delta keeps, per ``app_id``, the highest ``batch_id`` committed and skips a write that is not newer.
    ``app_id`` must change when a stream starts over with a new checkpoint, since batch ids then restart.
    """
    (
        frame.write.format("delta")
        .mode("append")
        .option("txnAppId", app_id)
        .option("txnVersion", batch_id)
        .save(str(path))
    )
