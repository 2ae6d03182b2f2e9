"""A table made for reading as its log has it: its runs and files, and what it covers of each night."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from fink_lib.errors import LakeError
from fink_lib.lake.delta import folder_of
from fink_lib.lake.parquet import parquet_schema
from fink_lib.served.columns import RUN_NAME
from fink_lib.served.runs import Run
from fink_lib.storage import LakePath

READER_VERSION = 1
COVERED = "night."  # + the night: an application of the log whose version is how many rows of silver were looked at


@dataclass(frozen=True)
class File:
    """One file of a table.

    Attributes
    ----------
    path
        Where it lies.
    partition
        Its values of the partition columns.
    rows
        How many it holds.
    low, high
        Least and greatest values of the indexed columns.
    """

    path: LakePath
    partition: dict[str, Any]
    rows: int
    low: dict[str, Any]
    high: dict[str, Any]

    def may_hold(self, name: str, first: Any, last: Any) -> bool:
        """Tell whether a value between two others, both included, may be in it.

        Parameters
        ----------
        name
            Of a column; one without statistics may hold anything.
        first, last
            The least and the greatest value that is asked for.
        """
        low, high = self.low.get(name), self.high.get(name)
        return low is None or high is None or bool(low <= last and high >= first)


def require_readable(table: DeltaTable) -> DeltaTable:
    """Return a table that plain readers of Parquet read right.

    Raises
    ------
    LakeError
        When it has deletion vectors or renamed columns, which they would pass over.
    """
    version = table.protocol().min_reader_version
    if version != READER_VERSION:
        raise LakeError(
            f"table {table.table_uri} asks for readers of version {version}, and {READER_VERSION} is served: write it "
            "anew without deletion vectors and column mapping"
        )
    return table


class Opened:
    """One version of a table.

    Parameters
    ----------
    table
        The table, loaded at that version.
    """

    def __init__(self, table: DeltaTable) -> None:
        self.table = require_readable(table)
        self.version = int(table.version())
        self._worked_out: dict[str, pa.Table] = {}
        self._one_at_a_time = threading.Lock()

    def once(self, name: str, make: Callable[[], pa.Table]) -> pa.Table:
        """Return what is worked out of all rows of this version: the first who asks does so, for all that follow.

        Parameters
        ----------
        name
            What it is called.
        make
            Works it out; it must depend on nothing but the rows.
        """
        with self._one_at_a_time:
            if name not in self._worked_out:
                self._worked_out[name] = make()
            return self._worked_out[name]

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns."""
        return pa.schema(self.table.schema().to_arrow())

    @cached_property
    def files(self) -> tuple[File, ...]:
        """Its files, sorted by path."""
        return tuple(sorted(self._files(), key=lambda file: file.path))

    @cached_property
    def kinds(self) -> tuple[pa.Schema, ...]:
        """The columns that its files have: one where all have the same."""
        return tuple(dict.fromkeys(parquet_schema(file.path).remove_metadata() for file in self.files))

    def _files(self) -> Iterator[File]:
        folder = folder_of(self.table)
        for one in pa.table(self.table.get_add_actions(flatten=False)).to_pylist():
            limits = one.get("min") or {}, one.get("max") or {}
            yield File(folder / unquote(one["path"]), one["partition"] or {}, one["num_records"] or 0, *limits)

    @property
    def rows_by_run(self) -> dict[Run, int]:
        """Rows of each run."""
        found: dict[Run, int] = {}
        for file in self.files:
            run = Run.of(file.partition[RUN_NAME])
            found[run] = found.get(run, 0) + file.rows
        return found

    @property
    def rows_by_night(self) -> dict[dt.date, int]:
        """Rows of each night of a table that is partitioned by night."""
        found: dict[dt.date, int] = {}
        for file in self.files:
            night = file.partition["night"]
            if night is not None:
                found[night] = found.get(night, 0) + file.rows
        return found

    def covered(self, night: dt.date) -> int | None:
        """Return how many rows of silver were looked at when a night was last written; None where it never was."""
        found = self.table.transaction_version(f"{COVERED}{night.isoformat()}")
        return None if found is None else int(found)
