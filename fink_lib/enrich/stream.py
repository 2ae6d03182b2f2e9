"""The enrich stream: bronze, without its cutouts, to silver, rejected and quarantine."""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.functions as F
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from fink_lib import __version__
from fink_lib.enrich.cost import CostBook
from fink_lib.enrich.duplicates import Arrivals
from fink_lib.enrich.facts import record_facts
from fink_lib.enrich.replays import Replays
from fink_lib.enrich.rows import TIMESTAMP, quarantine_rows, rejected_rows, unforeseen_rows
from fink_lib.enrich.science import limits_of, science_of
from fink_lib.enrich.seen import SeenNights
from fink_lib.enrich.silver import SilverRows
from fink_lib.enrich.tasks import write_by_tasks
from fink_lib.enrich.triage import (
    TopicCodes,
    arrivals_of,
    record,
    triage,
)
from fink_lib.enrich.triage import facts as triage_facts
from fink_lib.lake.data_files import DataFile, append_rows
from fink_lib.lake.data_files import append as append_files
from fink_lib.lake.delta import delta_table
from fink_lib.lake.places import Held, Places, ranges_of, rows_of_night
from fink_lib.lake.spark.table import ensure_table
from fink_lib.lake.tables import KAFKA_KEY, places_of, quarantine, silver_rejected
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.nights import UNIX_EPOCH_DATE
from fink_lib.objects.partners import NewestPartners
from fink_lib.processes.error_summary import sentence_of
from fink_lib.science.framework.provenance import facts_of
from fink_lib.science.framework.registry import stream_modules
from fink_lib.science.framework.runner import versions
from fink_lib.science.framework.silver import silver_spec
from fink_lib.storage import LakePath
from fink_lib.streams.guard import Guard, Parts
from fink_lib.streams.halves import Blamed
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.requests import Asked
from fink_lib.streams.spec import StreamSpec
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec

logger = logging.getLogger(__name__)

REPLAY = -1  # no batch of the stream: what a person asked for


