"""The run: bronze at a version, through the same code as the stream, to candidate tables beside the live ones.

Spark says what a cut says, and its tasks read packets, compute and write files, as in the stream. Nothing that it does
is in force before this process commits, once a table and at the end: a run that dies leaves files that no log names.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.functions as F
import pyspark.sql.types as T
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from fink_lib import __version__
from fink_lib.enrich.duplicates import Arrivals
from fink_lib.enrich.rows import quarantine_rows, rejected_rows
from fink_lib.enrich.science import limits_of, science_of
from fink_lib.enrich.seen import SeenNights
from fink_lib.enrich.silver import SilverRows
from fink_lib.enrich.tasks import SilverTask, WritesFiles, write_by_tasks
from fink_lib.enrich.triage import FILE, Triage, facts, triage
from fink_lib.errors import ReprocessRefused
from fink_lib.lake.data_files import DataFile, NightWriter, append
from fink_lib.lake.digest import table_digest
from fink_lib.lake.small import ensure_at, ensure_whole
from fink_lib.lake.spark.table import spark_schema
from fink_lib.lake.swap import NightFile
from fink_lib.lake.tables import quarantine, silver_rejected
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.versions import Table
from fink_lib.nights import UNIX_EPOCH_DATE
from fink_lib.objects.partners import Partners
from fink_lib.packets.spark.fields import with_fields
from fink_lib.reprocess.aside import OF_ENRICH, aside_in, mark_aside, without_aside
from fink_lib.reprocess.folder import JsonObject, RequestFolder
from fink_lib.reprocess.live import Live
from fink_lib.reprocess.old_bronze import readable_bronze
from fink_lib.reprocess.partial import PartialTask, kept_of
from fink_lib.reprocess.pinned_pairs import PAIRS, partners_at
from fink_lib.reprocess.plan import chosen_modules, cuts_in_force
from fink_lib.reprocess.records import KEYS, codes_of, enrich_times, join_records, on_record, settle_first_arrivals
from fink_lib.reprocess.tables import REPLACED, files_of, table_path
from fink_lib.science.framework.registry import stream_modules
from fink_lib.science.framework.runner import versions
from fink_lib.science.framework.silver import silver_spec
from fink_lib.streams.spec import Stage
from fink_lib.surveys import Cut, Survey, get_survey
from fink_lib.surveys.tables import bronze_spec

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 100_000  # facts of so many packets in the driver's memory, some 50 MB
WRITTEN = (Table.SILVER, Table.REJECTED, Table.QUARANTINE)


@dataclass(frozen=True)
class Run:
    """One run over the nights of a request.

    Attributes
    ----------
    session, folder, survey
        Where and what.
    plan
        The plan whose versions are read.
    tables
        Specs of the tables that are read or written.
    """

    session: SparkSession
    folder: RequestFolder
    survey: Survey
    plan: JsonObject
    tables: dict[Table, TableSpec]

    @classmethod
    def of(cls, session: SparkSession, folder: RequestFolder) -> "Run":
        """Read the plan and the specs.

        Parameters
        ----------
        session
            Which does the work.
        folder
            A request that has a plan.
        """
        survey = get_survey(folder.request().survey)
        tables = {
            Table.BRONZE: bronze_spec(survey),
            Table.SILVER: silver_spec(survey),
            Table.REJECTED: silver_rejected(survey.name),
            Table.QUARANTINE: quarantine(survey.name),
        }
        return cls(session, folder, survey, folder.read("plan"), tables)

    @property
    def nights(self) -> tuple[dt.date, ...]:
        """Nights that have packets."""
        return tuple(dt.date.fromisoformat(night) for night in self.plan["nights"])

    @cached_property
    def bronze(self) -> tuple[Path, int]:
        """Folder and version of the table that packets are read from."""
        version = self.plan["versions"][str(Table.BRONZE)]
        return readable_bronze(self.folder.settings, self.survey, version, self.nights, self.folder.candidate)

    @cached_property
    def live(self) -> Live:
        """The live tables at the plan's versions."""
        settings, name = self.folder.settings, self.survey.name
        paths = {table: table_path(settings, name, table) for table in WRITTEN}
        return Live(self.tables, paths, {table: self.plan["versions"][str(table)] for table in WRITTEN})

    @cached_property
    def partners(self) -> Partners:
        """Objects of other surveys that this one's are paired with, at the plan's version."""
        return partners_at(self.folder.settings, self.survey.name, self.plan["versions"].get(PAIRS))

    @cached_property
    def computing(self) -> SilverTask:
        """What a task does with an alert all modules of which run."""
        return self._task(None)

    @cached_property
    def computing_some(self) -> PartialTask:
        """What a task does with an alert of the live table, where some modules run."""
        names, version = chosen_modules(self.folder.request()), self.live.versions[Table.SILVER]
        if version is None:
            raise ReprocessRefused(f"request {self.folder.request_id} keeps values of a table that is not there")
        told = versions(stream_modules(self.survey.name, names), self.folder.settings.cache)
        kept = kept_of(self.survey, self.live.paths[Table.SILVER], version, names, told)
        return PartialTask(self._task(names), kept)

    def _task(self, names: Sequence[str] | None) -> SilverTask:
        settings = self.folder.settings
        science = science_of(self.survey, settings.cache, names, limits=limits_of(settings))
        told = versions(stream_modules(self.survey.name, names), settings.cache)
        short = {str(table): spec for table, spec in self.tables.items()}
        return SilverRows(self.survey, settings.lake, short, science, told).task(self.path(Table.SILVER))

    def path(self, table: Table) -> Path:
        """Return the folder of a candidate table."""
        return self.folder.candidate_of(table)


