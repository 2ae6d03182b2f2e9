"""`fink notices`: what is told of nights and filters, to whom, and what became of it."""

from dataclasses import asdict
from typing import Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, say
from fink_lib.cli.tables import Column, json_option, write_rows

app = typer.Typer(no_args_is_help=True)
COLUMNS = (
    Column("at", title="at (UTC)"),
    Column("subscription", is_id=True),
    Column("subject"),
    Column("action", title="state"),
    Column("attempts", title="tries"),
    Column("error"),
    *(Column(name, only_json=True) for name in ("key", "survey", "night", "text", "facts", "alert_ids", "steps")),
)


@app.command("list")
def list_(*, home: HomeOption = None, as_json: Annotated[bool, json_option(COLUMNS)] = False) -> None:
    """List every notice and how it stands."""
    from fink_lib.notices.outbox import entries

    rows = [asdict(one) for one in entries(load_settings(home).lake)]
    write_rows(COLUMNS, rows, as_json=as_json, empty="no notice yet: FINK_NOTICES names a file of subscriptions")


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
