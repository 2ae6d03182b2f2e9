"""Logins: links that work once, sessions of browsers, and the proof that a form is one of our own pages."""

import hmac
import json
import secrets
from collections.abc import Collection
from dataclasses import replace

from itsdangerous import BadSignature, URLSafeSerializer

from fink_lib.accounts.claims import Claims, Scope, Via
from fink_lib.accounts.people import PERSON, groups_of, require, rights_of
from fink_lib.accounts.store import Store, digest_of
from fink_lib.errors import AccountError

SESSION_S = 14 * 86_400.0
LINK_S = 3_600.0
SECRET_BYTES = 32


def make_link(store: Store, person: str, valid_s: float = LINK_S) -> str:
    """Return the secret of a link by which a person logs in once.

    Parameters
    ----------
    store
        Where.
    person
        Name of the person.
    valid_s
        How long the link holds, seconds.

    Raises
    ------
    AccountError
        When there is no such person.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with store.writing() as accounts:
        require(accounts, PERSON, person)
        row = (digest_of(secret), person, store.clock() + valid_s)
        accounts.execute("INSERT INTO links VALUES (?, ?, ?, NULL)", row)
        store.note(accounts, "link made", person)
    return secret


def use_link(store: Store, secret: str) -> str:
    """Return the person of a link, which is worthless from then on.

    Parameters
    ----------
    store
        Where.
    secret
        What `make_link` returned.

    Raises
    ------
    AccountError
        When it is none, was used, or is too old.
    """
    with store.writing() as accounts:
        now, digest = store.clock(), digest_of(secret)
        query = "UPDATE links SET used_at = ? WHERE digest = ? AND used_at IS NULL AND expires_at > ?"
        if not accounts.execute(query, (now, digest, now)).rowcount:
            raise AccountError("this link was used, is too old, or is none: ask the operator for another one")
        person = str(accounts.execute("SELECT person FROM links WHERE digest = ?", (digest,)).fetchone()["person"])
        store.note(accounts, "link used", person)
        return person


def begin(store: Store, person: str, rights: Collection[str] = ()) -> str:
    """Begin a session and return the value of its cookie.

    Parameters
    ----------
    store, person
        Where, and whose.
    rights
        Rights that the issuer vouches for, as long as the session lasts.

    Raises
    ------
    AccountError
        When there is no such person.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with store.writing() as accounts:
        require(accounts, PERSON, person)
        now = store.clock()
        accounts.execute("DELETE FROM sessions WHERE expires_at < ?", (now,))
        row = (digest_of(secret), person, json.dumps(sorted(rights)), now, now + SESSION_S)
        accounts.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, NULL)", row)
        store.note(accounts, "session begun", person)
    return str(_signer(store).dumps(secret))


def claims_of(store: Store, cookie: str) -> Claims | None:
    """Return what a session claims; None where its cookie is not ours, it has ended, or its person was revoked.

    Parameters
    ----------
    store
        Where.
    cookie
        Value of the cookie, as a browser sent it.
    """
    try:
        digest = digest_of(str(_signer(store).loads(cookie)))
    except BadSignature:
        return None
    with store.reading() as accounts:
        query = """SELECT s.* FROM sessions s JOIN people p ON p.name = s.person
                   WHERE s.digest = ? AND s.ended_at IS NULL AND s.expires_at > ? AND p.revoked_at IS NULL"""
        row = accounts.execute(query, (digest, store.clock())).fetchone()
        if row is None:
            return None
        groups = groups_of(accounts, row["person"])
        admin_of = frozenset(group for group, is_admin in groups.items() if is_admin)
        rights = frozenset(json.loads(row["rights"])) | rights_of(accounts, row["person"])
        made = Claims(row["person"], frozenset(groups), admin_of, rights, frozenset(Scope), Via.SESSION, digest)
    return replace(made, proof=form_proof(store, made))


def end(store: Store, claims: Claims) -> None:
    """End a session.

    Parameters
    ----------
    store
        Where.
    claims
        Of the session.
    """
    with store.writing() as accounts:
        accounts.execute("UPDATE sessions SET ended_at = ? WHERE digest = ?", (store.clock(), claims.key))
        store.note(accounts, "session ended", claims.person)


def form_proof(store: Store, claims: Claims) -> str:
    """Return what a form of our own pages carries, and no other site can know.

    Parameters
    ----------
    store
        Where.
    claims
        Of the session that the page is shown in.
    """
    return hmac.new(store.key, f"form:{claims.key}".encode(), "sha256").hexdigest()


def is_own_form(store: Store, claims: Claims, proof: str) -> bool:
    """Tell whether a form carries it.

    Parameters
    ----------
    store
        Where.
    claims
        Of the session that the form is sent in.
    proof
        What the form carried; empty where it carried none.
    """
    return hmac.compare_digest(form_proof(store, claims).encode(), proof.encode())


def _signer(store: Store) -> URLSafeSerializer:
    return URLSafeSerializer(store.key, salt="session")
