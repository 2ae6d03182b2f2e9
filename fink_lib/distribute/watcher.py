"""Public alerts of a micro-batch in what people watch: told to whoever watches, seconds after they left.

It keeps no alert back: what cannot be told now is told when the night is matched as a whole, once it was closed.
"""

import logging
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from fink_lib.community.draft import Draft
from fink_lib.community.log import shared_log
from fink_lib.community.state import Row
from fink_lib.community.watch_index import WatchIndex
from fink_lib.community.watching import COLUMNS, match_draft, say_new, watches
from fink_lib.config import Settings
from fink_lib.distribute.alerts import Silver

logger = logging.getLogger(__name__)

ALERTS_AT_ONCE = 10_000


class Watcher:
    """Matches alerts with all lists and maps that stand.

    Parameters
    ----------
    settings, survey
        Whose log and alerts.
    silver
        How alerts are read.
    """

    def __init__(self, settings: Settings, survey: str, silver: Silver) -> None:
        self._log, self._survey, self._silver = shared_log(settings), survey, silver
        self._version, self._index = -2, WatchIndex([])
        self._names: list[str] = []
        self._lists: list[Row] = []

    def __call__(self, alerts: pa.Table) -> None:
        """Tell of the alerts of a batch that are watched."""
        try:
            self._refresh()
            drafts = list(self._drafts(alerts)) if self._lists else []
            if drafts and (told := say_new(self._log, drafts)):
                logger.info("watched objects=%d lists=%d", told.total(), len(told))
        except Exception:
            # Its alerts have left: a batch that failed here would be done again, and they be blamed for it.
            logger.exception("what is watched is told when the night is closed")

    def _refresh(self) -> None:
        """Read the lists again where some came or went."""
        version = self._log.now().version
        if version == self._version:
            return
        names = self._log.now().standing_watches()
        if names != self._names:
            found = watches(self._log)
            self._names, self._lists = names, [row for row, _ in found]
            self._index = WatchIndex([what for _, what in found])
        self._version = version

    def _drafts(self, alerts: pa.Table) -> Iterator[Draft]:
        for _, rows in self._silver.columns(alerts, COLUMNS, ALERTS_AT_ONCE):
            columns: dict[str, Any] = {name: rows[name].to_pylist() for name in ("alert_id", "object_id")}
            ra, dec = (rows[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in ("ra", "dec"))
            for one in self._index.matches(ra, dec):
                at = one["at"]
                if columns["object_id"][at] is not None:
                    alert = {name: columns[name][at] for name in columns} | {"ra": float(ra[at]), "dec": float(dec[at])}
                    yield match_draft(self._lists[one["watch"]], self._survey, alert, one)
