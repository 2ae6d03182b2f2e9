"""The tables that a night is made of, and the versions that they are in, out of their logs: no JVM."""

from collections.abc import Mapping
from enum import StrEnum

from deltalake.exceptions import TableNotFoundError

from fink_lib.lake.delta import delta_table
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath


class Table(StrEnum):
    """The tables that a night is made of; each name is what result files call it."""

    BRONZE = "bronze"
    QUARANTINE = "quarantine"
    SILVER = "silver"
    REJECTED = "rejected"
    PUBLISHED = "published"


def table_version(path: LakePath) -> int | None:
    """Return the newest version of a Delta table, None where there is no table."""
    try:
        return int(delta_table(path).version())
    except TableNotFoundError:
        return None


def table_versions(specs: Mapping[Table, TableSpec], lake: LakePath) -> dict[str, int | None]:
    """Return the newest version of each table by the name in result files.

    Parameters
    ----------
    specs
        The tables.
    lake
        Root folder of the tables.

    Returns
    -------
    None for a table that does not exist.
    """
    return {str(table): table_version(spec.path(lake)) for table, spec in specs.items()}
