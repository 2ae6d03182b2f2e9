"""Accounts on disk: one SQLite file and one key, which their owner alone can read."""

import hashlib
import os
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from fink_lib.errors import AccountError

FOLDER = "accounts"
BUSY_S = 10.0
FORMAT = 1
SCHEMA = """
CREATE TABLE people (name TEXT PRIMARY KEY, email TEXT NOT NULL, issuer TEXT, subject TEXT, created_at REAL NOT NULL,
    revoked_at REAL, UNIQUE (issuer, subject));
CREATE TABLE groups (name TEXT PRIMARY KEY, meaning TEXT NOT NULL, created_at REAL NOT NULL);
CREATE TABLE members (group_name TEXT NOT NULL REFERENCES groups, person TEXT NOT NULL REFERENCES people,
    is_admin INTEGER NOT NULL, PRIMARY KEY (group_name, person));
CREATE TABLE rights (holder_kind TEXT NOT NULL, holder TEXT NOT NULL, right_name TEXT NOT NULL,
    PRIMARY KEY (holder_kind, holder, right_name));
CREATE TABLE tokens (digest TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES people,
    name TEXT NOT NULL, scopes TEXT NOT NULL, groups TEXT NOT NULL, rights TEXT NOT NULL, created_at REAL NOT NULL,
    expires_at REAL NOT NULL, revoked_at REAL);
CREATE TABLE links (digest TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES people, expires_at REAL NOT NULL,
    used_at REAL);
CREATE TABLE sessions (digest TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES people, rights TEXT NOT NULL,
    created_at REAL NOT NULL, expires_at REAL NOT NULL, ended_at REAL);
CREATE TABLE events (at REAL NOT NULL, what TEXT NOT NULL, about TEXT NOT NULL);
"""
NAME = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{0,62}[a-z0-9])?")
RIGHT = re.compile(r"[a-z0-9_]{1,32}:[a-z0-9_]{1,200}")


def digest_of(secret: str) -> str:
    """Return what is kept of a secret: its SHA-256. Secrets have 256 random bits, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_name(name: str, what: str) -> str:
    """Return a name.

    Parameters
    ----------
    name
        The name.
    what
        Whose name it is, for the error.

    Raises
    ------
    AccountError
        When it is none.
    """
    if not NAME.fullmatch(name):
        raise AccountError(f"'{name}' is no name of a {what}: a-z, 0-9, '_', '.', '-', at most 64, a letter at its end")
    return name


def check_right(right: str) -> str:
    """Return a right.

    Raises
    ------
    AccountError
        When it is none.
    """
    if not RIGHT.fullmatch(right):
        raise AccountError(f"'{right}' is no right: write <survey>:<right>, as in ztf:partnership")
    return right


class Store:
    """The accounts of a home.

    Parameters
    ----------
    home
        Which home.
    clock
        What time it is, seconds since 1970.
    """

    def __init__(self, home: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder, self.clock = home / FOLDER, clock
        self.path = self.folder / "accounts.db"

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open it for a look; a home without accounts is empty, and stays without a file."""
        connection = self._opened() or self._open(":memory:")
        try:
            self._upgrade(connection)
            yield connection
        finally:
            connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open it for a change: all of it, or none."""
        self._make_folder()
        if not self.path.exists():
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = self._open(self.path.as_uri())
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._upgrade(connection)
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            connection.close()

    def note(self, connection: sqlite3.Connection, what: str, about: str) -> None:
        """Keep for good that something was done.

        Parameters
        ----------
        connection
            What `writing` yielded.
        what
            What was done.
        about
            To whom or what.
        """
        connection.execute("INSERT INTO events VALUES (?, ?, ?)", (self.clock(), what, about))

    @cached_property
    def key(self) -> bytes:
        """The key that cookies are signed with; made when it is first asked for."""
        path = self.folder / "key"
        if not path.exists():
            self._make_folder()
            scratch = self.folder / f".key.{secrets.token_hex(8)}"
            handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
            try:
                os.link(scratch, path)  # whoever is second takes the key of the first
            except FileExistsError:
                pass
            finally:
                scratch.unlink()
        return bytes.fromhex(path.read_text())

    def _make_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)

    def _opened(self) -> sqlite3.Connection | None:
        """Open the file where it holds something; it is empty between its making and the first change."""
        if not self.path.exists():
            return None
        connection = self._open(f"{self.path.as_uri()}?mode=rw")  # a change that was cut off is rolled back
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            connection.close()
            return None
        return connection

    @staticmethod
    def _open(address: str) -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=address.startswith("file:"), timeout=BUSY_S, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _upgrade(self, connection: sqlite3.Connection) -> None:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > FORMAT:
            raise AccountError(f"{self.path} was written by a newer version of this code")
        if found == 0:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
