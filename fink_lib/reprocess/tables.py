"""The tables that a reprocessing reads and replaces, by short names, without a JVM."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from deltalake import DeltaTable

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.swap import NightFile, night_files
from fink_lib.lake.versions import Table
from fink_lib.storage import on_disk
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import night_specs

READ = (Table.BRONZE, Table.SILVER, Table.REJECTED, Table.QUARANTINE)
REPLACED = (Table.SILVER, Table.REJECTED)
CANDIDATE = "candidate_"  # begins the name of a request's folder of candidate tables


def table_path(settings: Settings, survey: str, table: Table, root: Path | None = None) -> Path:
    """Return the folder of a table in the lake, or under another root.

    Parameters
    ----------
    settings
        Of the broker.
    survey
        Name of the survey.
    table
        Which.
    root
        Folder of tables that is no lake's, of a shadow say; the lake when not given.
    """
    return night_specs(get_survey(survey))[table].path(root or on_disk(settings.lake, "a reprocessing"))


def candidate_path(settings: Settings, survey: str, table: Table, request_id: str) -> Path:
    """Return the folder of a candidate table.

    Of a table that is replaced it lies within the live one's, so that its files can become live where they are. Those
    that releases before 0.2.0 made lie beside the live tables, with those that nothing is replaced by.

    Parameters
    ----------
    settings
        Of the broker.
    survey
        Name of the survey.
    table
        Which.
    request_id
        Whole name of the request.
    """
    beside = table_path(settings, survey, table, on_disk(settings.lake, "a reprocessing") / f"{CANDIDATE}{request_id}")
    if table not in REPLACED or beside.exists():
        return beside
    return table_path(settings, survey, table) / f"{CANDIDATE}{request_id}"


def open_table(path: Path, version: int | None = None) -> DeltaTable:
    """Open a table at a version.

    Parameters
    ----------
    path
        Folder of the table.
    version
        Which; the newest when not given.

    Raises
    ------
    ConfigError
        When there is no such table or version.
    """
    if not is_delta_table(path):
        raise ConfigError(f"there is no table {path.name} in {path.parent}: has this survey ever run here?")
    newest = delta_table(path)
    if version is None or version == newest.version():
        return newest
    if not 0 <= version <= newest.version():
        raise ConfigError(f"table {path.name} has no version {version}: it has 0 to {newest.version()}")
    return delta_table(path, version=version)


def current_version(path: Path) -> int | None:
    """Return the newest version of a table; None where there is none."""
    return int(delta_table(path).version()) if is_delta_table(path) else None


def files_of(path: Path, version: int | None, nights: Collection[dt.date]) -> list[NightFile]:
    """Return the files of some nights at a version; a version of None has none.

    Parameters
    ----------
    path
        Folder of the table.
    version
        Which; there need be no table where it is None.
    nights
        Partitions whose files are returned, sorted by path.
    """
    return [] if version is None else night_files(open_table(path, version), set(nights))


def rows_by_night(files: Sequence[NightFile]) -> dict[str, int]:
    """Count the rows of each night."""
    counts: Counter[str] = Counter()
    for file in files:
        counts[file.night.isoformat()] += file.rows
    return dict(sorted(counts.items()))


def night_predicate(nights: Collection[dt.date]) -> str:
    """Return the SQL condition of some nights."""
    return "night IN (" + ", ".join(f"DATE '{night.isoformat()}'" for night in sorted(nights)) + ")"
