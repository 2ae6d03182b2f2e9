"""People, groups, rights, tokens, links and sessions: what is not claimed grants nothing."""

import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from fink_lib.accounts import groups, people, sessions, tokens
from fink_lib.accounts.claims import ANONYMOUS, Scope, Via
from fink_lib.accounts.store import Store
from fink_lib.errors import AccountError

PARTNER = "ztf:partnership"


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("filled"), Clock())
    people.add(made, "ada")
    people.add(made, "bob")
    groups.add(made, "supernovae")
    groups.join(made, "supernovae", "ada", is_admin=True)
    groups.join(made, "supernovae", "bob")
    people.grant(made, people.GROUP, "supernovae", PARTNER)
    return made


@pytest.fixture
def store(filled: Store, tmp_path: Path) -> Store:
    shutil.copytree(filled.folder, tmp_path / filled.folder.name)
    return Store(tmp_path, Clock())


def test_files_are_readable_by_their_owner_alone(store: Store) -> None:
    sessions.begin(store, "ada")
    modes = {one.name: oct(one.stat().st_mode & 0o777) for one in store.folder.iterdir()}
    assert modes == {"accounts.db": "0o600", "key": "0o600"}
    assert oct(store.folder.stat().st_mode & 0o777) == "0o700"


def test_no_secret_is_kept(store: Store) -> None:
    secrets = [tokens.add(store, "ada", "laptop", days=1), sessions.make_link(store, "ada")]
    cookie = sessions.begin(store, "ada")
    kept = store.path.read_bytes()
    assert not [
        one for one in (*secrets, secrets[0].removeprefix("fk_"), cookie.partition(".")[0]) if one.encode() in kept
    ]


def test_a_home_without_accounts_stays_without_a_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "home")
    assert (people.everyone(store), groups.everyone(store), tokens.everyone(store)) == ([], [], [])
    assert tokens.claims_of(store, "fk_whatever") is None
    assert not store.path.exists()


def test_a_session_claims_groups_and_their_rights(store: Store) -> None:
    claims = sessions.claims_of(store, sessions.begin(store, "ada"))
    assert claims is not None
    assert (claims.person, claims.groups, claims.admin_of) == ("ada", {"supernovae"}, {"supernovae"})
    assert (claims.rights, claims.via, claims.may(Scope.WRITE)) == ({PARTNER}, Via.SESSION, True)
    groups.leave(store, "supernovae", "bob")
    left = sessions.claims_of(store, sessions.begin(store, "bob"))
    assert left is not None
    assert (left.groups, left.rights) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("visibility", "seen"),
    [
        ("public", True),
        ("group:supernovae", True),
        ("group:agn", False),
        (f"rights:{PARTNER}", True),
        ("rights:ztf:caltech", False),
        ("person:ada", True),
        ("person:", False),
        ("group:", False),
        ("", False),
        ("all:", False),
    ],
)
def test_what_ada_sees(store: Store, visibility: str, *, seen: bool) -> None:
    claims = sessions.claims_of(store, sessions.begin(store, "ada"))
    assert claims is not None
    assert claims.sees(visibility) is seen
    assert ANONYMOUS.sees(visibility) is (visibility == "public")
    assert not ANONYMOUS.may(Scope.WRITE)


def test_a_token_has_what_it_was_given_and_loses_what_its_owner_loses(store: Store) -> None:
    plain = tokens.claims_of(store, tokens.add(store, "bob", "plain", days=1))
    assert plain is not None
    assert (plain.groups, plain.rights, plain.may(Scope.WRITE)) == (frozenset(), frozenset(), False)
    secret = tokens.add(store, "bob", "full", days=1, scopes=(Scope.READ, Scope.WRITE), groups=["supernovae"],
                        rights=[PARTNER])  # fmt: skip
    full = tokens.claims_of(store, secret)
    assert full is not None
    assert (full.groups, full.rights, full.via) == ({"supernovae"}, {PARTNER}, Via.TOKEN)
    people.withdraw(store, people.GROUP, "supernovae", PARTNER)
    narrower = tokens.claims_of(store, secret)
    assert narrower is not None
    assert narrower.rights == frozenset()
    with pytest.raises(AccountError, match="has no 'ztf:partnership'"):
        tokens.add(store, "bob", "more", days=1, rights=[PARTNER])


def test_a_token_ends(store: Store) -> None:
    secret, other = (tokens.add(store, "bob", name, days=1) for name in ("one", "two"))
    with pytest.raises(AccountError, match="no token"):
        tokens.revoke(store, str(tokens.everyone(store)[0]["token"]), owner="ada")
    one = next(row for row in tokens.everyone(store, "bob") if row["name"] == "one")
    tokens.revoke(store, str(one["token"]))
    assert (tokens.claims_of(store, secret), tokens.claims_of(store, "fk_")) == (None, None)
    assert tokens.claims_of(store, other) is not None
    store.clock.now += 86_401  # type: ignore[attr-defined]
    assert tokens.claims_of(store, other) is None
    assert {row["name"]: row["state"] for row in tokens.everyone(store)} == {"one": "revoked", "two": "expired"}


