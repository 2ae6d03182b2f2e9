"""Append-only tables of a few rows, written by delta-rs: no JVM is started to note something down."""

import datetime as dt
from dataclasses import asdict, dataclass

import pyarrow.compute as pc

from fink_lib.errors import LakeError
from fink_lib.lake.small import append_rows, read_rows
from fink_lib.lake.tables.catalogs import gold_catalogs
from fink_lib.storage import LakePath


@dataclass(frozen=True)
class CatalogVersion:
    """One version of a catalogue: a row of ``gold__catalogs``, column by column.

    Attributes
    ----------
    version
        1, 2, …; the highest is in force.
    delta_version
        Version of ``gold__catalog_<name>`` that holds it.
    sha256
        Of the files and of how they were read.
    changed_cells
        Cells of order 5 that differ from the version before; None where all may: of a first, say, or another radius.
    """

    name: str
    version: int
    delta_version: int
    sha256: str
    rows: int
    without_position: int
    radius_arcsec: float
    file: str
    source_version: str
    reference: str
    loaded_at: dt.datetime
    code_version: str
    changed_cells: list[int] | None


def catalog_versions(lake: LakePath, name: str | None = None) -> list[CatalogVersion]:
    """Return the versions of one catalogue, or of all, oldest first.

    Parameters
    ----------
    lake
        Root folder of the tables.
    name
        Of the catalogue; all when not given.
    """
    condition = None if name is None else pc.field("name") == name
    rows = [CatalogVersion(**row) for row in read_rows(gold_catalogs(), lake, condition)]
    return sorted(rows, key=lambda row: (row.name, row.version))


def catalogs_in_force(lake: LakePath) -> dict[str, CatalogVersion]:
    """Return the highest version of each catalogue that was loaded."""
    return {row.name: row for row in catalog_versions(lake)}


def in_force(lake: LakePath, name: str) -> CatalogVersion:
    """Return the highest version of a catalogue.

    Parameters
    ----------
    lake
        Root folder of the tables.
    name
        Of the catalogue.

    Raises
    ------
    LakeError
        When it was never loaded.
    """
    versions = catalog_versions(lake, name)
    if not versions:
        raise LakeError(f"catalogue '{name}' is not in the lake: load it with `fink catalogs load {name}`")
    return versions[-1]


def record_version(lake: LakePath, row: CatalogVersion) -> None:
    """Note a version down.

    Parameters
    ----------
    lake
        Root folder of the tables.
    row
        The version; its Delta version must be there already.
    """
    append_rows(gold_catalogs(), lake, [asdict(row)])
