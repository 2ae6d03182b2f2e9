"""Filters within their time: a batch that they hold up is broken off, and who holds it up is switched off or told.

The normal path costs a timer. Only a batch that is judged for longer than `FINK_FILTERS_BATCH_S` is broken off; a
sample of its alerts then tells how long each user's filter takes.
"""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress

from deltalake.exceptions import DeltaError
from pyspark.sql import DataFrame

from fink_lib.config import Settings
from fink_lib.distribute.columns import located, session_for_lookups
from fink_lib.distribute.match import PRIVATE, SUFFIX, USERS, Match, Verdict, arrays_of, heads, judge
from fink_lib.errors import FinkError
from fink_lib.filters.base import Filter
from fink_lib.filters.evaluate import evaluate
from fink_lib.filters.registry import inputs_of
from fink_lib.filters.users.predicate import Predicate
from fink_lib.filters.users.slow import Slow, slow_ones, switch_off
from fink_lib.filters.users.spark.timing import seconds_each
from fink_lib.filters.users.store import Event, history
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.spark.time_limit import OverTime, time_limit
from fink_lib.notices.notice import of_slow_filter
from fink_lib.notices.run import queue_filter
from fink_lib.notices.subscriptions import read_subscriptions
from fink_lib.science.framework.silver import silver_spec
from fink_lib.streams.stop import PlanOutdated
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)

SAMPLE = 500  # alerts that filters are timed on, and no more than a quarter of the batch
QUARTER = 4


class Judging:
    """Judges micro-batches within a time.

    Parameters
    ----------
    settings, survey
        Whose alerts.
    filters
        Filters of the broker.
    users
        Filters of users that the query was planned with.
    """

    def __init__(
        self, settings: Settings, survey: Survey, filters: Sequence[Filter], users: Sequence[tuple[Event, Predicate]]
    ) -> None:
        self._settings, self._survey, self._filters, self._users = settings, survey, filters, users
        self._limit_s = settings.filters_batch_s

    def __call__(self, batch: DataFrame) -> Verdict:
        """Judge every alert of a batch.

        Raises
        ------
        PlanOutdated
            When a user's filter was switched off: the batch is to be judged without it.
        """
        try:
            with time_limit(batch.sparkSession, self._limit_s):
                return judge(batch, self._filters, everyone=True)
        except OverTime:
            logger.warning("filters are over their time limit_s=%.1f", self._limit_s)
        self._look_for_slow_ones(batch)
        self._limit_s *= 2  # nobody is to blame but the machine: a batch like this one is not broken off again
        return judge(batch, self._filters, everyone=True)

    def _look_for_slow_ones(self, batch: DataFrame) -> None:
        alerts = heads(batch)
        sample = alerts[:: max(QUARTER, len(alerts) // SAMPLE)]
        if not sample:
            return
        slow = self._slow_users(batch, sample, len(alerts)) if self._users else []
        active = {event.name: event for event, _ in self._users}
        gone = [one.name for one in slow if self._switch_off(active[one.name], one)]
        if slow:
            raise PlanOutdated(f"switched off for their time: {', '.join(gone)}")
        self._tell_of_own(batch, sample, len(alerts))

    def _slow_users(self, batch: DataFrame, sample: Sequence[Match], alerts: int) -> list[Slow]:
        budget_s = self._settings.filters_batch_s
        session = session_for_lookups(batch.sparkSession)
        rows = read_table(silver_spec(self._survey), session, self._settings.lake).where(located(sample))
        each = seconds_each(rows, self._users, len(sample), budget_s * len(sample) / alerts)
        return slow_ones(each, alerts, budget_s)

    def _switch_off(self, event: Event, slow: Slow) -> bool:
        done = switch_off(self._settings.lake, event, slow.reason)
        if done:
            logger.error("user filter switched off filter=%s version=%d: %s", event.name, event.version, slow.reason)
            off = len(history(self._settings.lake, event.survey, event.name))
            self._tell(event.name, slow.reason, off)
        return done

    def _tell_of_own(self, batch: DataFrame, sample: Sequence[Match], alerts: int) -> None:
        """Tell which filter of the broker is the slowest, where they take their time; they are never switched off."""
        rows = batch.where(located(sample)).drop(USERS, SUFFIX, PRIVATE).toArrow()
        arrays, seconds = arrays_of(rows, inputs_of(self._filters)), {}
        for one in self._filters:
            began = time.perf_counter()
            evaluate([one], arrays, rows.num_rows)
            seconds[one.name] = (time.perf_counter() - began) / len(sample)
        for slow in slow_ones(seconds, alerts, self._settings.filters_batch_s):
            logger.error("filter of the broker is slow filter=%s: %s", slow.name, slow.reason)
            self._tell(slow.name, slow.reason)

    def _tell(self, name: str, reason: str, off: int | None = None) -> None:
        """Queue a notice; what keeps it from being queued must not keep alerts back."""
        with suppress(FinkError, DeltaError, OSError):
            notice = of_slow_filter(self._survey.name, name, reason, off=off)
            queue_filter(self._settings, read_subscriptions(self._settings.notices), name, notice)
            return
        logger.error("notice cannot be queued filter=%s", name)
