"""`fink transfer`: past alerts to a topic of their own, downloaded by finkctl."""

import getpass
import json
import logging
from typing import Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.tables import Column, json_option, write_rows

app = typer.Typer(no_args_is_help=True)

FirstOption = Annotated[str, typer.Option("--first-night", help="YYYY-MM-DD")]
LastOption = Annotated[str | None, typer.Option("--last-night", help="YYYY-MM-DD, included; the first when not given")]
SurveyOption = Annotated[str, typer.Option(help="Whose alerts.")]
ByOption = Annotated[str, typer.Option("--by", help="filter, class or predicate")]
WhatArgument = Annotated[str, typer.Argument(help="Name of a filter, a class, or a predicate in SQL.")]
ContentOption = Annotated[str, typer.Option(help="full, without_cutouts or columns")]
ColumnOption = Annotated[list[str] | None, typer.Option("--column", help="A column, dotted; may be repeated.")]
NameOption = Annotated[str | None, typer.Option("--name", help="Name of the transfer; made of the request if absent.")]
WhoOption = Annotated[str | None, typer.Option(help="Who asks; your login name when not given.")]
ReasonOption = Annotated[str, typer.Option(help="Kept in the manifest.")]
COLUMNS = (
    Column("transfer_id", is_id=True, title="name"),
    Column("first_night", is_id=True),
    Column("last_night", is_id=True),
    Column("by"),
    Column("what"),
    Column("rows", title="alerts"),
    Column("asked_by"),
    Column("command", is_id=True, title="download"),
)
JsonOption = Annotated[bool, typer.Option("--json", help="Tell as JSON: topic, rows_by_night, lines, and more.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Count what would be sent, send nothing.")]


@app.command()
def send(
    what: WhatArgument,
    *,
    first_night: FirstOption,
    last_night: LastOption = None,
    survey: SurveyOption = "ztf",
    by: ByOption = "filter",
    content: ContentOption = "full",
    column: ColumnOption = None,
    name: NameOption = None,
    who: WhoOption = None,
    reason: ReasonOption = "",
    dry_run: DryOption = False,
    progress: Annotated[bool, typer.Option("--progress", help="Tell on standard error how far it is.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a selection of past alerts; the same command again goes on where it ended."""
    from fink_lib.host.stack import connected
    from fink_lib.transfer.main import answered
    from fink_lib.transfer.request import Content, TransferRequest

    facts = {
        "transfer_id": name, "survey": survey, "first_night": first_night, "last_night": last_night, "by": by,
        "what": what, "content": Content.COLUMNS if column else content, "columns": column,
        "asked_by": who or getpass.getuser(), "reason": reason,
    }  # fmt: skip
    settings = load_settings(home)
    request = TransferRequest.from_json(facts)
    if progress:
        logging.getLogger("fink_lib").setLevel(logging.INFO)
    found = answered(settings if dry_run else connected(settings), request, only_plan=dry_run, say=note)
    for line in [json.dumps(found, default=str)] if as_json else found["lines"]:
        say(line)


@app.command("list")
def list_(
    *,
    home: HomeOption = None,
    as_json: Annotated[bool, json_option(COLUMNS, "a list of manifests with, among others,")] = False,
) -> None:
    """List the transfers that are sealed, and how each is downloaded."""
    folders = sorted((load_settings(home).home / "transfers").glob("*/manifest.json"))
    manifests = [json.loads(path.read_text(encoding="utf-8")) for path in folders]
    write_rows(COLUMNS, manifests, as_json=as_json, empty="no transfer yet: see `fink transfer send --help`")
