"""People: added, bound to an identity of an issuer, revoked; and what each may, over all groups."""

import re
import sqlite3
from collections.abc import Iterable

from fink_lib.accounts.store import Store, check_name, check_right
from fink_lib.errors import AccountError

PERSON, GROUP = "person", "group"
RESERVED = frozenset({"broker", "tns"})  # who speak in the log of the community and are no people
HOLDERS = {PERSON: "people", GROUP: "groups"}


def add(store: Store, name: str, email: str = "", issuer: str | None = None, subject: str | None = None) -> None:
    """Add a person.

    Parameters
    ----------
    store, name, email
        Where, and who.
    issuer, subject
        Identity that this person logs in with; None for login links alone.

    Raises
    ------
    AccountError
        When there is one of that name or identity, or the name cannot be used.
    """
    if name in RESERVED:
        raise AccountError(f"'{name}' is the name of no person: the broker itself speaks by it")
    with store.writing() as accounts:
        row = (check_name(name, PERSON), email, issuer, subject, store.clock())
        try:
            accounts.execute("INSERT INTO people VALUES (?, ?, ?, ?, ?, NULL)", row)
        except sqlite3.IntegrityError as error:
            raise AccountError(f"there is a person '{name}' already, or one of that identity") from error
        store.note(accounts, "person added", name)


def of_identity(store: Store, issuer: str, subject: str, wish: str, email: str) -> str:
    """Return the person of an identity that an issuer vouches for; a new one is added.

    Parameters
    ----------
    store
        Where.
    issuer, subject
        The identity.
    wish
        Name for a new person; characters that a name cannot have are replaced, and a number follows a name that is
        taken.
    email
        Of a new person; that of a known one stays.

    Raises
    ------
    AccountError
        When the person was revoked.
    """
    with store.writing() as accounts:
        found = accounts.execute("SELECT * FROM people WHERE issuer = ? AND subject = ?", (issuer, subject)).fetchone()
        if found is not None:
            if found["revoked_at"] is not None:
                raise AccountError(f"person '{found['name']}' was revoked")
            return str(found["name"])
        taken = {row["name"] for row in accounts.execute("SELECT name FROM people")} | RESERVED
        name = next(one for one in _names(wish) if one not in taken)
        accounts.execute(
            "INSERT INTO people VALUES (?, ?, ?, ?, ?, NULL)", (name, email, issuer, subject, store.clock())
        )
        store.note(accounts, "person added by issuer", name)
        return name


def _names(wish: str) -> Iterable[str]:
    base = re.sub(r"[^a-z0-9_.-]+", "-", wish.lower())[:48].strip("-._") or PERSON
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1


def revoke(store: Store, name: str) -> None:
    """Take everything from a person: sessions, links, tokens, groups and rights end at once.

    Parameters
    ----------
    store
        Where.
    name
        Name of the person, not revoked yet.

    Raises
    ------
    AccountError
        When there is no such person.
    """
    with store.writing() as accounts:
        require(accounts, PERSON, name)
        now = store.clock()
        accounts.execute("UPDATE people SET revoked_at = coalesce(revoked_at, ?) WHERE name = ?", (now, name))
        accounts.execute("UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE owner = ?", (now, name))
        accounts.execute("UPDATE sessions SET ended_at = coalesce(ended_at, ?) WHERE person = ?", (now, name))
        accounts.execute("UPDATE links SET used_at = coalesce(used_at, ?) WHERE person = ?", (now, name))
        accounts.execute("DELETE FROM members WHERE person = ?", (name,))
        accounts.execute("DELETE FROM rights WHERE holder_kind = ? AND holder = ?", (PERSON, name))
        store.note(accounts, "person revoked", name)


