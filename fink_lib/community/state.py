"""What stands: the log without what was replaced or withdrawn, for one reader, now or at a moment of the past."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.community.kinds import Kind
from fink_lib.community.people import Person

Row = dict[str, Any]
BULKY = ("content",)
MOST_CHUNKS = 256


@dataclass
class State:
    """The statements of a log at one version.

    Attributes
    ----------
    rows
        Every statement, oldest first, without uploaded files.
    version
        Version of the table; -1 where there is none.
    """

    rows: pa.Table
    version: int = -1
    _place: dict[str, int] = field(default_factory=dict)
    _keys: dict[tuple[str, str], str] = field(default_factory=dict)
    _replaced: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look up the names of all statements once."""
        if not self._place:
            self._index(self.rows, 0)

    def _index(self, rows: pa.Table, first: int) -> None:
        names = ("statement_id", "author", "idempotency_key", "supersedes")
        columns = [rows[name].to_pylist() for name in names]
        for at, (name, author, key, replaced) in enumerate(zip(*columns, strict=True), start=first):
            self._place[name] = at
            if key is not None:
                self._keys[author, key] = name
            if replaced is not None:
                self._replaced[replaced] = name

    def extended(self, new: pa.Table, version: int) -> "State":
        """Return this state with further statements after it; this one is used up.

        Parameters
        ----------
        new
            Rows that came after those of this state, with the same columns.
        version
            Of the log that holds them.
        """
        rows = pa.concat_tables([self.rows, new])
        if rows.column(0).num_chunks > MOST_CHUNKS:
            rows = rows.combine_chunks()
        self._index(new, self.rows.num_rows)
        return State(rows, version, self._place, self._keys, self._replaced)

    def as_of(self, at: dt.datetime) -> "State":
        """Return what stood at a moment."""
        return State(self.rows.filter(pc.field("at") <= pa.scalar(at)), self.version)

    def get(self, statement_id: str) -> Row | None:
        """Return a statement, replaced or not."""
        place = self._place.get(statement_id)
        if place is None or place >= self.rows.num_rows:  # a newer state shares what is known of names
            return None
        return self._told(self.rows.slice(place, 1))[0]

    def place_after(self, statement_id: str) -> int:
        """Return the number of the row behind a statement, counted from 0.

        One that the log does not know, since it was put back from a copy, has its place all the same: names sort by
        the time that they were made.
        """
        place = self._place.get(statement_id)
        if place is not None:
            return place + 1
        return int(pc.sum(pc.less(self.rows["statement_id"], statement_id)).as_py() or 0)

    def of_key(self, author: str, key: str) -> Row | None:
        """Return the statement that an author made under a key.

        Parameters
        ----------
        author
            Account.
        key
            Idempotency key that it gave.

        Returns
        -------
        dict or None
            The row, replaced or not, whoever asks; None where there is none.
        """
        name = self._keys.get((author, key))
        return None if name is None else self.get(name)

    def replaced_by(self, statement_id: str, reader: Person | None = None) -> str | None:
        """Return the statement that replaces or withdraws another one; where a reader asks, if he may see it.

        Parameters
        ----------
        statement_id
            The statement that may be replaced.
        reader
            Who asks; without one, nobody's rights are looked at.
        """
        name = self._replaced.get(statement_id)
        row = None if name is None or reader is None else self.get(name)
        return name if row is None or reader is None or reader.may_see(row["visibility"]) else None

    def select(
        self,
        reader: Person,
        kinds: Collection[Kind] = (),
        *,
        history: bool = False,
        **equal: Any,
    ) -> list[Row]:
        """Return statements that a reader may see, oldest first.

        Parameters
        ----------
        reader
            Who asks.
        kinds
            These kinds; all where none is given.
        history
            Also what was replaced, and the withdrawals, each with ``replaced_by``.
        equal
            Column → value, or values of which it has one.
        """
        conditions = [_among("visibility", reader.sees)]
        if kinds:
            conditions.append(_among("kind", [str(kind) for kind in kinds]))
        conditions += [_condition(name, value) for name, value in equal.items()]
        found = self._told(self.rows.filter(reduce(and_, conditions)))
        if history:
            return [{**row, "replaced_by": self.replaced_by(row["statement_id"], reader)} for row in found]
        return [row for row in found if row["statement_id"] not in self._replaced and row["kind"] != Kind.WITHDRAWAL]

    def standing_watches(self) -> list[str]:
        """Return the names of the watch lists and maps that stand, oldest first; active or not."""
        kinds = pa.array([str(Kind.WATCH_LIST), str(Kind.WATCH_MAP)])
        names: list[str] = self.rows["statement_id"].filter(pc.is_in(self.rows["kind"], kinds)).to_pylist()
        return [name for name in names if name not in self._replaced]

    def newest(self, reader: Person, kind: Kind, visibility: str) -> list[tuple[int, str, dt.datetime]]:
        """Return place in the log, body and time of the newest statement of a kind about each object.

        Nothing else of them is read: a board of thousands shows a hundred.

        Parameters
        ----------
        reader
            Who asks; nothing is returned where the visibility is not for him.
        kind
            Kind of the statements.
        visibility
            To whom they were said: `public`, `group:` or `person:` and a name.
        """
        if not reader.may_see(visibility):
            return []
        found = pc.and_(pc.equal(self.rows["kind"], str(kind)), pc.equal(self.rows["visibility"], visibility))
        places = pc.indices_nonzero(found)
        names = ("statement_id", "survey", "object_id", "body", "at")
        columns = [self.rows[name].take(places).to_pylist() for name in names]
        last = {
            (survey, object_id): (place, body, at)
            for place, name, survey, object_id, body, at in zip(places.to_pylist(), *columns, strict=True)
            if name not in self._replaced and object_id is not None
        }
        return list(last.values())

    def at(self, places: Sequence[int]) -> list[Row]:
        """Return the statements at some places of the log, in that order."""
        return self._told(self.rows.take(pa.array(places, pa.int64())))

    @staticmethod
    def _told(rows: pa.Table) -> list[Row]:
        found: list[Row] = rows.to_pylist()
        return found


def _condition(name: str, value: Any) -> pc.Expression:
    if isinstance(value, str) or not isinstance(value, Collection):
        return pc.field(name) == pa.scalar(value)
    return _among(name, list(value))


def _among(name: str, values: Sequence[Any]) -> pc.Expression:
    return pc.field(name).isin(pa.array(list(values)))


def by_object(rows: Collection[Mapping[str, Any]]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """Return rows by survey and object, those without one left out."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["object_id"] is not None:
            found.setdefault((row["survey"], row["object_id"]), []).append(row)
    return found
