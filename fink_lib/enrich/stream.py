"""The enrich stream: bronze, without its cutouts, to silver, rejected and quarantine."""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import DataFrame, SparkSession

from fink_lib import __version__
from fink_lib.enrich import daemon
from fink_lib.enrich.cost import CostBook
from fink_lib.enrich.facts import record_facts
from fink_lib.enrich.repeats import Arrivals
from fink_lib.enrich.rows import TIMESTAMP, quarantine_rows, rejected_rows, unforeseen_rows
from fink_lib.enrich.science import limits_of, science_of
from fink_lib.enrich.seen import SeenNights
from fink_lib.enrich.silver import SilverRows
from fink_lib.enrich.triage import (
    TopicCodes,
    arrivals_of,
    record,
    triage,
)
from fink_lib.enrich.triage import facts as triage_facts
from fink_lib.lake.places import Held, Places, ranges_of
from fink_lib.lake.spark.table import ensure_table, spark_schema
from fink_lib.lake.tables import KAFKA_KEY, quarantine, silver_rejected
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.nights import UNIX_EPOCH_DATE
from fink_lib.processes.sentence import sentence_of
from fink_lib.science.framework.provenance import facts_of
from fink_lib.science.framework.registry import stream_modules
from fink_lib.science.framework.runner import versions
from fink_lib.science.framework.silver import silver_spec
from fink_lib.streams.guard import Guard, Parts
from fink_lib.streams.halves import Blamed
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.spec import StreamSpec
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec

logger = logging.getLogger(__name__)

# Spark ends Python workers after an idle minute: those of enrich start with what they need already imported.
SPARK_CONF = {"spark.python.daemon.module": daemon.__name__}


def plan(session: SparkSession, spec: StreamSpec, survey: Survey, out: Path | None = None) -> StreamPlan:
    """Build the enrich stream of a survey, writing to the lake or, for a shadow of it, under another folder.

    The stream itself carries only what decides where an alert goes. Packets are read once that is decided, and
    only those of the alerts that go to silver. Compaction of bronze changes neither: it commits
    ``dataChange=false``, which a stream passes over, and leaves the files of a batch until they are vacuumed.
    """
    writer = Enricher.of(session, spec, survey, out)
    source = (
        session.readStream.format("delta")
        .option("maxFilesPerTrigger", spec.settings.max_files_per_batch)
        .load(str(writer.paths["bronze"]))
    )
    cuts = survey.cuts_in_force(spec.settings)
    return StreamPlan(
        spec=spec,
        source=triage_facts(source, cuts, survey.name, writer.gate),
        write_batch=Guard(spec, writer.write, writer.parts),
        trigger_s=spec.settings.enrich_trigger_s,
    )


