"""The packets of chosen alerts written anew, all under one schema: of transfers over versions, or of some columns."""

from collections.abc import Sequence
from pathlib import Path

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql.avro.functions import to_avro

from fink_lib.distribute.avro_schema import writer_schema
from fink_lib.distribute.columns import located, outgoing, require_each_once, session_for_lookups
from fink_lib.distribute.framing import schema_text
from fink_lib.distribute.match import Key, Match, is_public
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.packets.spark.fields import with_roots
from fink_lib.surveys import Survey


class Reencoded:
    """Encodes alerts; the schema is fixed when it is made.

    Parameters
    ----------
    session
        Spark session.
    lake
        Root folder of the tables.
    silver, bronze
        The tables, existing.
    survey
        Which columns are cutouts, and which alerts are public.
    columns
        What leaves of an alert; by default everything.
    silver_version
        Version of silver that is read; the newest when not given.
    """

    def __init__(
        self,
        session: SparkSession,
        lake: Path,
        silver: TableSpec,
        bronze: TableSpec,
        survey: Survey,
        *,
        columns: Sequence[Column] | None = None,
        silver_version: int | None = None,
    ) -> None:
        self._session, self._lake, self._survey = session_for_lookups(session), lake, survey
        self._silver, self._bronze, self._silver_version = silver, bronze, silver_version
        self._columns = outgoing(self._packets().schema, survey) if columns is None else list(columns)
        leaving = self._joined(F.lit(False)).select(*self._columns).schema
        self._schema = schema_text(writer_schema(leaving))

    @property
    def key(self) -> bytes:
        """Key of every message: the schema that the value is written with."""
        return self._schema.encode()

    def _packets(self) -> DataFrame:
        return read_table(self._silver, self._session, self._lake, self._silver_version)

    def _joined(self, where: Column) -> DataFrame:
        """Return chosen rows of silver with their cutouts."""
        packets = self._packets().where(where & is_public(self._survey))
        bronze = read_table(self._bronze, self._session, self._lake).where(where)
        named = bronze.select(*KAFKA_KEY, "schema_sha256", "head", "tail")
        roots = tuple(dict.fromkeys(self._survey.cutout_roots))
        cutouts = with_roots(named, self._survey, self._lake, roots).drop("schema_sha256")
        return cutouts.join(F.broadcast(packets), on=list(KAFKA_KEY), how="inner")

    def encode(self, matches: Sequence[Match]) -> dict[Key, bytes]:
        """Return the value of each alert's messages.

        Raises
        ------
        LakeError
            When silver or bronze does not hold one of the alerts exactly once.
        """
        value = to_avro(F.struct(*self._columns), self._schema).alias("value")
        table = self._joined(located(matches)).select(*KAFKA_KEY, value).toArrow()
        keys = zip(*(table.column(name).to_pylist() for name in KAFKA_KEY), strict=True)
        found = dict(zip(keys, table.column("value").to_pylist(), strict=True))
        require_each_once(found, table.num_rows, matches)
        return found
