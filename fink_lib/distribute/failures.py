"""Alerts that a filter could not judge: the filter is switched off for them, and a table says so."""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence

from fink_lib import __version__
from fink_lib.distribute.match import Raised
from fink_lib.lake.places import append_new
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath

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

    def __init__(self, table: TableSpec, lake: LakePath, versions: Mapping[str, str]) -> None:
        self._table, self._lake, self._versions = table, lake, {EVERY_FILTER: __version__, **versions}

    def record(self, raised: Sequence[Raised]) -> int:
        """Append those that are not recorded, each once; return how many."""
        now = dt.datetime.now(dt.UTC)
        rows = []
        for one in raised:
            identity = (one.night, one.alert_id, one.filter, self._versions[one.filter])
            facts = {"reason": one.reason[:LONGEST_REASON], "failure_time": now, "code_version": __version__}
            rows.append(dict(zip(self._table.key, identity, strict=True)) | facts)
        return append_new(self._table, self._lake, rows)
