"""`fink status`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fink_lib.cli.common import HomeOption, load_settings, note
from fink_lib.cli.json_text import json_text
from fink_lib.cli.tables import Column, write_rows
from fink_lib.cli.terminal import is_terminal
from fink_lib.config import Settings

if TYPE_CHECKING:
    from fink_lib.host.overview import Overview

IDENTIFIERS = ("name", "night")
TABLES = {
    "services": ("name", "state", "port", "pid"),
    "streams": (
        "name", "state", "pid", "beat_age_s", "batch_id", "rows_total", "rows_per_s", "lag", "restarts", "error"
    ),
    "nights": ("survey", "night", "offered", "bronze", "silver", "rejected", "quarantine", "equation_holds"),
}  # fmt: skip
ALL = ("kind", *dict.fromkeys(name for names in TABLES.values() for name in names), "log", "report")
JSON_HELP = "Print JSON: an object with home, services, streams, nights; the last three are lists of objects with {}."


def status(
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP.format(", ".join(ALL[1:])))] = False,
) -> None:
    """Show services, streams and nights of a home, and how to log in to Airflow.

    Into a pipe it is one list, whose first column says which of the three a row is.
    """
    from fink_lib.host.overview import look

    settings = load_settings(home)
    overview = look(settings)
    if as_json:
        print(json_text(overview.to_dict()))
    elif is_terminal():
        _show(overview)
    else:
        write_rows(columns(ALL), together(overview))
    if not as_json:
        _listeners(settings)


def columns(names: tuple[str, ...]) -> list[Column]:
    """Return columns with these names."""
    return [Column(name, is_id=name in IDENTIFIERS) for name in names]


def together(overview: "Overview") -> list[dict[str, Any]]:
    """Return everything as rows of one list."""
    facts = overview.to_dict()
    return [{"kind": kind.removesuffix("s"), **row} for kind in TABLES for row in facts[kind]]


def _show(overview: "Overview") -> None:
    """Print three tables; long texts that few need are left to a pipe and ``--json``."""
    print(f"home {overview.home}")
    for kind, rows in ((kind, overview.to_dict()[kind]) for kind in TABLES):
        print(f"\n{kind}" if rows else f"\n{kind}: none")
        is_told = any(row.get("error") for row in rows)
        write_rows(columns(tuple(name for name in TABLES[kind] if name != "error" or is_told)), rows)


def _listeners(settings: Settings) -> None:
    from fink_lib.host.airflow import LocalAirflow
    from fink_lib.host.api import LocalApi
    from fink_lib.host.stack import kafka_listeners, local_kafka

    if local_kafka(settings).is_running():
        note(f"Kafka {kafka_listeners(settings)}")
    api = LocalApi(settings)
    if api.is_running():
        note(f"Portal {api.url}/")
        note(f"API {api.url}/api/v1  (routes: {api.url}/docs)")
    airflow = LocalAirflow(settings)
    if airflow.is_running():
        note(f"Airflow {airflow.login.url}  user {airflow.login.user}  password {airflow.login.password}")
