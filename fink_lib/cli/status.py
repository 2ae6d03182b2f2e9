"""`fink status`."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fink_lib.cli.common import HomeOption, load_settings
from fink_lib.cli.tables import narrow_table

if TYPE_CHECKING:
    from fink_lib.host.overview import Overview


def status(
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show services, streams and nights of a home, and how to log in to Airflow."""
    from fink_lib.host.airflow import LocalAirflow
    from fink_lib.host.overview import look
    from fink_lib.host.stack import kafka_doors, local_kafka

    settings = load_settings(home)
    overview = look(settings)
    if as_json:
        print(json.dumps(overview.to_dict(), indent=1))
        return
    console = Console()
    console.print(f"home {overview.home}")
    for title, rows in tables(overview).items():
        console.print(_table(title, rows) if rows else f"{title}: none")
    if local_kafka(settings).is_running():
        console.print(f"Kafka {kafka_doors(settings)}", highlight=False)
    airflow = LocalAirflow(settings)
    if airflow.is_running():
        login = airflow.login
        console.print(f"Airflow {login.url}  user {login.user}  password {login.password}", highlight=False)


def tables(overview: "Overview") -> dict[str, list[dict[str, Any]]]:
    """Split the overview into titled tables; long texts that few need are left to ``--json``."""
    facts = overview.to_dict()
    return {title: [_short(row) for row in facts[title]] for title in ("services", "streams", "nights")}


def _short(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("log", "report") and (key != "error" or value)}


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    return narrow_table(list(dict.fromkeys(name for row in rows for name in row)), rows, title)
