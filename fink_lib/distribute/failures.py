"""Alerts that a filter could not judge: the filter is switched off for them, and a table says so."""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.compute as pc

from fink_lib import __version__
from fink_lib.distribute.match import Raised
from fink_lib.lake.small import append_rows, read_rows
from fink_lib.lake.tables.spec import TableSpec

logger = logging.getLogger(__name__)

LONGEST_REASON = 500
EVERY_FILTER = "(all)"  # no filter can have this name: of an alert that could not be sent at all


class FailureBook:
    """Records each failure once, however often its batch is done.

    Parameters
    ----------
    table
        The table; it is made with the first failure.
    lake
        Root folder of the tables.
    versions
        Version of each filter.
    """

    def __init__(self, table: TableSpec, lake: Path, versions: Mapping[str, str]) -> None:
        self._table, self._lake, self._versions = table, lake, {EVERY_FILTER: __version__, **versions}

    def record(self, raised: Sequence[Raised]) -> int:
        """Append those that are not recorded; return how many."""
        if not raised:
            return 0
        nights = sorted({one.night for one in raised})
        known = {
            tuple(row[name] for name in self._table.key)
            for row in read_rows(self._table, self._lake, pc.field("night").isin(nights))
        }
        now = dt.datetime.now(dt.UTC)
        fresh = {}
        for one in raised:
            identity = (one.night, one.alert_id, one.filter, self._versions[one.filter])
            if identity not in known:
                facts = {"reason": one.reason[:LONGEST_REASON], "failure_time": now, "code_version": __version__}
                fresh[identity] = dict(zip(self._table.key, identity, strict=True)) | facts
        append_rows(self._table, self._lake, list(fresh.values()))
        return len(fresh)
