"""Accepted alerts → rows of silver: their packets, read where they lie, with what the science says of them."""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.functions as F
import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame, SparkSession

from fink_lib import __version__
from fink_lib.enrich.triage import FILE
from fink_lib.lake.table import TableSpec
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.science.provenance import digest_of

# Below this a second task costs more than it saves, and leaves a second small file.
ROWS_PER_TASK = 200


class SilverRows:
    """Makes rows of silver; its columns are built once, for each is some ten calls into the JVM.

    Parameters
    ----------
    tables
        Specs of ``bronze`` and ``silver``; columns of silver that nothing fills are left out.
    science
        Column that runs the modules.
    versions
        Module, catalogue or model → version.
    """

    def __init__(self, tables: Mapping[str, TableSpec], science: Column, versions: Mapping[str, str]) -> None:
        self._names = tables["silver"].schema.names
        self._packet = T.StructType([fld for fld in tables["bronze"].schema if fld.name != "night"])
        pairs = [F.lit(text) for pair in versions.items() for text in pair]
        self._added = {
            "science": science,
            "code_version": F.lit(__version__),
            "science_versions": F.create_map(*pairs),
            "science_digest": F.lit(digest_of(__version__, versions)),
        }
        self._chosen: Sequence[Column] | None = None

    def frame(self, session: SparkSession, rows: pa.Table) -> DataFrame:
        """Return accepted alerts as rows of silver.

        Their packets are read from the very files that they came from and joined by position. No value of the
        batch stands as a literal in the plan: Spark would compile the whole of it anew for every batch.

        Parameters
        ----------
        session
            Spark session, always the same.
        rows
            Night, position, file and `enrich_time` of each alert.
        """
        accepted = F.broadcast(session.createDataFrame(rows.select(["night", *KAFKA_KEY, "enrich_time"])))
        files = (unquote(uri) for uri in pc.unique(rows[FILE]).to_pylist())
        packets = session.read.schema(self._packet).parquet(*files)
        enriched = packets.join(accepted, on=list(KAFKA_KEY)).withColumns(self._added)
        if self._chosen is None:
            self._chosen = self._columns(enriched)
        tasks = min(session.sparkContext.defaultParallelism, 1 + rows.num_rows // ROWS_PER_TASK)
        return enriched.select(*self._chosen).coalesce(tasks)

    def _columns(self, enriched: DataFrame) -> Sequence[Column]:
        """Choose the columns of silver that stand in a frame, or in its science."""
        found, computed = set(enriched.columns), set(enriched.select("science.*").columns)
        return [
            F.col(name) if name in found else F.col(f"science.{name}").alias(name)
            for name in self._names
            if name in found | computed
        ]
