"""Who speaks and reads at a terminal: an account of the home, or the operator, who sees all."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fink_lib.community.people import Person
    from fink_lib.config import Settings

As = Annotated[str, typer.Option("--as", help="Account that speaks or reads; the broker's operator sees all.")]


def person(settings: "Settings", name: str) -> "Person":
    """Return an account with its groups and rights."""
    from fink_lib.accounts import people
    from fink_lib.accounts.store import Store
    from fink_lib.community.people import Person

    store = Store(settings.home)
    with store.reading() as accounts:
        people.require(accounts, people.PERSON, name)
        groups = people.groups_of(accounts, name)
        admin_of = frozenset(group for group, is_admin in groups.items() if is_admin)
        return Person(name, frozenset(groups), admin_of, frozenset(people.rights_of(accounts, name)))


def reader(settings: "Settings", name: str) -> "Person":
    """Return who reads: an account, or where none is named the operator, who sees all."""
    from fink_lib.community.log import Log
    from fink_lib.community.watching import broker_of

    return person(settings, name) if name else broker_of(Log.of(settings).now())