def run(session: SparkSession, folder: RequestFolder, clock: Callable[[], float] = time.monotonic) -> JsonObject:
    """Write the candidate tables; a second run replaces those of the first.

    Parameters
    ----------
    session
        Which does the work.
    folder
        A request that has a plan.
    clock
        Tells seconds, for the time that the work took.

    Returns
    -------
    JsonObject
        Rows, seconds and the digest of each candidate table.

    Raises
    ------
    ReprocessRefused
        When code or catalogues are no longer those of the plan.
    """
    this = Run.of(session, folder)
    _check_versions(this)
    folder.drop_candidate()
    opened = {table: _made(this, table) for table in WRITTEN}
    begin = clock()
    counts = {"alerts": 0, "silver": 0, "rejected": 0, "repeats": 0, "quarantine": 0}
    writers = {table: NightWriter(this.tables[table], this.path(table)) for table in (Table.REJECTED, Table.QUARANTINE)}
    silver: list[DataFile] = []
    for night in this.nights:
        known = this.live.rows(Table.SILVER, (*KEYS, "enrich_time"), night)
        for part in _night(this, night, known):
            _add_others(this, part, writers)
            silver += _silver(this, part.rows(part.accepted), known)
            sizes = (part.table.num_rows, part.accepted.sum(), part.rejected.sum(), part.repeated.sum())
            for name, size in zip(counts, (*sizes, part.quarantined.sum()), strict=True):
                counts[name] += int(size)
        logger.info("reprocessed request=%s night=%s %s", folder.request_id, night, counts)
    _commit(opened, {Table.SILVER: silver, **{table: writer.close() for table, writer in writers.items()}})
    work_s = clock() - begin
    digests = {str(table): table_digest(this.path(table)) for table in (Table.SILVER, Table.REJECTED)}
    return {
        **counts,
        "quarantine_live": sum(_set_aside(this, night) for night in this.nights),
        "work_s": round(work_s, 3),
        "digests": digests,
        "code_version": __version__,
    }


def _made(this: Run, table: Table) -> DeltaTable:
    """Make an empty candidate table; where it lies within the live one's folder, that one is there first."""
    if table in REPLACED:
        ensure_whole(this.tables[table], this.folder.settings.lake)
    return ensure_at(this.tables[table], this.path(table))


def _set_aside(this: Run, night: dt.date) -> int:
    """Count the alerts of a night that the stream could not enrich."""
    return len(this.live.rows(Table.QUARANTINE, ("alert_id",), night, OF_ENRICH))


def _commit(tables: dict[Table, DeltaTable], files: dict[Table, list[DataFile]]) -> None:
    """Put what was written in force, by one commit a table; silver comes last."""
    for table in (Table.QUARANTINE, Table.REJECTED, Table.SILVER):
        append(tables[table], files[table])


def _check_versions(this: Run) -> None:
    names = chosen_modules(this.folder.request()) or None
    found = versions(stream_modules(this.survey.name, names), this.folder.settings.cache)
    if found != this.plan["science_versions"] or __version__ != this.plan["code_version"]:
        raise ReprocessRefused(
            f"code or catalogues have changed since the plan of {this.folder.request_id}: make the plan again"
        )


