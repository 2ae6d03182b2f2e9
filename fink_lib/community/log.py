"""The log on disk: one way to write it, and a state that follows it.

Who writes holds a lock of the lake's machine, looks at the newest state, checks what he says against it, and commits
under a number that a second writer cannot commit under too. So an answer is given only after what was said is in the
table, of two statements under one key the second adds nothing, and what a writer refers to cannot be gone meanwhile.
"""

import datetime as dt
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from fink_lib.community.state import BULKY, State
from fink_lib.config import Settings
from fink_lib.errors import BrokerError
from fink_lib.lake.delta import delta_table, is_delta_table, place_of
from fink_lib.lake.followed import Followed
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.parquet import parquet_dataset
from fink_lib.lake.small import ensure_small
from fink_lib.lake.tables.community import gold_community
from fink_lib.locks import Lock, locked
from fink_lib.storage import LakePath

logger = logging.getLogger(__name__)

Row = dict[str, Any]
Make = Callable[[State, dt.datetime], Sequence[Row]]
USUAL_MAP_DEG2: float = Settings.model_fields["watch_map_max_deg2"].default
WRITER = "fink-community"
USUAL_AUTHORITY: str = Settings.model_fields["authority"].default
LONGEST_WAIT_S, PAUSE_S = 60.0, 0.05
MOST_SMALL_FILES = 64
SPEC = gold_community()
HELD = pa.schema([one for one in SPEC.plain_schema if one.name not in {*BULKY, *SPEC.partitioned_by}])


class Log:
    """The statements of a lake; safe to share between threads.

    Parameters
    ----------
    lake
        Root folder of the tables.
    authority
        Name of the broker in the Virtual Observatory, in the identifiers of what is said.
    most_map_deg2
        Largest area of a watch map.
    """

    def __init__(self, lake: LakePath, authority: str = USUAL_AUTHORITY, most_map_deg2: float = USUAL_MAP_DEG2) -> None:
        self._lake, self.authority, self.most_map_deg2 = lake, authority, most_map_deg2
        self._followed = Followed(SPEC.path(lake))
        self._state = State(HELD.empty_table())
        self._files: frozenset[str] = frozenset()
        self._lock = threading.RLock()

    @classmethod
    def of(cls, settings: Settings) -> "Log":
        """Return the log of a home; whoever writes asks for it so."""
        return cls(settings.lake, settings.authority, settings.watch_map_max_deg2)

    @property
    def lake(self) -> LakePath:
        """Root folder of the tables."""
        return self._lake

    def now(self) -> State:
        """Return the newest state."""
        with self._lock:
            if not is_delta_table(SPEC.path(self._lake)):
                return self._state
            table = self._followed.newest()
            if table.version() != self._state.version:
                self._follow(table)
            return self._state

    def append(self, make: Make) -> list[Row]:
        """Append statements that are made of the newest state; return them once they are in the table.

        Parameters
        ----------
        make
            State and time → rows, which may be none; raises where they may not be written.

        Raises
        ------
        BrokerError
            When others were quicker for a minute.
        """
        with self._lock, self._alone():
            ends = time.monotonic() + LONGEST_WAIT_S
            while True:
                table = ensure_small(SPEC, self._lake)
                state = self.now()
                rows = [dict(row) for row in make(state, _after(state))]
                if not rows:
                    return []
                try:
                    _commit(table, rows)
                except CommitFailedError as error:  # of another machine, or of maintenance
                    if time.monotonic() > ends:
                        raise BrokerError("others write the community's log without a pause: try again") from error
                    time.sleep(PAUSE_S * (1.0 + random.random()))  # noqa: S311 - so that two do not meet again
                    continue
                self.now()
                self._merge()
                return rows

    def content(self, statement_id: str) -> bytes | None:
        """Return the file that was uploaded with a statement."""
        if self.now().version < 0:
            return None
        table = dataset_of(self._followed.newest())
        found = table.to_table(["content"], filter=ds.field("statement_id") == statement_id)["content"].to_pylist()
        return found[0] if found else None

    def _follow(self, table: DeltaTable) -> None:
        """Read the files that came; read all where some went, which a merge of small files does."""
        files = frozenset(table.file_uris())
        is_more = files >= self._files and self._state.version >= 0
        came = files - self._files if is_more else files
        found = _read(table, came)
        self._state = self._state.extended(found, table.version()) if is_more else State(found, table.version())
        self._files = files

    def _merge(self) -> None:
        """Merge small files where there are many: what reads the log opens each of them."""
        if len(self._files) <= MOST_SMALL_FILES:
            return
        try:
            delta_table(SPEC.path(self._lake)).optimize.compact()
        except CommitFailedError as error:
            logger.info("the community's log is merged another time: %s", error)

    def _alone(self) -> AbstractContextManager[Lock]:
        """Keep other processes from writing; one that dies lets go."""
        return locked(self._lake / f".{SPEC.full_name}.lock")


def shared_log(settings: Settings) -> Log:
    """Return the log of a home that all parts of a process share."""
    return _shared(settings.lake, settings.authority, settings.watch_map_max_deg2)


@cache
def _shared(lake: LakePath, authority: str, most_map_deg2: float) -> Log:
    return Log(lake, authority, most_map_deg2)


def _after(state: State) -> dt.datetime:
    """Return the time of the next statement: later than every one before, whatever the clocks of machines say."""
    now = dt.datetime.now(dt.UTC)
    last = state.rows["at"][-1].as_py() if state.rows.num_rows else None
    return now if last is None or last < now else last + dt.timedelta(microseconds=1)


def _commit(table: DeltaTable, rows: Sequence[Row]) -> None:
    number = (table.transaction_version(WRITER) or 0) + 1
    once = CommitProperties(app_transactions=[Transaction(WRITER, number)])
    found = pa.Table.from_pylist(list(rows), schema=SPEC.plain_schema)
    write_deltalake(table, found, mode="append", commit_properties=once)


def _read(table: DeltaTable, files: frozenset[str]) -> pa.Table:
    if not files:
        return HELD.empty_table()
    found = parquet_dataset([place_of(table, uri) for uri in sorted(files)], HELD).to_table()
    return found.sort_by("at").cast(HELD)
