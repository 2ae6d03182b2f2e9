"""`fink groups add|list|join|leave|grant|withdraw`."""

from typing import Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, say
from fink_lib.cli.settled import settle_kafka
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.cli.users import PersonArgument, RightArgument, store_of

app = typer.Typer(no_args_is_help=True)
COLUMNS = (
    Column("group", is_id=True),
    Column("meaning"),
    Column("admins", shown=", ".join),
    Column("members", shown=", ".join),
    Column("rights", shown=", ".join),
)
GroupArgument = Annotated[str, typer.Argument(help="Name of the group.")]


@app.command()
def add(
    group: GroupArgument,
    *,
    meaning: Annotated[str, typer.Option(help="What it is for.")] = "",
    home: HomeOption = None,
) -> None:
    """Add a group."""
    from fink_lib.accounts import groups

    groups.add(store_of(load_settings(home)), group, meaning)
    say(f"group '{group}' added; `fink groups join {group} PERSON --admin` gives it somebody who administers it")


@app.command("list")
def list_groups(home: HomeOption = None, as_json: Annotated[bool, json_option(COLUMNS)] = False) -> None:
    """List the groups, who belongs to them, and their rights."""
    from fink_lib.accounts import groups

    rows = groups.everyone(store_of(load_settings(home)))
    write_rows(COLUMNS, rows, as_json=as_json, empty="no group yet: `fink groups add NAME`")


@app.command()
def join(
    group: GroupArgument,
    person: PersonArgument,
    *,
    admin: Annotated[bool, typer.Option("--admin", help="The person administers the group.")] = False,
    home: HomeOption = None,
) -> None:
    """Put a person into a group, or change whether the person administers it."""
    from fink_lib.accounts import groups

    settings = load_settings(home)
    groups.join(store_of(settings), group, person, is_admin=admin)
    settle_kafka(settings)
    say(f"person '{person}' {'administers' if admin else 'belongs to'} group '{group}'")


@app.command()
def leave(group: GroupArgument, person: PersonArgument, home: HomeOption = None) -> None:
    """Take a person out of a group."""
    from fink_lib.accounts import groups

    settings = load_settings(home)
    groups.leave(store_of(settings), group, person)
    settle_kafka(settings)
    say(f"person '{person}' has left group '{group}'")


@app.command()
def grant(group: GroupArgument, right: RightArgument, home: HomeOption = None) -> None:
    """Give a right to everybody in a group."""
    from fink_lib.accounts import people

    settings = load_settings(home)
    people.grant(store_of(settings), people.GROUP, group, right)
    settle_kafka(settings)
    say(f"group '{group}' has the right {right}")


@app.command()
def withdraw(group: GroupArgument, right: RightArgument, home: HomeOption = None) -> None:
    """Take a right of a group back."""
    from fink_lib.accounts import people

    settings = load_settings(home)
    people.withdraw(store_of(settings), people.GROUP, group, right)
    settle_kafka(settings)
    say(f"group '{group}' has no longer the right {right}")