def plan(session: SparkSession, spec: StreamSpec, survey: Survey, out: Path | None = None) -> StreamPlan:
    """Build the enrich stream of a survey, writing to the lake or, for a shadow of it, under another folder.

    The stream itself carries only what decides where an alert goes. Packets are read once that is decided, and
    only those of the alerts that go to silver. Compaction of bronze changes neither: it commits
    ``dataChange=false``, which a stream passes over, and leaves the files of a batch until they are vacuumed.

    Parameters
    ----------
    session
        Session of the driver; missing tables and catalogues are made.
    spec
        The stream.
    survey
        Whose alerts.
    out
        Root folder of the tables that are written; None writes to the lake, and only then are replays done.
    """
    writer = Enricher.of(session, spec, survey, out)
    source = (
        session.readStream.format("delta")
        .option("maxFilesPerTrigger", spec.settings.max_files_per_batch)
        .load(str(writer.paths["bronze"]))
    )
    cuts = survey.cuts_in_force(spec.settings)

    def facts_of(bronze: DataFrame) -> DataFrame:
        return triage_facts(bronze, cuts, survey.name, writer.gate)

    replays = writer.replays(session) if out is None else None  # what a person asks for is not a shadow's
    if replays is not None:
        replays.run(lambda asked: facts_of(_at(session, writer.paths["bronze"], asked)).toArrow())
    return StreamPlan(
        spec=spec,
        source=facts_of(source),
        write_batch=Guard(spec, writer.write, writer.parts),
        trigger_s=spec.settings.enrich_trigger_s,
        outdated=lambda: replays is not None and replays.are_there,
        beside=writer.partners.refresh,
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
    partners
        Objects of other surveys that this one's are paired with.
    codes
        Integer of each topic.
    """

    spec: StreamSpec
    survey: Survey
    tables: Mapping[str, TableSpec]
    paths: Mapping[str, LakePath]
    silver: SilverRows
    places: Places
    seen: SeenNights
    cost: CostBook
    gate: str
    partners: NewestPartners
    codes: TopicCodes = field(default_factory=TopicCodes)
    _opened: dict[str, DeltaTable] = field(default_factory=dict)

    @classmethod
    def of(cls, session: SparkSession, spec: StreamSpec, survey: Survey, out: Path | None = None) -> "Enricher":
        """Create missing tables, build missing catalogues, note the versions, and return the writer.

        Parameters
        ----------
        session
            Session of the driver.
        spec
            The stream.
        survey
            Whose alerts.
        out
            Root folder of silver, rejected, quarantine and science facts; None for the lake. Bronze is in the lake.
        """
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
            seen=SeenNights(lambda night: load_night(paths, night, codes), spec.paths.root),
            cost=cost,
            gate=science.stamp_gate(),
            partners=NewestPartners(lake, survey.name),
            codes=codes,
        )

    def write(self, frame: DataFrame, batch_id: int) -> None:
        """Write one micro-batch; writing it again changes nothing: what stands in a table is decided.

        Parameters
        ----------
        frame
            What `triage_facts` made of rows of bronze.
        batch_id
            Its number, for the log.
        """
        self._write_rows(frame.sparkSession, frame.toArrow(), batch_id)

    def parts(self, frame: DataFrame, batch_id: int) -> Parts[int]:
        """Take a micro-batch apart into its alerts that stand in no table, by the rows of their facts.

        Parameters
        ----------
        frame
            What `triage_facts` made of rows of bronze.
        batch_id
            Its number, for the log.

        Returns
        -------
        Items are indices into the facts, in the order of their places in Kafka; ``before`` counts what stands in
        silver.
        """
        session, whole = frame.sparkSession, frame.toArrow()
        table = whole.filter(pa.array(~self.places.held(whole))).sort_by([(name, "ascending") for name in KAFKA_KEY])
        keys = places_of(table)
        return Parts(
            items=range(table.num_rows),
            do=lambda rows: self._write_rows(session, table.take(pa.array(rows)), batch_id),
            set_aside=lambda blamed: self._set_aside(table, blamed),
            key=keys.__getitem__,
            before=int(Places([Held(self.paths["silver"])]).held(whole).sum()),
        )

    def replays(self, session: SparkSession) -> Replays:
        """Return what tries alerts again that stand in quarantine."""
        decided = Places([Held(self.paths["silver"]), Held(self.paths["rejected"])])
        return Replays(self.spec, decided, lambda table: self._write_new(session, table, REPLAY))

    def _write_rows(self, session: SparkSession, table: pa.Table, batch_id: int) -> int:
        """Write alerts that stand in no table; return how many went to silver."""
        table = table.filter(pa.array(~self.places.held(table)))
        return self._write_new(session, table, batch_id) if table.num_rows else 0

    def _write_new(self, session: SparkSession, table: pa.Table, batch_id: int) -> int:
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
        self._append("quarantine", quarantine_rows(batch, self.spec.stage, now))
        self._append("rejected", rejected_rows(batch, now))
        if batch.accepted.any():
            accepted = batch.rows(batch.accepted)
            append_files(self._table("silver"), self._files(accepted, session, now))
            self.cost.note(accepted["night"])
        record(batch, self.seen, self.codes)
        logger.info(
            "enriched stream=%s batch_id=%d bronze=%d silver=%d rejected=%d repeats=%d quarantine=%d",
            self.spec.name, batch_id, table.num_rows, batch.accepted.sum(), batch.rejected.sum(),
            batch.repeated.sum(), batch.quarantined.sum(),
        )  # fmt: skip
        return int(batch.accepted.sum())

    def _set_aside(self, table: pa.Table, blamed: Sequence[Blamed[int]]) -> None:
        """Put alerts that the code raised on into quarantine."""
        chosen = table.take(pa.array([one.item for one in blamed], pa.int64()))
        reasons = [sentence_of(one.error) for one in blamed]
        rows = unforeseen_rows(chosen, reasons, self.spec.stage, dt.datetime.now(dt.UTC))
        self._append("quarantine", rows)
        self.places.reset()
        for row in rows.select(["alert_id", *KAFKA_KEY, "reason"]).to_pylist():
            logger.error("alert set aside stream=%s %s", self.spec.name, row)

    def _append(self, name: str, rows: pa.Table) -> None:
        """Append rows that the driver holds; none is no commit."""
        if not rows.num_rows:
            return
        append_rows(self.tables[name], self._table(name), self.paths[name], rows)

    def _files(self, rows: pa.Table, session: SparkSession, now: dt.datetime) -> list[DataFile]:
        """Read the packets of the accepted alerts and run the science on them, in one pass."""
        rows = rows.append_column("enrich_time", pa.array([now] * rows.num_rows, type=TIMESTAMP))
        rows = self.partners.now.beside(rows)
        return write_by_tasks(session.sparkContext, self.silver.task(self.paths["silver"]), rows)

    def _table(self, name: str) -> DeltaTable:
        if name not in self._opened:
            self._opened[name] = delta_table(self.paths[name])
        return self._opened[name]


def _at(session: SparkSession, bronze: LakePath, asked: Sequence[Asked]) -> DataFrame:
    """Return the rows of bronze at some places."""
    rows = (
        session.read.format("delta").load(str(bronze)).where(F.col("night").isin(sorted({one.night for one in asked})))
    )
    topic, partition, offset = (F.col(name) for name in KAFKA_KEY)
    return rows.where(
        reduce(or_, ((topic == one.topic) & (partition == one.partition) & (offset == one.offset) for one in asked))
    )


def load_night(paths: Mapping[str, LakePath], night: int, codes: TopicCodes) -> Arrivals:
    """Read the first arrivals of a night (days since 1970-01-01) from silver and rejected.

    Parameters
    ----------
    paths
        Folders of the tables, by ``silver`` and ``rejected``.
    night
        Days since 1970-01-01.
    codes
        Integers of topics; a topic that is new is added.

    Returns
    -------
    Arrivals in no order.
    """
    date, columns = UNIX_EPOCH_DATE + dt.timedelta(days=night), ("alert_id", *KAFKA_KEY)
    silver = rows_of_night(paths["silver"], date, columns)
    rejected = rows_of_night(paths["rejected"], date, columns, ~pc.field("is_duplicate"))
    return arrivals_of(pa.concat_tables([silver, rejected]), codes)
