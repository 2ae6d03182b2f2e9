"""The run: bronze at a version, through the same code as the stream, to candidate tables beside the live ones."""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyspark.sql.functions as F
import pyspark.sql.types as T
from pyspark.sql import DataFrame, SparkSession

from fink_lib import __version__
from fink_lib.enrich.repeats import Arrivals
from fink_lib.enrich.rows import quarantine_rows, rejected_rows
from fink_lib.enrich.science import limits_of, science_of
from fink_lib.enrich.seen import SeenNights
from fink_lib.enrich.silver import SilverRows
from fink_lib.enrich.triage import FILE, Triage, facts, triage
from fink_lib.errors import ReprocessRefused
from fink_lib.lake.digest import table_digest
from fink_lib.lake.spark.table import append_once, ensure_table, spark_schema
from fink_lib.lake.swap import NightFile
from fink_lib.lake.tables import quarantine, silver_rejected
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.versions import Table
from fink_lib.nights import UNIX_EPOCH_DATE
from fink_lib.packets.spark.fields import with_fields
from fink_lib.reprocess.aside import aside_in, mark_aside, without_aside
from fink_lib.reprocess.folder import JsonObject, RequestFolder
from fink_lib.reprocess.partial import partial_frame
from fink_lib.reprocess.plan import chosen_modules, cuts_in_force
from fink_lib.reprocess.records import KEYS, Record, codes_of, enrich_times, join_records, settle_first_arrivals
from fink_lib.reprocess.tables import files_of, table_path
from fink_lib.science.framework.registry import stream_modules
from fink_lib.science.framework.runner import versions
from fink_lib.science.framework.silver import silver_spec
from fink_lib.streams.spec import Stage
from fink_lib.surveys import Cut, Survey, get_survey
from fink_lib.surveys.tables import bronze_spec

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 100_000  # facts of so many packets in the driver's memory, some 50 MB


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
        Specs by short name.
    """

    session: SparkSession
    folder: RequestFolder
    survey: Survey
    plan: JsonObject
    tables: dict[str, TableSpec]

    @classmethod
    def of(cls, session: SparkSession, folder: RequestFolder) -> "Run":
        """Read the plan and the specs."""
        plan = folder.read("plan")
        survey = get_survey(folder.request().survey)
        tables = {
            "bronze": bronze_spec(survey),
            "silver": silver_spec(survey),
            "rejected": silver_rejected(survey.name),
            "quarantine": quarantine(survey.name),
        }
        return cls(session, folder, survey, plan, tables)

    @property
    def nights(self) -> tuple[dt.date, ...]:
        """Nights that have packets."""
        return tuple(dt.date.fromisoformat(night) for night in self.plan["nights"])

    def live(self, name: Table) -> DataFrame | None:
        """Read a live table at the plan's version; None where there is none."""
        version = self.plan["versions"][str(name)]
        if version is None:
            return None
        path = table_path(self.folder.settings, self.survey.name, name)
        return self.session.read.format("delta").option("versionAsOf", version).load(str(path))


