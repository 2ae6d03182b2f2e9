"""Rows of silver kept in the engine: public ones of nights that are not closed, and those that few may see."""

import datetime as dt
import threading
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable

from fink_lib.api.engine import Engine
from fink_lib.lake.delta import folder_of
from fink_lib.lake.rows import Rows
from fink_lib.served.opened import File
from fink_lib.served.rows import sources_of
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey

FileSet = frozenset[LakePath]


class Live:
    """Follows rows of some nights of a survey.

    A night's new files are added to what is there; a night of which a file has gone (compaction, promotion) is read
    anew.

    Parameters
    ----------
    engine, survey
        Where the rows are kept, and whose.
    schema
        Columns of `sources`, without ``run``.
    of
        What its table is called after.
    chosen
        Predicate of its rows (Spark SQL); the public ones where there is none.
    """

    def __init__(self, engine: Engine, survey: Survey, schema: pa.Schema, of: str = "", chosen: str = "") -> None:
        self._engine, self._survey, self.schema, self._chosen = engine, survey, schema, chosen
        self._held: dict[dt.date, FileSet] = {}
        self._lock = threading.Lock()
        self.table = f"live_{survey.name}{of and '_'}{of}"
        cursor = engine.cursor()
        cursor.register("shape", schema.empty_table())
        cursor.execute(f"CREATE OR REPLACE TABLE {self.table} AS SELECT * FROM shape")  # noqa: S608  # ours
        cursor.close()

    @property
    def nights(self) -> frozenset[dt.date]:
        """Nights whose rows it holds."""
        return frozenset(self._held)

    def follow(self, silver: DeltaTable, wanted: Mapping[dt.date, list[File]]) -> None:
        """Hold exactly the rows of some files: night → its files of silver.

        Parameters
        ----------
        silver
            Table that the files are of.
        wanted
            Night → its files; what is held of other nights is dropped.
        """
        with self._lock:
            goal = {night: frozenset(file.path for file in files) for night, files in wanted.items()}
            if goal == self._held:
                return
            gone = [night for night, files in self._held.items() if not files <= goal.get(night, frozenset())]
            cursor = self._engine.cursor()
            cursor.execute("BEGIN")
            for night in gone:
                cursor.execute(f"DELETE FROM {self.table} WHERE night = ?", [night])  # noqa: S608  # ours
            kept = {night: files for night, files in self._held.items() if night not in gone}
            new = [
                path for night, files in sorted(goal.items()) for path in sorted(files - kept.get(night, frozenset()))
            ]
            if new:
                cursor.register("arrived", sources_of(self._survey, Rows(_dataset(silver, new)), self._chosen))
                cursor.execute(f"INSERT INTO {self.table} BY NAME SELECT * FROM arrived")  # noqa: S608  # ours
            cursor.execute("COMMIT")
            cursor.close()
            self._held = goal

    def told(self) -> dict[dt.date, str]:
        """Return what names the rows of each night that has some: it changes whenever an alert comes or goes."""
        query = f"SELECT night, count(*), bit_xor(hash(alert_id)) FROM {self.table} GROUP BY night"  # noqa: S608
        with self._engine.cursor() as cursor:
            return {night: f"{count:x}-{mixed:x}" for night, count, mixed in cursor.execute(query).fetchall()}


def _dataset(silver: DeltaTable, paths: list[LakePath]) -> ds.Dataset:
    """Return some files of silver as one data set, with the night that their folders tell."""
    schema = pa.schema(silver.schema().to_arrow())
    nights = ds.partitioning(pa.schema([schema.field("night")]), flavor="hive")
    return ds.dataset(
        [str(path) for path in paths],
        schema=schema,
        format="parquet",
        partitioning=nights,
        partition_base_dir=str(folder_of(silver)),
    )
