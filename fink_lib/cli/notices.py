"""`fink notices`: what is told of nights and filters, to whom, and what became of it."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fink_lib.cli.common import HomeOption, load_settings, say

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    *, home: HomeOption = None, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List every notice and how it stands."""
    from fink_lib.notices.outbox import entries

    found = entries(load_settings(home).lake)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=1, default=str))
        return
    table = Table("at (UTC)", "subscription", "subject", "state", "tries", "error")
    for one in found:
        table.add_row(
            f"{one.at:%Y-%m-%d %H:%M:%S}", one.subscription, one.subject, one.action, str(one.attempts), one.error
        )
    Console().print(table if found else "no notice yet: FINK_NOTICES names a file of subscriptions")


@app.command()
def deliver(*, home: HomeOption = None) -> None:
    """Deliver what waits, as the DAG `deliver_notices` does."""
    from fink_lib.notices.job import deliver as deliver_now

    say(deliver_now(load_settings(home)))


@app.command()
def check(*, home: HomeOption = None) -> None:
    """Read the file of subscriptions and say what is in it; nothing is sent."""
    from fink_lib.notices.subscriptions import read_subscriptions

    for one in read_subscriptions(load_settings(home).notices):
        say(f"{one.name}: {one.event} of {one.survey} by {one.sink}{'' if one.live else ', kept only (live = false)'}")
