"""Accepted alerts as rows of silver: their bytes out of the files that they came from, then Python."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.functions as F
import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame, SparkSession

from fink_lib import __version__
from fink_lib.enrich.science import Science
from fink_lib.enrich.triage import FILE, STAMPS
from fink_lib.enrich.work import Job, enriching
from fink_lib.lake.spark.table import spark_schema, spark_struct
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.tables.types import TEXT_MAP
from fink_lib.science.framework.provenance import digest_of
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import packet_schema

# A task has some tenths of a second to start a Python worker; young alerts take milliseconds each.
ROWS_PER_TASK = 200


class SilverRows:
    """Makes rows of silver.

    Parameters
    ----------
    survey, lake
        Whose alerts, and the lake that has the writer schemas of their packets.
    tables
        Specs of ``bronze`` and ``silver``; columns of silver that nothing fills are left out.
    science
        The modules that run.
    versions
        Module, catalogue or model → version.
    """

    def __init__(
        self, survey: Survey, lake: Path, tables: Mapping[str, TableSpec], science: Science, versions: Mapping[str, str]
    ) -> None:
        constants = {
            "code_version": pa.scalar(__version__),
            "science_versions": pa.scalar(list(versions.items()), TEXT_MAP),
            "science_digest": pa.scalar(digest_of(__version__, versions)),
        }
        self._bronze = {one.name: one for one in spark_schema(tables["bronze"]).fields}
        filled = {*constants, *science.schema.names, *packet_schema(survey, cutouts=False).names}
        silver = tables["silver"].plain_schema
        self._passed = [name for name in silver.names if name in self._bronze and name not in filled]
        here = {*filled, *self._passed, "night", "enrich_time"}
        schema = pa.schema([one for one in silver if one.name in here])
        self._work = enriching(Job(survey, lake, science, constants, schema))
        self._shape = spark_struct(schema)

    def frame(self, session: SparkSession, rows: pa.Table) -> DataFrame:
        """Return accepted alerts as rows of silver.

        Their packets are read from the very files that they came from and joined by position. No value of the
        batch stands as a literal in the plan: Spark would compile the whole of it anew for every batch.

        Parameters
        ----------
        session
            Spark session, always the same.
        rows
            Night, position, file, `enrich_time` of each alert, and whether it brings its stamps.
        """
        chosen = ["night", *KAFKA_KEY, "enrich_time", STAMPS]
        accepted = F.broadcast(session.createDataFrame(rows.select(chosen)))
        files = (unquote(uri) for uri in pc.unique(rows[FILE]).to_pylist())
        stamps = bool(pc.any(rows[STAMPS]).as_py())
        columns = [*self._passed, "schema_sha256", "head", *(["tail"] if stamps else [])]
        names = [name for name in dict.fromkeys([*columns, *KAFKA_KEY]) if name != "night"]
        packets = session.read.schema(T.StructType([self._bronze[name] for name in names])).parquet(*files)
        joined = packets.join(accepted, on=list(KAFKA_KEY))
        tasks = min(session.sparkContext.defaultParallelism, 1 + rows.num_rows // ROWS_PER_TASK)
        return joined.select(*_given(columns)).coalesce(tasks).mapInArrow(self._work, self._shape)


def _given(columns: list[str]) -> list[Column]:
    """Return what workers are given; the bytes of stamps only of the alerts that bring them."""
    found = [F.when(F.col(STAMPS), F.col(name)).alias(name) if name == "tail" else F.col(name) for name in columns]
    return [*found, *(F.col(name) for name in ("night", "enrich_time") if name not in columns)]
