"""`fink users add|list|link|kafka|grant|withdraw|revoke`."""

from typing import TYPE_CHECKING, Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.settled import settle_kafka
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.config import Settings

if TYPE_CHECKING:
    from fink_lib.accounts.store import Store

app = typer.Typer(no_args_is_help=True)
COLUMNS = (
    Column("person", is_id=True),
    Column("email"),
    Column("groups", shown=", ".join),
    Column("rights", shown=", ".join),
    Column("revoked", shown=lambda is_revoked: "revoked" if is_revoked else ""),
    Column("subject", only_json=True),
)
PersonArgument = Annotated[str, typer.Argument(help="Name of the person.")]
RightArgument = Annotated[str, typer.Argument(help="Right, as in ztf:partnership.")]


def store_of(settings: Settings) -> "Store":
    """Return the accounts of a home."""
    from fink_lib.accounts.store import Store

    return Store(settings.home)


@app.command()
def add(
    person: PersonArgument,
    *,
    email: Annotated[str, typer.Option(help="Mail address.")] = "",
    subject: Annotated[
        str | None,
        typer.Option(help="Subject at the issuer FINK_OIDC_ISSUER: who logs in there as this is the person."),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Add a person: without groups and rights, who sees what anybody sees."""
    from fink_lib.accounts import people
    from fink_lib.errors import ConfigError

    settings = load_settings(home)
    if subject is not None and not settings.oidc_issuer:
        raise ConfigError("--subject needs FINK_OIDC_ISSUER: it is a name at an issuer")
    issuer = settings.oidc_issuer.rstrip("/") if subject is not None else None
    people.add(store_of(settings), person, email, issuer, subject)
    say(f"person '{person}' added; `fink users link {person}` makes a link to log in with")


@app.command("list")
def list_people(home: HomeOption = None, as_json: Annotated[bool, json_option(COLUMNS)] = False) -> None:
    """List the people, their groups and what they may see; rights of their groups among them."""
    from fink_lib.accounts import people

    rows = people.everyone(store_of(load_settings(home)))
    write_rows(COLUMNS, rows, as_json=as_json, empty="no person yet: `fink users add NAME`")


@app.command()
def link(
    person: PersonArgument,
    *,
    hours: Annotated[float, typer.Option(min=0.01, max=720, help="How long the link can be used.")] = 1.0,
    home: HomeOption = None,
) -> None:
    """Print a link by which a person logs in, once; hand it over by a way that only he reads."""
    from fink_lib.accounts.sessions import make_link
    from fink_lib.host.api import address_of

    settings = load_settings(home)
    secret = make_link(store_of(settings), person, hours * 3600.0)
    say(f"{address_of(settings)}/login/link?key={secret}")
    note(f"it works once, within {hours:g} h; who has it is '{person}'")


@app.command()
def kafka(
    person: PersonArgument,
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: user, password and address.")] = False,
) -> None:
    """Make the account in Kafka of a person, for topics of private tables; or give it another password."""
    from fink_lib.cli.json_text import json_text
    from fink_lib.host.stack import connected, has_own_kafka, local_kafka
    from fink_lib.served.results.names import kafka_account
    from fink_lib.served.results.readers import make_account

    settings = connected(load_settings(home))
    password, user = make_account(settings, person), kafka_account(person)
    where = local_kafka(settings).users if has_own_kafka(settings) else settings.kafka_bootstrap
    if as_json:
        print(json_text({"user": user, "password": password, "address": where}))
        return
    say(f"user '{user}': password {password} (shown only now)")
    say(f"SCRAM-SHA-512 at {where}; group '{user}' or one that begins with '{user}_'")


@app.command()
def grant(person: PersonArgument, right: RightArgument, home: HomeOption = None) -> None:
    """Give a person a right to rows that are not public."""
    from fink_lib.accounts import people

    settings = load_settings(home)
    people.grant(store_of(settings), people.PERSON, person, right)
    settle_kafka(settings)
    say(f"person '{person}' has the right {right}")


@app.command()
def withdraw(person: PersonArgument, right: RightArgument, home: HomeOption = None) -> None:
    """Take a right back."""
    from fink_lib.accounts import people

    settings = load_settings(home)
    people.withdraw(store_of(settings), people.PERSON, person, right)
    settle_kafka(settings)
    say(f"person '{person}' has no longer the right {right}")


@app.command()
def revoke(person: PersonArgument, home: HomeOption = None) -> None:
    """End a person's sessions, links, tokens, groups and rights; the name stays taken."""
    from fink_lib.accounts import people

    settings = load_settings(home)
    people.revoke(store_of(settings), person)
    settle_kafka(settings)
    say(f"person '{person}' is revoked")
