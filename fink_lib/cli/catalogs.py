"""`fink catalogs`: the catalogues in the lake and the files that they come from."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from fink_lib.cli.common import HomeOption, load_settings, say
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.config import Settings
from fink_lib.errors import ConfigError

app = typer.Typer(no_args_is_help=True)
CatalogsOption = Annotated[
    Path | None, typer.Option("--from", help="Folder of catalogue files, over the packaged ones [FINK_CATALOGS]")
]
DIGITS_SHOWN = 8
COLUMNS = (
    Column("name", is_id=True),
    Column("state"),
    Column("version"),
    Column("rows"),
    Column("sha256", shown=lambda digits: digits[:DIGITS_SHOWN] + "…"),
    Column("age_days"),
    Column("changed_cells"),
    *(Column(name, only_json=True) for name in ("loaded_at", "radius_arcsec", "source_version", "file", "reference")),
)


@app.command("list")
def show(
    *,
    home: HomeOption = None,
    folder: CatalogsOption = None,
    as_json: Annotated[bool, json_option(COLUMNS)] = False,
) -> None:
    """List the catalogues: version, rows, checksum and age in the lake, and whether the file is newer."""
    rows = overview(load_settings(home, catalogs=folder), dt.datetime.now(dt.UTC))
    write_rows(COLUMNS, rows, as_json=as_json, empty="no catalogue is in the lake, and none has a file")


def overview(settings: Settings, now: dt.datetime) -> list[dict[str, Any]]:
    """Return a row for each catalogue that is in the lake or has a file.

    Its state is ``loaded``, ``newer file``, ``not loaded``, or ``no file`` for one whose file is gone.
    """
    from fink_lib.catalogs.sources import known_files
    from fink_lib.catalogs.standard import digest
    from fink_lib.catalogs.versions import catalogs_in_force

    files, loaded = known_files(settings.catalogs), catalogs_in_force(settings.lake)
    rows = []
    for name in sorted({*files, *loaded}):
        file, version = files.get(name), loaded.get(name)
        if version is None:
            state = "not loaded"
        elif file is None:
            state = "no file"
        else:
            state = "loaded" if digest(file) == version.sha256 else "newer file"
        changed = None if version is None or version.changed_cells is None else len(version.changed_cells)
        rows.append(
            {
                "name": name,
                "state": state,
                "version": version and version.version,
                "rows": version and version.rows,
                "sha256": version and version.sha256,
                "loaded_at": version and version.loaded_at,
                "age_days": version and round((now - version.loaded_at).total_seconds() / 86400.0, 1),
                "changed_cells": changed,
                "radius_arcsec": version.radius_arcsec if version else file and file.radius_arcsec,
                "source_version": version.source_version if version else file and file.version,
                "file": version.file if version else file and ", ".join(path.name for path in file.paths),
                "reference": version.reference if version else file and file.reference,
            }
        )
    return rows


@app.command()
def load(
    names: Annotated[
        list[str] | None, typer.Argument(help="Catalogues; all that have a file when none is named.")
    ] = None,
    *,
    home: HomeOption = None,
    folder: CatalogsOption = None,
    vizier: Annotated[
        str | None,
        typer.Option(help="First fetch the file from this table of VizieR; `declared` for the one that is known."),
    ] = None,
    vizier_url: Annotated[str | None, typer.Option(help="A mirror of VizieR.")] = None,
    airflow: Annotated[
        bool, typer.Option("--airflow", help="Have the DAG `catalogs` do it, with its settings")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Write the tables anew though the files are the same: their own are damaged")
    ] = False,
) -> None:
    """Load catalogue files as new versions and match again the sky that they change; the same file changes nothing."""
    from fink_lib.catalogs.job import sentences
    from fink_lib.catalogs.refresh import chosen_files, refresh
    from fink_lib.cli.dag_run import start_dag

    settings = load_settings(home, catalogs=folder)
    if vizier is not None:
        from_vizier(names or (), vizier, settings, vizier_url)
    chosen_files(settings, names or ())  # a wrong name is said before anything is loaded or a run is started
    if again and (airflow or not names):
        raise ConfigError("--again goes with the names of catalogues, and without --airflow")
    if airflow:
        start_dag(settings, "catalogs", {"names": names or []})
        return
    for one in refresh(settings, names or (), again=again):
        for line in sentences(one):
            say(line)


def from_vizier(names: Sequence[str], table: str, settings: Settings, url: str | None = None) -> None:
    """Fetch the file of one catalogue from VizieR.

    Raises
    ------
    ConfigError
        When not exactly one known catalogue is named.
    """
    from fink_lib.catalogs.known import KNOWN
    from fink_lib.catalogs.vizier import Vizier, fetch

    if len(names) != 1 or names[0] not in KNOWN:
        raise ConfigError(f"name one catalogue to fetch from VizieR: {', '.join(sorted(KNOWN))}")
    vizier = Vizier() if url is None else Vizier(url=url)
    say(f"{names[0]}: {fetch(KNOWN[names[0]], table, settings.catalogs, vizier)}")
