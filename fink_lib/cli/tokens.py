"""`fink tokens add|list|revoke`."""

import datetime as dt
from typing import Annotated

import typer

from fink_lib.accounts.claims import Scope
from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.cli.users import PersonArgument, store_of

app = typer.Typer(no_args_is_help=True)
COLUMNS = (
    Column("token", is_id=True),
    Column("owner", is_id=True),
    Column("name"),
    Column("scopes", shown=", ".join),
    Column("groups", shown=", ".join),
    Column("rights", shown=", ".join),
    Column("expires_at"),
    Column("state"),
)
Names = list[str] | None


@app.command()
def add(
    owner: PersonArgument,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    *,
    write: Annotated[bool, typer.Option("--write", help="It may write too, not only read.")] = False,
    group: Annotated[Names, typer.Option(help="A group of its owner that it acts for; may be given again.")] = None,
    right: Annotated[Names, typer.Option(help="A right of its owner that it has; may be given again.")] = None,
    days: Annotated[float, typer.Option(min=0.01, max=3650, help="How long it holds.")] = 90.0,
    home: HomeOption = None,
) -> None:
    """Print a token for a program; it is shown only now, and kept nowhere."""
    from fink_lib.accounts import tokens

    scopes = (Scope.READ, Scope.WRITE) if write else (Scope.READ,)
    store = store_of(load_settings(home))
    say(tokens.add(store, owner, name, days=days, scopes=scopes, groups=group or (), rights=right or ()))
    note("send it as `Authorization: Bearer`, or as the password of Basic; it is not shown again")


@app.command("list")
def list_tokens(home: HomeOption = None, as_json: Annotated[bool, json_option(COLUMNS)] = False) -> None:
    """List the tokens: whose, what each may, until when."""
    from fink_lib.accounts import tokens

    rows = tokens.everyone(store_of(load_settings(home)))
    told = [{**row, "expires_at": dt.datetime.fromtimestamp(float(str(row["expires_at"])), dt.UTC)} for row in rows]
    write_rows(COLUMNS, told, as_json=as_json, empty="no token yet: `fink tokens add PERSON NAME`")


@app.command()
def revoke(token: Annotated[str, typer.Argument(help="Id of the token, as the list has it.")],
           home: HomeOption = None) -> None:  # fmt: skip
    """Make a token worthless."""
    from fink_lib.accounts import tokens

    tokens.revoke(store_of(load_settings(home)), token)
    say(f"token {token} is revoked")
