"""Users' filters, which Spark judges, within their time; who holds a batch up is switched off or told.

The normal path costs a timer. Only a batch whose users' filters take longer than `FINK_FILTERS_BATCH_S` is broken off;
a sample of its alerts then tells how long each of them takes. Filters of the broker are judged where alerts are sent,
and are told when they take longer.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

import pyarrow as pa
import pyspark.sql.functions as F
from deltalake.exceptions import DeltaError
from pyspark.sql import DataFrame

from fink_lib.config import Settings
from fink_lib.distribute.columns import located, session_for_lookups
from fink_lib.distribute.match import USERS, Key, Match, heads, is_public
from fink_lib.distribute.selection import Selection
from fink_lib.errors import FinkError
from fink_lib.filters.users.predicate import Predicate
from fink_lib.filters.users.slow import Slow, slow_ones, switch_off
from fink_lib.filters.users.spark.running import lenient, selecting
from fink_lib.filters.users.spark.timing import seconds_each
from fink_lib.filters.users.store import Event, history
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.spark.time_limit import OverTime, time_limit
from fink_lib.lake.tables import KAFKA_KEY, places_of
from fink_lib.notices.notice import of_slow_filter
from fink_lib.notices.run import queue_filter
from fink_lib.notices.subscriptions import read_subscriptions
from fink_lib.science.framework.silver import silver_spec
from fink_lib.streams.stop import PlanOutdated
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)

SAMPLE = 500  # alerts that filters are timed on, and no more than a quarter of the batch
QUARTER = 4
Users = Sequence[tuple[Event, Predicate]]


def places(silver: DataFrame, survey: Survey, users: Users) -> DataFrame:
    """Return the places of public alerts, and of each the names of the users' filters that select it, `USERS`.

    Parameters
    ----------
    silver
        Alerts, streaming or not.
    survey
        Tells which alerts are public.
    users
        Filters of users that can run; without any, each alert has an empty list.

    Returns
    -------
    Rows with night, topic, partition, offset and `USERS`.
    """
    with lenient(silver.sparkSession):
        return silver.where(is_public(survey)).select("night", *KAFKA_KEY, selecting(users).alias(USERS))


def chosen_by_users(batch: DataFrame) -> dict[Key, list[str]]:
    """Return the places that users' filters select, and by which: one pass of Spark's over the columns that they name.

    Parameters
    ----------
    batch
        What `places` made.
    """
    found = batch.where(F.size(USERS) > 0).select(*KAFKA_KEY, USERS).toArrow()
    return dict(zip(places_of(found), found[USERS].to_pylist(), strict=True))


class Judging:
    """Judges the alerts of micro-batches by users' filters, and times the broker's own.

    Parameters
    ----------
    settings, survey
        Whose alerts.
    selection
        The broker's own filters.
    users
        Filters of users that the query was planned with.
    """

    def __init__(self, settings: Settings, survey: Survey, selection: Selection, users: Users) -> None:
        self._settings, self._survey, self._selection, self._users = settings, survey, selection, users
        self._limit_s = settings.filters_batch_s

    def __call__(self, batch: DataFrame, alerts: pa.Table) -> Mapping[Key, Sequence[str]]:
        """Return which alerts of a batch users' filters select.

        Parameters
        ----------
        batch
            What `places` made.
        alerts
            Its alerts, with their columns of `HEAD`.

        Raises
        ------
        PlanOutdated
            When a user's filter was switched off: the batch is to be judged without it.
        """
        if not self._users or not alerts.num_rows:
            return {}
        try:
            with time_limit(batch.sparkSession, self._limit_s):
                return chosen_by_users(batch)
        except OverTime:
            logger.warning("filters are over their time limit_s=%.1f", self._limit_s)
        self._look_for_slow_ones(batch, heads(alerts))
        self._limit_s *= 2  # nobody is to blame but the machine: a batch like this one is not broken off again
        return chosen_by_users(batch)

    def took(self, seconds: float, alerts: pa.Table) -> None:
        """Note how long the broker's own filters took for some alerts; tell which is slow. None is switched off.

        Parameters
        ----------
        seconds
            Time that all of them took, in seconds.
        alerts
            The alerts that they judged, as `Selection.seconds_each` reads them.
        """
        if seconds <= self._limit_s or not alerts.num_rows:
            return
        sample = alerts.take(pa.array(range(0, alerts.num_rows, _step(alerts.num_rows))))
        each = self._selection.seconds_each(sample)
        for slow in slow_ones(each, alerts.num_rows, self._settings.filters_batch_s):
            logger.error("filter of the broker is slow filter=%s: %s", slow.name, slow.reason)
            self._tell(slow.name, slow.reason)
        self._limit_s *= 2

    def _look_for_slow_ones(self, batch: DataFrame, alerts: Sequence[Match]) -> None:
        slow = self._slow_users(batch, alerts[:: _step(len(alerts))], len(alerts))
        active = {event.name: event for event, _ in self._users}
        gone = [one.name for one in slow if self._switch_off(active[one.name], one)]
        if slow:
            raise PlanOutdated(f"switched off for their time: {', '.join(gone)}")

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

    def _tell(self, name: str, reason: str, off: int | None = None) -> None:
        """Queue a notice; what keeps it from being queued must not keep alerts back."""
        with suppress(FinkError, DeltaError, OSError):
            notice = of_slow_filter(self._survey.name, name, reason, off=off)
            queue_filter(self._settings, read_subscriptions(self._settings.notices), name, notice)
            return
        logger.error("notice cannot be queued filter=%s", name)


def _step(alerts: int) -> int:
    return max(QUARTER, alerts // SAMPLE)