def run(session: SparkSession, folder: RequestFolder, clock: Callable[[], float] = time.monotonic) -> JsonObject:
    """Write the candidate tables; a second run replaces those of the first.

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
    for name in ("silver", "rejected", "quarantine"):
        ensure_table(this.tables[name], session, folder.candidate)
    begin = clock()
    counts = {"alerts": 0, "silver": 0, "rejected": 0, "repeats": 0, "quarantine": 0}
    batch = 0
    for night in this.nights:
        for part in _night(this, night):
            _write(this, part, batch)
            sizes = (part.table.num_rows, part.accepted.sum(), part.rejected.sum(), part.repeated.sum())
            for name, size in zip(counts, (*sizes, part.quarantined.sum()), strict=True):
                counts[name] += int(size)
            batch += 1
        logger.info("reprocessed request=%s night=%s %s", folder.request_id, night, counts)
    work_s = clock() - begin
    digests = {name: table_digest(this.tables[name].path(folder.candidate)) for name in ("silver", "rejected")}
    return {
        **counts,
        "quarantine_live": _set_aside(this),
        "work_s": round(work_s, 3),
        "digests": digests,
        "code_version": __version__,
    }


def _set_aside(this: Run) -> int:
    """Count the alerts of the nights that the stream could not enrich."""
    live = this.live(Table.QUARANTINE)
    if live is None:
        return 0
    return live.where(F.col("night").isin(*this.nights) & (F.col("stage") == str(Stage.ENRICH))).count()


def _check_versions(this: Run) -> None:
    names = chosen_modules(this.folder.request()) or None
    found = versions(stream_modules(this.survey.name, names), this.folder.settings.cache)
    if found != this.plan["science_versions"] or __version__ != this.plan["code_version"]:
        raise ReprocessRefused(
            f"code or catalogues have changed since the plan of {this.folder.request_id}: make the plan again"
        )


def _night(this: Run, night: dt.date) -> Iterator[Triage]:
    """Sort the packets of a night, some files at a time."""
    request, settings = this.folder.request(), this.folder.settings
    cuts = cuts_in_force(this.survey, request, settings)
    path = table_path(settings, this.survey.name, Table.BRONZE)
    files = files_of(path, this.plan["versions"]["bronze"], {night})
    record = _record(this, night)
    usable = (
        facts(_packets(this, path, files, night, ()), (), this.survey.name)
        .where("impossible IS NULL")
        .select(*KEYS)
        .toArrow()
    )
    aside = aside_in(this.live(Table.QUARANTINE), night)
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
    fields = [fld for fld in spark_schema(this.tables["bronze"]) if fld.name != "night"]
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


def _record(this: Run, night: dt.date) -> Record:
    found = {}
    for name, extra in ((Table.SILVER, ()), (Table.REJECTED, ("is_repeat",))):
        columns = (*KEYS, "enrich_time", *extra)
        live = this.live(name)
        if live is None:
            schema = this.tables[str(name)].plain_schema
            found[name] = schema.empty_table().select(columns)
        else:
            found[name] = live.where(F.col("night") == F.lit(night)).select(*columns).toArrow()
    return join_records(found[Table.SILVER], found[Table.REJECTED])


def _write(this: Run, part: Triage, batch: int) -> None:
    """Write one portion; the rows of rejected keep the time that the stream gave them."""
    now = dt.datetime.fromtimestamp(0, dt.UTC)  # no row may hold the time of a run: it is replaced or a dry fact
    rejected = rejected_rows(replace(part, table=part.table.drop_columns("enrich_time")), now)
    times = part.rows(part.rejected | part.repeated)["enrich_time"]
    rejected = rejected.set_column(rejected.schema.get_field_index("enrich_time"), "enrich_time", times)
    for name, rows in (("quarantine", quarantine_rows(part, Stage.ENRICH, now)), ("rejected", rejected)):
        if rows.num_rows:
            schema = spark_schema(this.tables[name])
            frame = this.session.createDataFrame(rows.select(schema.names), schema=schema).coalesce(1)
            _append(this, name, frame, batch)
    if part.accepted.any():
        _append(this, "silver", _silver(this, part.rows(part.accepted)), batch)


def _append(this: Run, name: str, frame: DataFrame, batch: int) -> None:
    app_id = f"reprocess.{this.folder.request_id}.{name}"
    append_once(frame, this.tables[name].path(this.folder.candidate), app_id, batch)


def _silver(this: Run, rows: pa.Table) -> DataFrame:
    lake, cache, limits = this.folder.settings.lake, this.folder.settings.cache, limits_of(this.folder.settings)
    names = chosen_modules(this.folder.request())
    live = this.live(Table.SILVER)
    everything = stream_modules(this.survey.name)
    if names and live is not None:
        return partial_frame(
            this.session, this.survey, this.tables, rows, live=live, names=names, lake=lake, cache=cache, limits=limits
        )
    science = science_of(this.survey, cache, limits=limits)
    silver = SilverRows(this.survey, lake, this.tables, science, versions(everything, cache))
    return silver.frame(this.session, rows)