def test_a_link_works_once_and_not_for_long(store: Store) -> None:
    first, second = (sessions.make_link(store, "ada") for _ in range(2))
    assert sessions.use_link(store, first) == "ada"
    store.clock.now += sessions.LINK_S + 1  # type: ignore[attr-defined]
    for used in (first, second, "none"):
        with pytest.raises(AccountError, match="this link"):
            sessions.use_link(store, used)


def test_of_many_that_use_a_link_at_once_one_is_let_in(store: Store) -> None:
    link = sessions.make_link(store, "ada")
    let_in: list[str] = []

    def use() -> None:
        with suppress(AccountError):
            let_in.append(sessions.use_link(store, link))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert let_in == ["ada"]


def test_a_session_ends_and_its_cookie_cannot_be_made(store: Store, tmp_path: Path) -> None:
    cookie = sessions.begin(store, "ada")
    claims = sessions.claims_of(store, cookie)
    assert claims is not None
    others = Store(tmp_path / "other", store.clock)
    people.add(others, "ada")
    forged = [cookie[:-1] + ("A" if cookie[-1] != "A" else "B"), "", "x.y", sessions.begin(others, "ada")]
    assert [sessions.claims_of(store, one) for one in forged] == [None] * 4
    sessions.end(store, claims)
    assert sessions.claims_of(store, cookie) is None
    old = sessions.begin(store, "ada")
    store.clock.now += sessions.SESSION_S + 1  # type: ignore[attr-defined]
    assert sessions.claims_of(store, old) is None


def test_who_is_revoked_has_nothing_left(store: Store) -> None:
    cookie, secret = sessions.begin(store, "bob"), tokens.add(store, "bob", "one", days=1)
    link = sessions.make_link(store, "bob")
    people.revoke(store, "bob")
    assert (sessions.claims_of(store, cookie), tokens.claims_of(store, secret)) == (None, None)
    with pytest.raises(AccountError, match="this link"):
        sessions.use_link(store, link)
    for wanted in (sessions.make_link, sessions.begin):
        with pytest.raises(AccountError, match="no person 'bob'"):
            wanted(store, "bob")
    with pytest.raises(AccountError, match="already"):
        people.add(store, "bob")


def test_an_identity_is_one_person_whatever_it_calls_itself(store: Store) -> None:
    issuer = "https://login.example"
    first = people.of_identity(store, issuer, "1", "Ada", "ada@example.org")
    assert (first, people.of_identity(store, issuer, "1", "another", "")) == ("ada-2", "ada-2")
    assert people.of_identity(store, "https://other.example", "1", "…", "") == "person"
    people.revoke(store, "ada-2")
    with pytest.raises(AccountError, match="revoked"):
        people.of_identity(store, issuer, "1", "Ada", "")


def test_nobody_is_called_as_the_broker_is(store: Store) -> None:
    """What `broker` says in the log of the community is what was done already."""
    assert people.of_identity(store, "https://login.example", "7", "Broker", "") == "broker-2"
    for name in ("broker", "tns"):
        with pytest.raises(AccountError, match="name of no person"):
            people.add(store, name)


@pytest.mark.parametrize("name", ["", "Ada", "a b", "-ada", "ada-", "a" * 65, "ädä", "a/b", "a\n"])
def test_names_that_are_refused(store: Store, name: str) -> None:
    for wanted in (people.add, groups.add):
        with pytest.raises(AccountError, match="is no name"):
            wanted(store, name)


@pytest.mark.parametrize("right", ["", "ztf", "ztf:", ":x", "ztf:a b", "ZTF:x", "ztf:x\n"])
def test_rights_that_are_refused(store: Store, right: str) -> None:
    with pytest.raises(AccountError, match="is no right"):
        people.grant(store, people.PERSON, "ada", right)


def test_a_change_is_whole_or_not_at_all(store: Store) -> None:
    def broken() -> None:
        with store.writing() as accounts:
            accounts.execute("INSERT INTO groups VALUES ('half', '', 0)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert [one["group"] for one in groups.everyone(store)] == ["supernovae"]


def test_a_process_that_dies_in_a_change_leaves_it_undone(store: Store) -> None:
    dying = """
import os, sqlite3, sys
writing = sqlite3.connect(sys.argv[1], isolation_level=None)
writing.execute("PRAGMA cache_size = 1")
writing.execute("BEGIN IMMEDIATE")
for number in range(5000):
    writing.execute("INSERT INTO groups VALUES (?, '', 0)", (f"half{number}",))
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", dying, store.path], check=True)
    assert store.path.with_name(f"{store.path.name}-journal").exists(), "it was cut off within the change"
    assert [one["group"] for one in groups.everyone(store)] == ["supernovae"]
    groups.add(store, "agn")


def test_what_was_done_is_kept(store: Store) -> None:
    people.grant(store, people.PERSON, "ada", "ztf:caltech")
    people.withdraw(store, people.PERSON, "ada", "ztf:caltech")
    with store.reading() as accounts:
        told = [(row["what"], row["about"]) for row in accounts.execute("SELECT * FROM events")]
    assert told[-2:] == [("right granted", "person ada ztf:caltech"), ("right withdrawn", "person ada ztf:caltech")]


def test_two_groups_have_no_schema_in_common(store: Store) -> None:
    groups.add(store, "sn-ia")
    with pytest.raises(AccountError, match="would have the tables of 'sn-ia'"):
        groups.add(store, "sn_ia")
