"""The full packet of chosen alerts as Avro: science and packet from silver, cutouts from bronze."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyspark.sql.functions as F
import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql.avro.functions import to_avro

from fink_lib.distribute.avro_schema import schema_text, writer_schema
from fink_lib.distribute.match import Key, Match, is_public
from fink_lib.errors import LakeError
from fink_lib.lake.table import TableSpec
from fink_lib.lake.tables import IDENTITY_COLUMNS, KAFKA_COLUMNS, KAFKA_KEY
from fink_lib.surveys import Survey

# Silver's own columns, under the names that Fink's clients know; times leave as text.
RENAMED = {
    "ingest_time": "brokerIngestTimestamp",
    "enrich_time": "brokerEndProcessTimestamp",
    "code_version": "fink_broker_version",
}
# What repeats the packet under a common name, or only says where the alert arrived, stays here.
KEPT_BACK = {name for name, _ in (*IDENTITY_COLUMNS, *KAFKA_COLUMNS)}
# fink-client prints the SIMBAD type of every alert and fails without the field: null until one is looked up.
CDSXMATCH = "cdsxmatch"
TIME_FORMAT = "yyyy-MM-dd HH:mm:ss.SSSSSS"


def _leaving(field: T.StructField) -> Column:
    """Return one column of silver as it leaves."""
    return _as_text(F.col(f"`{field.name}`"), field.dataType).alias(RENAMED.get(field.name, field.name))


def _as_text(column: Column, kind: T.DataType) -> Column:
    """Write a time or a date as text; anything else leaves as it is."""
    if isinstance(kind, T.TimestampType):
        return F.date_format(column, TIME_FORMAT)
    return column.cast("string") if isinstance(kind, T.DateType) else column


def outgoing(silver: T.StructType, survey: Survey, *, cutouts: bool = True) -> list[Column]:
    """Return the columns of a message in order: packet and science, `cdsxmatch`, cutouts last."""
    columns = [_leaving(field) for field in silver.fields if field.name not in KEPT_BACK]
    if CDSXMATCH not in silver.fieldNames():
        columns.append(F.lit(None).cast("string").alias(CDSXMATCH))
    return [*columns, *(F.col(root) for root in survey.cutout_roots if cutouts)]


def chosen_columns(silver: DataFrame, paths: Sequence[str]) -> list[Column]:
    """Return some columns of silver as they leave, each under its path with ``_`` for the dots; times as text."""
    names = [path.replace(".", "_") for path in paths]
    kinds = silver.select(*(F.col(path).alias(name) for path, name in zip(paths, names, strict=True))).schema
    return [
        _as_text(F.col(path), field.dataType).alias(field.name) for path, field in zip(paths, kinds.fields, strict=True)
    ]


def located(matches: Iterable[Match]) -> Column:
    """Return the predicate that finds exactly these alerts in bronze or silver.

    Literals, grouped by night and partition, let Delta skip every file that holds none of them.
    """
    groups: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for one in matches:
        topic, partition, offset = one.key
        groups[one.night.isoformat(), topic, partition].append(offset)
    names = dict(zip(("topic", "partition", "offset"), KAFKA_KEY, strict=True))
    clauses = [
        (F.col("night") == F.lit(night).cast("date"))
        & (F.col(names["topic"]) == topic)
        & (F.col(names["partition"]) == partition)
        # as text: a thousand literals are parsed at once, but would be handed over one call each
        & F.expr(f"{names['offset']} IN ({','.join(map(str, sorted(offsets)))})")
        for (night, topic, partition), offsets in sorted(groups.items())
    ]
    found = clauses[0]
    for clause in clauses[1:]:
        found = found | clause
    return found


class Packets:
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
    ) -> None:
        # A session of its own, to compile less: each batch asks for other alerts, and a whole stage with
        # other literals is a new class of some thousand lines, compiled for one use.
        self._session, self._lake, self._survey = session.newSession(), lake, survey
        self._session.conf.set("spark.sql.codegen.wholeStage", "false")
        self._silver, self._bronze = silver, bronze
        self._columns = outgoing(silver.read(session, lake).schema, survey) if columns is None else list(columns)
        leaving = self._joined(F.lit(False)).select(*self._columns).schema
        self._schema = schema_text(writer_schema(leaving))

    @property
    def key(self) -> bytes:
        """Key of every message: the schema that the value is written with."""
        return self._schema.encode()

    def _joined(self, where: Column) -> DataFrame:
        """Return chosen rows of silver with their cutouts, from the newest commit of both tables."""
        packets = self._silver.read(self._session, self._lake).where(where & is_public(self._survey))
        cutouts = self._bronze.read(self._session, self._lake).where(where)
        cutouts = cutouts.select(*KAFKA_KEY, *self._survey.cutout_roots)
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
        missing = [one for one in matches if one.key not in found]
        if missing or table.num_rows != len(matches):
            example = f", for example alert {missing[0].alert_id}" if missing else ""
            raise LakeError(
                f"silver and bronze hold {table.num_rows} packets for {len(matches)} alerts to send{example}: "
                "the tables disagree; nothing of this batch was sent"
            )
        return found
