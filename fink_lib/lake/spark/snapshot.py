"""The tables of a survey at one moment, in Spark."""

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from fink_lib.lake.pinned import RELEASES, Pinned, releases_of
from fink_lib.lake.releases import Action
from fink_lib.lake.spark.table import read_table, spark_schema
from fink_lib.lake.versions import Table


@dataclass(frozen=True)
class Snapshot:
    """Pinned versions of a survey's tables.

    Attributes
    ----------
    session
        Spark session that reads them.
    pinned
        What they are.
    """

    session: SparkSession
    pinned: Pinned

    def frame(self, table: Table) -> DataFrame:
        """Read a table at its pinned version; messages that were replayed out of the quarantine are not in it."""
        rows = self.written(table)
        released = self.pinned.versions.get(RELEASES)
        if table is not Table.QUARANTINE or released is None:
            return rows
        spec = releases_of(self.pinned.specs)
        releases = read_table(spec, self.session, self.pinned.lake, released)
        replayed = releases.where(f"action = '{Action.REPLAYED}'").select(*spec.key)
        return rows.join(replayed, list(spec.key), "left_anti").select(*rows.columns)

    def written(self, table: Table) -> DataFrame:
        """Read every row of a table at its pinned version."""
        version, spec = self.pinned.versions[str(table)], self.pinned.specs[table]
        if version is None:
            return self.session.createDataFrame([], spark_schema(spec))
        return read_table(spec, self.session, self.pinned.lake, version)
