"""A table in the order of the sky: files follow each other by HEALPix cell, and only those that change are rewritten.

A commit names the files that go and the files that come, and stands on the very version that was read: when somebody
else commits first it fails, and nothing has changed. Reader version 1: no deletion vectors.
"""

import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.transaction import AddAction, RemoveAction

from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.file_form import writer_properties
from fink_lib.lake.parquet import parquet_file, put_file
from fink_lib.lake.small import ensure_whole
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath

CELL = "cell"
SCRATCH, LEFT_S = ".rewriting-", 86_400.0  # no rewriting takes a day
GROUP_ROWS, FILE_ROWS = 20_000, 250_000  # of a row group, and of a file that is written
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Piece:
    """A file of the table.

    Attributes
    ----------
    name
        Relative to the table's folder.
    first, last
        Cells of its first and its last row.
    size_bytes
        As the log says.
    """

    name: str
    first: int
    last: int
    size_bytes: int


@dataclass(frozen=True)
class Exchange:
    """What an exchange of rows is.

    Attributes
    ----------
    rows
        Rows that come, in the columns of the table.
    gone
        Tells which rows of a file go; None where none does.
    """

    rows: pa.Table
    gone: Callable[[Piece], Flags | None]


class SkySorted:
    """One such table.

    Parameters
    ----------
    spec
        The table; it is not partitioned, and has the column ``cell``.
    lake
        Root folder of the tables.
    """

    def __init__(self, spec: TableSpec, lake: LakePath) -> None:
        self.spec, self.path = spec, spec.path(lake)
        self.table = ensure_whole(spec, lake)
        self.pieces = sorted(self._pieces(), key=lambda piece: (piece.first, piece.last, piece.name))

    def read(self, piece: Piece, columns: Sequence[str] | None = None) -> pa.Table:
        """Return rows of a file, or some of their columns.

        Parameters
        ----------
        piece
            A file of the version that was opened.
        columns
            In the order wanted; all when not given, then in the order and in the types of the spec.
        """
        with parquet_file(self.path / piece.name) as file:
            found = file.read(columns=None if columns is None else list(columns))
        return found if columns is not None else found.select(self.spec.schema.names).cast(self.spec.plain_schema)

    def exchange(self, wanted: Exchange, facts: Mapping[str, str], noted: Mapping[str, int]) -> pa.Table:
        """Commit an exchange of rows; return the rows that went.

        Parameters
        ----------
        wanted
            The exchange. The same rows again are no change of a file.
        facts
            What the table's history shows beside a commit that changes rows.
        noted
            Numbers that the table keeps from this commit on, by name (`noted`); new ones are a commit by themselves.

        Raises
        ------
        CommitFailedError
            When somebody else committed first.
        """
        homes = self._homes(wanted.rows)
        removed, went, tables = [], [], []
        for at, piece in enumerate(self.pieces):
            coming = wanted.rows.filter(pa.array(homes == at))
            old, gone = self._touched(piece, wanted, has_more=coming.num_rows > 0)
            if old is None:
                continue
            new = self._ordered(pa.concat_tables([old.filter(pa.array(~gone)), coming]))
            if new.equals(self._ordered(old)):
                continue
            removed.append(piece)
            went.append(old.filter(pa.array(gone)))
            tables.append(new)
        if not self.pieces and wanted.rows.num_rows:
            tables.append(self._ordered(wanted.rows))
        if tables or any(self.noted(name) != number for name, number in noted.items()):
            self._commit(removed, tables, facts, noted)
        return pa.concat_tables([self.spec.plain_schema.empty_table(), *went])

    def noted(self, name: str) -> int | None:
        """Return the number that a commit kept under a name; None where none did."""
        found: int | None = self.table.transaction_version(name)
        return found

    def _homes(self, rows: pa.Table) -> Ints:
        """Return the place of the file that each row belongs into."""
        firsts = np.array([piece.first for piece in self.pieces], dtype=np.int64)
        cells = rows[CELL].to_numpy().astype(np.int64)
        return np.asarray(np.maximum(np.searchsorted(firsts, cells, side="right") - 1, 0), dtype=np.int64)

    def _touched(self, piece: Piece, wanted: Exchange, *, has_more: bool) -> tuple[pa.Table | None, Flags]:
        """Return the rows of a file and which of them go; None for the rows of a file that stays as it is."""
        gone = wanted.gone(piece)
        if not has_more and (gone is None or not gone.any()):
            return None, np.zeros(0, dtype=bool)
        rows = self.read(piece)
        return rows, np.zeros(rows.num_rows, dtype=bool) if gone is None else gone

    def _ordered(self, rows: pa.Table) -> pa.Table:
        return rows.sort_by([(name, "ascending") for name in (CELL, *self.spec.key)]).combine_chunks()

    def _pieces(self) -> Iterator[Piece]:
        for action in pa.table(self.table.get_add_actions(flatten=True)).to_pylist():
            yield Piece(action["path"], action[f"min.{CELL}"], action[f"max.{CELL}"], action["size_bytes"])

    def _commit(
        self, removed: Sequence[Piece], tables: Sequence[pa.Table], facts: Mapping[str, str], noted: Mapping[str, int]
    ) -> None:
        now_ms = time.time_ns() // 1_000_000
        gone = [
            RemoveAction(piece.name, data_change=True, deletion_timestamp=now_ms, size=piece.size_bytes,
                         partition_values={})
            for piece in removed
        ]  # fmt: skip
        with _scratch(self.path) as scratch:
            come = [action for table in tables for action in self._written(table, scratch)]
            kept = [Transaction(name, number) for name, number in noted.items()]
            told = dict(facts) if removed or tables else {}
            once = CommitProperties(custom_metadata=told, app_transactions=kept, max_commit_retries=0)
            self.table.create_write_transaction(
                [*gone, *come], "append", self.table.schema(), [], commit_properties=once
            )

    def _written(self, rows: pa.Table, scratch: Path) -> Iterator[AddAction]:
        """Write rows as files of the table, and yield what its log is to say of them."""
        form = writer_properties(self.spec, GROUP_ROWS)
        indexed = {"delta.dataSkippingNumIndexedCols": str(self.spec.indexed_columns)}
        for start in range(0, rows.num_rows, FILE_ROWS):
            made = scratch / uuid.uuid4().hex
            reader = rows.slice(start, FILE_ROWS).to_reader()
            write_deltalake(str(made), reader, configuration=indexed, writer_properties=form, target_file_size=2**40)
            for line in (made / "_delta_log" / f"{0:020d}.json").read_text().splitlines():
                if one := json.loads(line).get("add"):
                    put_file(made / one["path"], self.path / one["path"])
                    yield AddAction(one["path"], one["size"], {}, one["modificationTime"], True, one["stats"])


@contextmanager
def _scratch(table: LakePath) -> Iterator[Path]:
    """Yield an empty folder: on the table's disk, or where this host keeps what passes.

    Those that killed writers left are removed: vacuum passes over names that begin with a dot.
    """
    if not isinstance(table, Path):
        with tempfile.TemporaryDirectory(prefix=SCRATCH.strip(".")) as passing:
            yield Path(passing)
        return
    for left in table.glob(f"{SCRATCH}*"):
        with suppress(FileNotFoundError):  # another writer removed it first
            if time.time() - left.stat().st_mtime > LEFT_S:
                shutil.rmtree(left, ignore_errors=True)
    folder = table / f"{SCRATCH}{uuid.uuid4().hex}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def opened(spec: TableSpec, lake: LakePath) -> DeltaTable | None:
    """Return a table that is there; None where it is not.

    Parameters
    ----------
    spec
        The table.
    lake
        Root folder of the tables.
    """
    path = spec.path(lake)
    return delta_table(path) if is_delta_table(path) else None