def _night(this: Run, night: dt.date, silver: pa.Table) -> Iterator[Triage]:
    """Sort the packets of a night, some files at a time, beside what silver has of it."""
    request, settings = this.folder.request(), this.folder.settings
    cuts = cuts_in_force(this.survey, request, settings)
    path, version = this.bronze
    files = files_of(path, version, {night})
    rejected = this.live.rows(Table.REJECTED, (*KEYS, "enrich_time", "is_duplicate"), night)
    record = join_records(silver, rejected)
    usable = (
        facts(_packets(this, path, files, night, ()), (), this.survey.name)
        .where("impossible IS NULL")
        .select(*KEYS)
        .toArrow()
    )
    aside = aside_in(this.live, night)
    usable = without_aside(usable, aside)
    codes = codes_of(usable, record.first)
    first = settle_first_arrivals(record, usable, codes)
    seen, gate = SeenNights(_only(night, first)), stamp_gate(this)
    for part in _portions(files):
        table = facts(_packets(this, path, part, night, cuts), cuts, this.survey.name, gate).toArrow()
        table = mark_aside(table, aside)
        times = enrich_times(table, record.enriched)
        yield triage(table.append_column("enrich_time", times), seen, codes)


def _only(night: dt.date, first: Arrivals) -> Callable[[int], Arrivals]:
    """Return what loads the first arrivals of one night; no packet of its partition can belong to another."""

    def load(day: int) -> Arrivals:
        if UNIX_EPOCH_DATE + dt.timedelta(days=day) != night:
            raise ReprocessRefused(f"a packet of night {night} says that it belongs to another: bronze is damaged")
        return first

    return load


def stamp_gate(this: Run) -> str:
    """Return the SQL predicate of alerts that bring their stamps."""
    names = chosen_modules(this.folder.request()) or None
    return science_of(this.survey, this.folder.settings.cache, names).stamp_gate()


def _packets(this: Run, path: Path, files: Sequence[NightFile], night: dt.date, cuts: Sequence[Cut]) -> DataFrame:
    """Read packets from the very files of a version: what bronze has become since does not matter.

    A cut may read any field of a packet: of those that bronze has no column of, the bytes are read.
    """
    fields = [fld for fld in spark_schema(this.tables[Table.BRONZE]) if fld.name != "night"]
    names = [str(file.inside(path)) for file in files]
    found = this.session.read.schema(T.StructType(fields)).parquet(*names).withColumn("night", F.lit(night))
    # The file is asked for here: behind Python workers no row knows it any more.
    return with_fields(found.withColumn(FILE, F.input_file_name()), this.survey, this.folder.settings.lake, cuts)


def _portions(files: Sequence[NightFile]) -> Iterator[list[NightFile]]:
    portion: list[NightFile] = []
    for file in files:
        if portion and sum(one.rows for one in portion) + file.rows > ROWS_AT_ONCE:
            yield portion
            portion = []
        portion.append(file)
    if portion:
        yield portion


def _add_others(this: Run, part: Triage, writers: dict[Table, NightWriter]) -> None:
    """Write what does not go to silver; the rows of rejected keep the time that the stream gave them."""
    now = dt.datetime.fromtimestamp(0, dt.UTC)  # no row may hold the time of a run: it is replaced or a dry fact
    rejected = rejected_rows(replace(part, table=part.table.drop_columns("enrich_time")), now)
    times = part.rows(part.rejected | part.repeated)["enrich_time"]
    rejected = rejected.set_column(rejected.schema.get_field_index("enrich_time"), "enrich_time", times)
    for table, rows in ((Table.QUARANTINE, quarantine_rows(part, Stage.ENRICH, now)), (Table.REJECTED, rejected)):
        shape = this.tables[table].plain_schema
        for batch in rows.select(shape.names).cast(shape).to_batches():
            if batch.num_rows:
                writers[table].add(batch)


def _silver(this: Run, rows: pa.Table, known: pa.Table) -> Iterator[DataFile]:
    """Have tasks write accepted alerts; of those that silver knows, some modules alone may be what is new."""
    context, rows = this.session.sparkContext, this.partners.beside(rows)
    parts: list[tuple[WritesFiles, pa.Table]] = [(this.computing, rows)]
    if chosen_modules(this.folder.request()) and len(known):
        old = pa.array(on_record(rows, known))
        parts = [(this.computing_some, rows.filter(old)), (this.computing, rows.filter(pc.invert(old)))]
    for task, alerts in parts:
        if alerts.num_rows:
            yield from write_by_tasks(context, task, alerts)