@dataclass
class Enricher:
    """Writes micro-batches; holds what must outlive one.

    Attributes
    ----------
    spec, survey
        Which stream.
    tables, paths
        Specs of the four tables and their folders.
    silver
        Makes rows of silver.
    places
        Which alerts the tables hold.
    seen
        First arrivals on record.
    cost
        What the science modules cost, by night.
    gate
        SQL predicate of alerts that bring their stamps.
    codes
        Integer of each topic.
    """

    spec: StreamSpec
    survey: Survey
    tables: Mapping[str, TableSpec]
    paths: Mapping[str, Path]
    silver: SilverRows
    places: Places
    seen: SeenNights
    cost: CostBook
    gate: str
    codes: TopicCodes = field(default_factory=TopicCodes)

    @classmethod
    def of(cls, session: SparkSession, spec: StreamSpec, survey: Survey, out: Path | None = None) -> "Enricher":
        """Create missing tables, build missing catalogues, note the versions, and return the writer."""
        tables = {
            "bronze": bronze_spec(survey),
            "quarantine": quarantine(survey.name),
            "rejected": silver_rejected(survey.name),
            "silver": silver_spec(survey),
        }
        lake, cache = spec.settings.lake, spec.settings.cache
        roots = {name: lake if name == "bronze" else out or lake for name in tables}
        paths = {name: ensure_table(one, session, roots[name], grow=name != "bronze") for name, one in tables.items()}
        codes = TopicCodes()
        modules = stream_modules(survey.name)
        record_facts(session, survey, out or lake, facts_of(modules, cache, __version__)[1])
        cost = CostBook(session.sparkContext, spec.paths.root)
        science = science_of(survey, cache, spent=cost.spent, limits=limits_of(spec.settings))
        return cls(
            spec=spec,
            survey=survey,
            tables=tables,
            paths=paths,
            silver=SilverRows(survey, lake, tables, science, versions(modules, cache)),
            places=Places([Held(paths["silver"]), Held(paths["rejected"]), Held(paths["quarantine"], str(spec.stage))]),
            seen=SeenNights(lambda night: load_night(session, paths, night, codes), spec.paths.root),
            cost=cost,
            gate=science.stamp_gate(),
            codes=codes,
        )

    def write(self, frame: DataFrame, batch_id: int) -> None:
        """Write one micro-batch; writing it again changes nothing: what stands in a table is decided."""
        self._write_rows(frame.sparkSession, frame.toArrow(), batch_id)

    def parts(self, frame: DataFrame, batch_id: int) -> Parts[int]:
        """Take a micro-batch apart into its alerts that stand in no table, by the rows of their facts."""
        session, whole = frame.sparkSession, frame.toArrow()
        table = whole.filter(pa.array(~self.places.held(whole))).sort_by([(name, "ascending") for name in KAFKA_KEY])
        return Parts(
            items=range(table.num_rows),
            do=lambda rows: self._write_rows(session, table.take(pa.array(rows)), batch_id),
            set_aside=lambda blamed: self._set_aside(session, table, blamed),
            before=int(Places([Held(self.paths["silver"])]).held(whole).sum()),
        )

    def _write_rows(self, session: SparkSession, table: pa.Table, batch_id: int) -> int:
        """Write alerts that stand in no table; return how many went to silver."""
        table = table.filter(pa.array(~self.places.held(table)))
        if not table.num_rows:
            return 0
        try:
            accepted = self._write(session, table, batch_id)
            self.places.advance(one for one, _ in ranges_of(table))
        except BaseException:
            self.places.reset()
            self.seen.clear()
            raise
        return accepted

    def _write(self, session: SparkSession, table: pa.Table, batch_id: int) -> int:
        """Decide of alerts that stand in no table, and write them; return how many went to silver."""
        now, batch = dt.datetime.now(dt.UTC), triage(table, self.seen, self.codes)
        self._append(session, "quarantine", quarantine_rows(batch, self.spec.stage, now))
        self._append(session, "rejected", rejected_rows(batch, now))
        if batch.accepted.any():
            accepted = batch.rows(batch.accepted)
            append(self._silver(accepted, session, now), self.paths["silver"])
            self.cost.note(accepted["night"])
        record(batch, self.seen, self.codes)
        logger.info(
            "enriched stream=%s batch_id=%d bronze=%d silver=%d rejected=%d repeats=%d quarantine=%d",
            self.spec.name, batch_id, table.num_rows, batch.accepted.sum(), batch.rejected.sum(),
            batch.repeated.sum(), batch.quarantined.sum(),
        )  # fmt: skip
        return int(batch.accepted.sum())

    def _set_aside(self, session: SparkSession, table: pa.Table, blamed: Sequence[Blamed[int]]) -> None:
        """Put alerts that the code raised on into quarantine."""
        chosen = table.take(pa.array([one.item for one in blamed], pa.int64()))
        reasons = [sentence_of(one.error) for one in blamed]
        rows = unforeseen_rows(chosen, reasons, self.spec.stage, dt.datetime.now(dt.UTC))
        self._append(session, "quarantine", rows)
        self.places.reset()
        for row in rows.select(["alert_id", *KAFKA_KEY, "reason"]).to_pylist():
            logger.error("alert set aside stream=%s %s", self.spec.name, row)

    def _append(self, session: SparkSession, name: str, rows: pa.Table) -> None:
        """Append rows that the driver holds; none is no commit."""
        if not rows.num_rows:
            return
        schema = spark_schema(self.tables[name])
        append(session.createDataFrame(rows.select(schema.names), schema=schema).coalesce(1), self.paths[name])

    def _silver(self, rows: pa.Table, session: SparkSession, now: dt.datetime) -> DataFrame:
        """Read the packets of the accepted alerts and run the science on them, in one pass."""
        rows = rows.append_column("enrich_time", pa.array([now] * rows.num_rows, type=TIMESTAMP))
        return self.silver.frame(session, rows)


def append(rows: DataFrame, path: Path) -> None:
    """Append rows; what tells that they stand there is their places."""
    rows.write.format("delta").mode("append").save(str(path))


def load_night(session: SparkSession, paths: Mapping[str, Path], night: int, codes: TopicCodes) -> Arrivals:
    """Read the first arrivals of a night (days since 1970-01-01) from silver and rejected."""
    columns = ("alert_id", "kafka_topic", "kafka_partition", "kafka_offset")
    date = F.lit(UNIX_EPOCH_DATE + dt.timedelta(days=night))
    silver = session.read.format("delta").load(str(paths["silver"]))
    rejected = session.read.format("delta").load(str(paths["rejected"])).where(~F.col("is_repeat"))
    found = [frame.where(F.col("night") == date).select(*columns) for frame in (silver, rejected)]
    return arrivals_of(found[0].unionByName(found[1]).toArrow(), codes)
