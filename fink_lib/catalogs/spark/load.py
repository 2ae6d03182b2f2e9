"""Load a catalogue file as the next version of its table; the same file twice changes nothing."""

import datetime as dt
import logging
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, SparkSession

from fink_lib import __version__
from fink_lib.catalogs.cells import CHANGE_ORDER, TABLE_ORDER
from fink_lib.catalogs.sources import CatalogFile
from fink_lib.catalogs.standard import Written, digest, write_standard
from fink_lib.catalogs.versions import CatalogVersion, catalog_versions, record_version
from fink_lib.config import Settings
from fink_lib.lake.spark.table import ensure_table, read_table
from fink_lib.lake.tables.catalogs import gold_catalog
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.streams.drain import delta_version
from fink_lib.streams.lease import locked

logger = logging.getLogger(__name__)

# Small enough that a night's footprint leaves most files of a large catalogue unread.
ROWS_PER_FILE = 500_000
COLUMNS = ("cell", "source_id", "ra", "dec", "label")


@dataclass(frozen=True)
class Loaded:
    """What a load did.

    Attributes
    ----------
    version
        The version in force now.
    is_new
        False when the file was in force already.
    """

    version: CatalogVersion
    is_new: bool


def load_catalog_table(session: SparkSession, settings: Settings, file: CatalogFile, *, again: bool = False) -> Loaded:
    """Load a catalogue; two loads of one catalogue wait for each other.

    With ``again`` a file that is in force already is written once more: the table's own files were damaged.

    A crash leaves at the worst a table version that no row of ``gold__catalogs`` names: nobody reads it, and the
    next load writes a newer one.
    """
    with locked(settings.home / "catalogs" / f"{file.name}.lock"):
        content = digest(file)
        versions = catalog_versions(settings.lake, file.name)
        last = versions[-1] if versions else None
        if last is not None and not again and last.sha256 == content and last.radius_arcsec == file.radius_arcsec:
            return Loaded(last, is_new=False)
        return Loaded(_load(session, settings, file, content, last, again=again), is_new=True)


def _load(
    session: SparkSession,
    settings: Settings,
    file: CatalogFile,
    content: str,
    last: CatalogVersion | None,
    *,
    again: bool,
) -> CatalogVersion:
    spec = gold_catalog(file.name)
    path = ensure_table(spec, session, settings.lake)
    with tempfile.TemporaryDirectory(prefix="catalog-", dir=settings.home) as scratch:
        standard = Path(scratch) / f"{file.name}.parquet"
        written = write_standard(file, standard)
        write_sorted(session.read.parquet(str(standard)), path, written.rows)
    version = _version(settings, file, content, last, written)
    # What cannot be read cannot be compared: all of the sky is matched again.
    changed = None if last is None or again else _changed(session, settings, spec, last, version)
    row = CatalogVersion(**{**vars(version), "changed_cells": changed})
    record_version(settings.lake, row)
    logger.info("catalogue loaded name=%s version=%d rows=%d", row.name, row.version, row.rows)
    return row


def write_sorted(rows: DataFrame, path: Path, count: int) -> None:
    """Replace a catalogue table by rows sorted by cell, in files that follow each other on the sky."""
    files = math.ceil(count / ROWS_PER_FILE)
    ordered = rows.select(*COLUMNS).repartitionByRange(files, "cell").sortWithinPartitions(*COLUMNS)
    ordered.write.format("delta").mode("overwrite").save(str(path))


def _version(
    settings: Settings, file: CatalogFile, content: str, last: CatalogVersion | None, written: Written
) -> CatalogVersion:
    return CatalogVersion(
        name=file.name,
        version=1 if last is None else last.version + 1,
        delta_version=delta_version(gold_catalog(file.name).path(settings.lake)),
        sha256=content,
        rows=written.rows,
        without_position=written.without_position,
        radius_arcsec=file.radius_arcsec,
        file=", ".join(path.name for path in file.paths),
        source_version=file.version,
        reference=file.reference,
        loaded_at=dt.datetime.now(dt.UTC),
        code_version=__version__,
        changed_cells=None,
    )


def _changed(
    session: SparkSession, settings: Settings, spec: TableSpec, last: CatalogVersion, new: CatalogVersion
) -> list[int] | None:
    """Return the cells in which two versions differ; None, which stands for all, when the radius did."""
    if last.radius_arcsec != new.radius_arcsec:
        return None
    return changed_cells(*(read_table(spec, session, settings.lake, one.delta_version) for one in (last, new)))


def changed_cells(old: DataFrame, new: DataFrame) -> list[int]:
    """Return the cells (order 5, 12,288 at the most) whose sources are not the same in two versions."""
    cell = F.shiftright("cell", 2 * (TABLE_ORDER - CHANGE_ORDER)).alias("at")
    before, after = (_digests(frame, cell, name) for frame, name in ((old, "before"), (new, "after")))
    pairs = before.join(after, "at", "full_outer").where(~F.col("before").eqNullSafe(F.col("after")))
    return [int(row["at"]) for row in pairs.select("at").orderBy("at").collect()]


def _digests(frame: DataFrame, cell: Column, name: str) -> DataFrame:
    # Added, not xor-ed: a source that is there twice must not cancel itself.
    one = F.xxhash64("source_id", "ra", "dec", "label").cast("decimal(20,0)")
    return frame.groupBy(cell).agg(F.struct(F.count("*"), F.sum(one)).alias(name))
