"""A table is code: name, columns, partitions, properties and a comment in one spec."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import deltalake
import pyspark.sql.types as T
from delta.tables import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from fink_lib.lake.columns import add_columns

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

    def ensure(self, session: SparkSession, lake: Path) -> Path:
        """Create the table where it is missing, or add the columns that it lacks; return its folder.

        Streams start together and share tables. The one that comes second meets a folder that is no longer
        empty and not yet a table, or a first commit that was there before its own.
        """
        path, deadline = self.path(lake), time.monotonic() + CREATION_S
        while not DeltaTable.isDeltaTable(session, str(path)):
            try:
                self._create(session, path)
            except PySparkException:
                if time.monotonic() > deadline:
                    raise
                logger.info("table is being created by another stream path=%s", path)
                time.sleep(CREATION_POLL_S)
        add_columns(path, deltalake.Schema.from_json(self.schema.json()).fields)
        return path

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
