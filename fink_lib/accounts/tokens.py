"""Tokens of programs: shown once, kept as digests, with what they may; never more than their owner may."""

import json
import secrets
from collections.abc import Collection

from fink_lib.accounts.claims import Claims, Scope, Via
from fink_lib.accounts.people import PERSON, groups_of, require, rights_of
from fink_lib.accounts.store import Store, check_name, digest_of
from fink_lib.errors import AccountError

START = "fk_"
SECRET_BYTES = 32
ID_LENGTH = 10
SECONDS_PER_DAY = 86_400.0


def add(
    store: Store,
    owner: str,
    name: str,
    *,
    days: float,
    scopes: Collection[Scope] = (Scope.READ,),
    groups: Collection[str] = (),
    rights: Collection[str] = (),
) -> str:
    """Make a token and return it: it is kept nowhere.

    Parameters
    ----------
    store, owner
        Where, and whose.
    name
        What it is for.
    days
        How long it holds.
    scopes, groups, rights
        What it may; what is not named is not granted. What its owner loses, it loses.

    Raises
    ------
    AccountError
        When there is no such person, or he has less than is asked for.
    """
    with store.writing() as accounts:
        require(accounts, PERSON, owner)
        check_name(name, "token")
        more = [*(set(groups) - set(groups_of(accounts, owner))), *(set(rights) - rights_of(accounts, owner))]
        if more:
            raise AccountError(f"person '{owner}' has no '{min(more)}' that a token could have")
        secret = START + secrets.token_urlsafe(SECRET_BYTES)
        digest, now = digest_of(secret), store.clock()
        told = [json.dumps(sorted(one)) for one in (scopes, groups, rights)]
        row = (digest, digest[:ID_LENGTH], owner, name, *told, now, now + days * SECONDS_PER_DAY)
        accounts.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", row)
        store.note(accounts, "token added", f"{digest[:ID_LENGTH]} of {owner}")
    return secret


def claims_of(store: Store, secret: str) -> Claims | None:
    """Return what a token claims; None where it is none, has expired or was revoked.

    Parameters
    ----------
    store
        Where.
    secret
        What `add` returned.

    Returns
    -------
    At most what the owner has now.
    """
    if not secret.startswith(START):
        return None
    with store.reading() as accounts:
        query = """SELECT t.* FROM tokens t JOIN people p ON p.name = t.owner
                   WHERE t.digest = ? AND t.revoked_at IS NULL AND p.revoked_at IS NULL AND t.expires_at > ?"""
        row = accounts.execute(query, (digest_of(secret), store.clock())).fetchone()
        if row is None:
            return None
        scopes, groups, rights = (frozenset(json.loads(row[name])) for name in ("scopes", "groups", "rights"))
        own = groups_of(accounts, row["owner"])
        admin_of = frozenset(group for group, is_admin in own.items() if is_admin and group in groups)
        held = rights & rights_of(accounts, row["owner"])
        known = frozenset(Scope(one) for one in scopes)
        return Claims(row["owner"], groups & own.keys(), admin_of, held, known, Via.TOKEN, row["digest"])


def revoke(store: Store, token_id: str, owner: str | None = None) -> None:
    """Make a token worthless; where an owner is given, only one of his.

    Parameters
    ----------
    store
        Where.
    token_id
        Id of the token, not its secret.
    owner
        Name of a person; None for a token of anybody.

    Raises
    ------
    AccountError
        When there is no such token.
    """
    with store.writing() as accounts:
        query = "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ? AND coalesce(owner = ?, true)"
        if not accounts.execute(query, (store.clock(), token_id, owner)).rowcount:
            raise AccountError(f"there is no token '{token_id}'")
        store.note(accounts, "token revoked", token_id)


def everyone(store: Store, owner: str | None = None) -> list[dict[str, object]]:
    """Return all tokens, or those of one person: ``token`` (its id), ``owner``, ``name``, what it may, ``state``.

    Parameters
    ----------
    store
        Where.
    owner
        Name of a person; None for tokens of everybody.
    """
    with store.reading() as accounts:
        query = "SELECT * FROM tokens WHERE coalesce(owner = ?, true) ORDER BY owner, created_at, id"
        rows = accounts.execute(query, (owner,)).fetchall()
    now = store.clock()
    return [
        {
            "token": row["id"],
            "owner": row["owner"],
            "name": row["name"],
            **{name: json.loads(row[name]) for name in ("scopes", "groups", "rights")},
            "expires_at": row["expires_at"],
            "state": "revoked" if row["revoked_at"] else "expired" if row["expires_at"] <= now else "holds",
        }
        for row in rows
    ]
