"""Groups: who belongs to one, and who administers it."""

import re
import sqlite3

from fink_lib.accounts.people import GROUP, PERSON, require
from fink_lib.accounts.store import Store, check_name
from fink_lib.errors import AccountError


def in_sql(name: str) -> str:
    """Return the name of an account as the name of a schema in SQL can have it: what it cannot have becomes ``_``."""
    return re.sub(r"[^a-z0-9_]", "_", name)


def add(store: Store, name: str, meaning: str = "") -> None:
    """Add a group.

    Parameters
    ----------
    store
        Where.
    name
        Name of the group.
    meaning
        What it is, in a few words; empty for nothing to say.

    Raises
    ------
    AccountError
        When there is one of that name, or of one that SQL cannot tell from it, or the name cannot be used.
    """
    with store.writing() as accounts:
        for (other,) in accounts.execute("SELECT name FROM groups").fetchall():
            if other != name and in_sql(other) == in_sql(name):
                raise AccountError(f"group '{name}' would have the tables of '{other}' in SQL: choose another name")
        try:
            row = (check_name(name, GROUP), meaning, store.clock())
            accounts.execute("INSERT INTO groups VALUES (?, ?, ?)", row)
        except sqlite3.IntegrityError as error:
            raise AccountError(f"there is a group '{name}' already") from error
        store.note(accounts, "group added", name)


def join(store: Store, group: str, person: str, *, is_admin: bool = False) -> None:
    """Put a person into a group, or change whether he administers it.

    Parameters
    ----------
    store
        Where.
    group
        Name of the group.
    person
        Name of somebody who was not revoked.
    is_admin
        Whether he administers it; False takes that back.

    Raises
    ------
    AccountError
        When there is no such group or person.
    """
    with store.writing() as accounts:
        require(accounts, GROUP, group)
        require(accounts, PERSON, person)
        accounts.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?)", (group, person, is_admin))
        store.note(accounts, "administers" if is_admin else "joined", f"group {group} person {person}")


def leave(store: Store, group: str, person: str) -> None:
    """Take a person out of a group.

    Parameters
    ----------
    store
        Where.
    group
        Name of the group.
    person
        Name of the person.

    Raises
    ------
    AccountError
        When he does not belong to it.
    """
    with store.writing() as accounts:
        gone = accounts.execute("DELETE FROM members WHERE group_name = ? AND person = ?", (group, person))
        if not gone.rowcount:
            raise AccountError(f"person '{person}' does not belong to group '{group}'")
        store.note(accounts, "left", f"group {group} person {person}")


def everyone(store: Store) -> list[dict[str, object]]:
    """Return all groups: ``group``, ``meaning``, ``admins``, ``members`` (admins too), ``rights``."""
    with store.reading() as accounts:
        found = []
        for row in accounts.execute("SELECT * FROM groups ORDER BY name").fetchall():
            name = row["name"]
            query = "SELECT person, is_admin FROM members WHERE group_name = ? ORDER BY person"
            members = accounts.execute(query, (name,)).fetchall()
            held = "SELECT right_name FROM rights WHERE holder_kind = 'group' AND holder = ? ORDER BY right_name"
            rights = [one["right_name"] for one in accounts.execute(held, (name,))]
            admins = [one["person"] for one in members if one["is_admin"]]
            people = [one["person"] for one in members]
            found.append({"group": name, "meaning": row["meaning"], "admins": admins, "members": people,
                          "rights": rights})  # fmt: skip
        return found
