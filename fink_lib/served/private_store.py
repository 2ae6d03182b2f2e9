"""Tables of people as they lie in a home: a folder each, one Parquet file, written once, within a quota, for a time.

They are no tables of the lake: what the lake has is what the broker says, and anybody may copy it.
"""

import json
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from fink_lib.accounts.asking import asking
from fink_lib.accounts.claims import Claims
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.files import replace_text, to_json
from fink_lib.locks import Lock, locked
from fink_lib.served.access import may_drop, sees_table
from fink_lib.served.private import NoSuchTable, PrivateTable

FOLDER, FACTS = "user_tables", "table.json"
PEOPLE, GROUPS = "people", "groups"
DAY_S, MB = 86_400.0, 10**6


class NotYours(ConfigError):
    """A table that somebody sees is not his to change."""

    exit_code = 22


class TablesFull(ConfigError):
    """Somebody keeps as much as he may."""


class PrivateTables:
    """The tables of people of a home.

    Parameters
    ----------
    settings
        Which home, how much one person may keep, and how long.
    clock
        What time it is, seconds of Unix.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._clock = settings, clock
        self.root = settings.home / FOLDER

    def visible(self, claims: Claims) -> list[PrivateTable]:
        """Return the tables that somebody sees, by name. Folders of others are not looked into: that takes no time.

        Parameters
        ----------
        claims
            Who asks; nobody in particular sees none.
        """
        places = [self.root / PEOPLE / claims.person] if claims.person else []
        places += [self.root / GROUPS / one for one in sorted(claims.groups)]
        seen = (one for place in places for one in self._in(place) if sees_table(claims, one))
        found: dict[str, PrivateTable] = {}
        for one in seen:
            found.setdefault(one.full_name, one)
        return [found[name] for name in sorted(found)]

    def get(self, claims: Claims, full_name: str) -> PrivateTable:
        """Return a table that somebody sees.

        Parameters
        ----------
        claims
            Who asks.
        full_name
            Schema and name, in any case.

        Raises
        ------
        NoSuchTable
            When he sees none of that name: that of others is as if there were none.
        """
        for one in self.visible(claims):
            if one.full_name == full_name.lower():
                return one
        raise NoSuchTable(f"there is no table '{full_name[:120]}'")

    def own(self, claims: Claims, full_name: str) -> PrivateTable:
        """Return a table that somebody sees and has made, as whoever sends it must.

        Parameters
        ----------
        claims
            Who asks.
        full_name
            Schema and name, in any case.

        Raises
        ------
        NoSuchTable
            When he sees none of that name.
        NotYours
            When another member of the group made it.
        """
        found = self.get(claims, full_name)
        if found.owner != claims.person:
            raise NotYours(f"the table '{found.full_name}' is of {found.owner}: he sends it")
        return found

    def opened(self, table: PrivateTable) -> Path:
        """Return the file of a table, and note that whoever asks looks into it."""
        asking().used.update({*table.used, table.visibility})
        return self._folder(table) / table.file

    def of_person(self, person: str) -> list[PrivateTable]:
        """Return the tables that a person has made, those of his groups among them."""
        return [one for one in self.every() if one.owner == person]

    def every(self) -> list[PrivateTable]:
        """Return all tables, by name."""
        folders = [*self.root.glob(f"{PEOPLE}/*"), *self.root.glob(f"{GROUPS}/*")]
        return sorted((one for folder in folders for one in self._in(folder)), key=lambda one: one.full_name)

    def room(self, owner: str, table: PrivateTable) -> int:
        """Return how many bytes a table of its owner may have; one that it replaces makes room.

        Parameters
        ----------
        owner
            Who makes the table.
        table
            Its name and group.

        Raises
        ------
        TablesFull
            When he has as many tables, or as many bytes, as he may.
        NotYours
            When there is one of that name that another member of the group has made.
        """
        most, most_mb = self._settings.user_tables_per_person, self._settings.user_tables_mb
        there = self._at(self._folder(table))
        if there is not None and there.owner != owner:
            raise NotYours(f"there is a table '{table.full_name}' already, of {there.owner}: choose another name")
        others = [one for one in self.of_person(owner) if (one.group, one.name) != (table.group, table.name)]
        named = f"drop one of {', '.join(one.full_name for one in others)}"  # he may see some of them no longer
        if len(others) >= most:
            raise TablesFull(f"you keep {len(others)} tables, {most} may be (FINK_USER_TABLES_PER_PERSON): {named}")
        left = most_mb * MB - sum(one.size for one in others)
        if left <= 0:
            raise TablesFull(f"your tables fill the {most_mb} MB that they may (FINK_USER_TABLES_MB): {named}")
        return left

    def keep(self, table: PrivateTable, rows: Path) -> PrivateTable:
        """Keep a table, instead of one of that name that its owner had; return it as it is kept.

        Parameters
        ----------
        table
            Its name, owner, group and what else is known of it.
        rows
            Parquet; it is moved.

        Raises
        ------
        TablesFull, NotYours
            As `room`.
        """
        with self._changing():
            self._tidy()
            left, size = self.room(table.owner, table), rows.stat().st_size
            if size > left:
                raise TablesFull(f"the table has {size / MB:.1f} MB, and there is room for {left / MB:.1f} MB "
                                 "(FINK_USER_TABLES_MB): drop one")  # fmt: skip
            version, now = secrets.token_hex(8), self._clock()
            kept = replace(table, file=f"rows-{version}.parquet", version=version, size=size, made_at=now,
                           until=now + self._settings.user_tables_days * DAY_S)  # fmt: skip
            folder = self._folder(kept)
            folder.mkdir(parents=True, exist_ok=True)
            rows.chmod(0o644)  # the user of a sandbox reads it; the folder above is closed to everybody else
            rows.replace(folder / kept.file)
            replace_text(folder / FACTS, to_json(kept.as_json()), durable=True)
            _drop_others(folder, kept.file)
            return kept

    def drop(self, claims: Claims, full_name: str) -> PrivateTable:
        """Remove a table of one's own, or of a group that one administers, also where one sees its rows no longer.

        Parameters
        ----------
        claims
            Who asks.
        full_name
            Schema and name.

        Returns
        -------
        PrivateTable
            As it was; of one that he does not see, whose it is and what it is called alone.

        Raises
        ------
        NoSuchTable
            When he neither sees nor may drop one of that name.
        NotYours
            When it is another member's.
        """
        with self._changing():
            named = [one for one in self.every() if one.full_name == full_name.lower() and may_drop(claims, one)]
            seen = [one for one in named if sees_table(claims, one)]
            found = next((one for one in (*seen, *named)), None) or self.get(claims, full_name)
            if not may_drop(claims, found):
                raise NotYours(f"the table '{found.full_name}' is of {found.owner}: he drops it, or an administrator")
            shutil.rmtree(self._folder(found), ignore_errors=True)
            return found if sees_table(claims, found) else PrivateTable(found.name, found.owner, found.group)

    def remove(self, table: PrivateTable) -> None:
        """Remove a table, whosever it is; one that replaced it meanwhile stays.

        Raises
        ------
        NoSuchTable
            When it is not there any longer.
        """
        with self._changing():
            there = self._at(self._folder(table))
            if there is None or there.version != table.version:
                raise NoSuchTable(f"the table '{table.full_name}' was dropped or replaced meanwhile: look again")
            shutil.rmtree(self._folder(table), ignore_errors=True)

    def tidy(self) -> int:
        """Remove the tables whose time is over; return how many those were."""
        if not self.root.is_dir():
            return 0
        with self._changing():
            return self._tidy()

    def _tidy(self) -> int:
        over = 0
        for folder in self.root.glob("*/*/*"):
            found = self._at(folder)
            if found is None:  # its time is over, or whoever wrote or removed it was ended midway
                over += 1
                shutil.rmtree(folder, ignore_errors=True)
            else:
                _drop_others(folder, found.file)
        return over

    def _in(self, folder: Path) -> Iterator[PrivateTable]:
        for path in sorted(folder.glob(f"*/{FACTS}")):
            found = self._at(path.parent)
            if found is not None:
                yield found

    def _at(self, folder: Path) -> PrivateTable | None:
        """Return the table of a folder; None where there is none, or its time is over."""
        with suppress(FileNotFoundError):
            found = PrivateTable.of(json.loads((folder / FACTS).read_text(encoding="utf-8")))
            return found if found.until > self._clock() else None
        return None

    def _folder(self, table: PrivateTable) -> Path:
        whose = (GROUPS, table.group) if table.group else (PEOPLE, table.owner)
        return self.root.joinpath(*whose, table.name)

    def _changing(self) -> AbstractContextManager[Lock]:
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.root.chmod(0o700)
        return locked(self.root / ".lock")


def _drop_others(folder: Path, file: str) -> None:
    """Remove what the folder of a table has of rows beside its file."""
    for old in folder.glob("rows-*.parquet"):
        if old.name != file:
            old.unlink(missing_ok=True)


@contextmanager
def while_there(file: Path, table: PrivateTable) -> Iterator[None]:
    """Read the file of a table.

    Parameters
    ----------
    file, table
        As `PrivateTables.opened` and `PrivateTables.get` returned them.

    Raises
    ------
    NoSuchTable
        When it is dropped or replaced meanwhile.
    """
    try:
        yield
    except Exception as error:
        if file.exists():
            raise
        raise NoSuchTable(f"there is no table '{table.full_name}'") from error
