"""Load a catalogue file as the next version of its table; the same file twice changes nothing."""

import datetime as dt
import logging
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from fink_lib import __version__
from fink_lib.catalogs.changes import changed_cells
from fink_lib.catalogs.sorting import in_order
from fink_lib.catalogs.sources import CatalogFile
from fink_lib.catalogs.standard import Written, digest, write_standard
from fink_lib.catalogs.versions import CatalogVersion, catalog_versions, record_version
from fink_lib.catalogs.writing import ROWS_PER_FILE, commit, write_files
from fink_lib.config import Settings
from fink_lib.lake.small import ensure_whole
from fink_lib.lake.tables.catalogs import gold_catalog
from fink_lib.locks import locked
from fink_lib.storage import LakePath

logger = logging.getLogger(__name__)


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


def load_catalog_table(settings: Settings, file: CatalogFile, *, again: bool = False) -> Loaded:
    """Load a catalogue; two loads of one catalogue wait for each other.

    With ``again`` a file that is in force already is written once more: the table's own files were damaged.

    A crash leaves at the worst a table version that no row of ``gold__catalogs`` names: nobody reads it, and the
    next load writes a newer one.

    Parameters
    ----------
    settings
        Of the broker: lake and home.
    file
        Files of the catalogue, and how they are read.
    again
        True writes a file that is in force once more.

    Raises
    ------
    ConfigError
        When the file cannot be read, or not as a catalogue.
    """
    with locked(settings.home / "catalogs" / f"{file.name}.lock"):
        content = digest(file)
        versions = catalog_versions(settings.lake, file.name)
        last = versions[-1] if versions else None
        if last is not None and not again and last.sha256 == content and last.radius_arcsec == file.radius_arcsec:
            return Loaded(last, is_new=False)
        return Loaded(_load(settings, file, content, last, again=again), is_new=True)


def _load(
    settings: Settings, file: CatalogFile, content: str, last: CatalogVersion | None, *, again: bool
) -> CatalogVersion:
    with tempfile.TemporaryDirectory(prefix="catalog-", dir=settings.home) as scratch:
        written, delta_version = _replace(settings.lake, file, Path(scratch))
    version = _version(file, content, last, written, delta_version)
    # What cannot be read cannot be compared: all of the sky is matched again.
    changed = None if last is None or again else _changed(settings.lake, last, version)
    row = replace(version, changed_cells=changed)
    record_version(settings.lake, row)
    logger.info("catalogue loaded name=%s version=%d rows=%d", row.name, row.version, row.rows)
    return row


def _replace(lake: LakePath, file: CatalogFile, scratch: Path) -> tuple[Written, int]:
    """Put the rows of a file in the place of those of its table; return what was written, and the table's version."""
    spec, standard = gold_catalog(file.name), scratch / f"{file.name}.parquet"
    written = write_standard(file, standard)
    ensure_whole(spec, lake)
    files = write_files(in_order(standard, scratch, ROWS_PER_FILE), spec.path(lake))
    return written, commit(spec, lake, files)


def _version(
    file: CatalogFile, content: str, last: CatalogVersion | None, written: Written, delta_version: int
) -> CatalogVersion:
    return CatalogVersion(
        name=file.name,
        version=1 if last is None else last.version + 1,
        delta_version=delta_version,
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


def _changed(lake: LakePath, last: CatalogVersion, new: CatalogVersion) -> list[int] | None:
    """Return the cells in which two versions differ; None, which stands for all, when the radius did."""
    if last.radius_arcsec != new.radius_arcsec:
        return None
    return changed_cells(gold_catalog(new.name).path(lake), last.delta_version, new.delta_version)