def grant(store: Store, kind: str, holder: str, right: str) -> None:
    """Give a right to a person or a group.

    Parameters
    ----------
    store
        Where.
    kind
        `PERSON` or `GROUP`.
    holder
        Name of the person or group.
    right
        As ``ztf:partnership``.

    Raises
    ------
    AccountError
        When there is no such holder, or it is no right.
    """
    with store.writing() as accounts:
        require(accounts, kind, holder)
        accounts.execute("INSERT OR IGNORE INTO rights VALUES (?, ?, ?)", (kind, holder, check_right(right)))
        store.note(accounts, "right granted", f"{kind} {holder} {right}")


def withdraw(store: Store, kind: str, holder: str, right: str) -> None:
    """Take a right back.

    Parameters
    ----------
    store
        Where.
    kind
        `PERSON` or `GROUP`.
    holder
        Name of the person or group.
    right
        Granted to this very holder: what a person has by a group is taken from the group.

    Raises
    ------
    AccountError
        When it was not granted.
    """
    with store.writing() as accounts:
        gone = accounts.execute("DELETE FROM rights WHERE holder_kind = ? AND holder = ? AND right_name = ?",
                                (kind, holder, right))  # fmt: skip
        if not gone.rowcount:
            raise AccountError(f"{kind} '{holder}' has no right '{right}' of its own")
        store.note(accounts, "right withdrawn", f"{kind} {holder} {right}")


def everyone(store: Store) -> list[dict[str, object]]:
    """Return all people: ``person``, ``email``, ``subject``, ``groups``, ``rights`` (of groups too), ``revoked``."""
    with store.reading() as accounts:
        rows = accounts.execute("SELECT * FROM people ORDER BY name").fetchall()
        return [
            {
                "person": row["name"],
                "email": row["email"],
                "subject": row["subject"],
                "groups": sorted(groups_of(accounts, row["name"])),
                "rights": sorted(rights_of(accounts, row["name"])),
                "revoked": row["revoked_at"] is not None,
            }
            for row in rows
        ]


def require(accounts: sqlite3.Connection, kind: str, name: str) -> None:
    """Ask that a person, not revoked, or a group is there.

    Parameters
    ----------
    accounts
        An open store.
    kind
        `PERSON` or `GROUP`.
    name
        Name of the person or group.

    Raises
    ------
    AccountError
        When it is not.
    """
    living = " AND revoked_at IS NULL" if kind == PERSON else ""
    query = f"SELECT 1 FROM {HOLDERS[kind]} WHERE name = ?{living}"  # noqa: S608 - our own names
    if accounts.execute(query, (name,)).fetchone() is None:
        raise AccountError(f"there is no {kind} '{name}'")


def groups_of(accounts: sqlite3.Connection, person: str) -> dict[str, bool]:
    """Return the groups of a person: name → does he administer it.

    Parameters
    ----------
    accounts
        An open store.
    person
        Name of the person; one who is not known has no group.
    """
    rows = accounts.execute("SELECT group_name, is_admin FROM members WHERE person = ?", (person,))
    return {row["group_name"]: bool(row["is_admin"]) for row in rows}


def rights_of(accounts: sqlite3.Connection, person: str) -> set[str]:
    """Return the rights of a person, his groups' among them.

    Parameters
    ----------
    accounts
        An open store.
    person
        Name of the person; one who is not known has no right.
    """
    query = """SELECT right_name FROM rights WHERE (holder_kind = 'person' AND holder = ?) OR (holder_kind = 'group'
               AND holder IN (SELECT group_name FROM members WHERE person = ?))"""
    return {row["right_name"] for row in accounts.execute(query, (person, person))}


def rights_of_group(accounts: sqlite3.Connection, group: str) -> set[str]:
    """Return the rights that a group itself has: all of its members have them.

    Parameters
    ----------
    accounts
        An open store.
    group
        Name of the group; one that is not known has no right.
    """
    rows = accounts.execute("SELECT right_name FROM rights WHERE holder_kind = 'group' AND holder = ?", (group,))
    return {row["right_name"] for row in rows}
