"""What is done with a micro-batch: its alerts are read, judged, sent, recorded."""

import datetime as dt
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import SparkContext
from pyspark.sql import DataFrame

from fink_lib.distribute import counter
from fink_lib.distribute.alerts import FILE, ROW, paths_in, public_ones
from fink_lib.distribute.columns import located
from fink_lib.distribute.deleted_counters import deleted_counters
from fink_lib.distribute.failures import EVERY_FILTER, FailureBook
from fink_lib.distribute.handing import Handing, counter_route
from fink_lib.distribute.ledger import Ledger
from fink_lib.distribute.match import HEAD, USERS, Key, Match, Raised, heads, log_raised
from fink_lib.distribute.output_ids import OutputIds, tell_made_anew
from fink_lib.distribute.output_topics import output_topics
from fink_lib.distribute.tasks import send_by_tasks
from fink_lib.distribute.work import Answer, Name, Part, perform
from fink_lib.errors import BrokerError
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.recovery import REST_AFTER_FAILURE_S, REST_S, unrecorded
from fink_lib.kafka.sending import Sender
from fink_lib.kafka.topics import ensure_topics
from fink_lib.lake.spark.batch_files import files_of
from fink_lib.lake.tables import KAFKA_KEY, places_of
from fink_lib.processes.error_summary import sentence_of
from fink_lib.streams.guard import Parts
from fink_lib.streams.halves import Blamed
from fink_lib.streams.spec import StreamSpec
from fink_lib.streams.stop import PlanOutdated
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)

ALERTS_AT_ONCE = 1000  # alerts that the driver sends before it records them
# From so many on alerts are judged and sent by tasks: a job of Spark's costs what the driver needs for some hundred.
TASKS_FROM = 300
# One task a core, as long as there is work for it: between two tasks of a core some tenths of a second go by.
LEAST_PER_TASK = 150


class Judging(Protocol):
    """Judges users' filters, and is told how long the others took."""

    def __call__(self, batch: DataFrame, alerts: pa.Table) -> Mapping[Key, Sequence[str]]:
        """Return which places users' filters select."""

    def took(self, seconds: float, alerts: pa.Table) -> None:
        """Note how long the broker's own filters took.

        Parameters
        ----------
        seconds
            Time that they took, in seconds.
        alerts
            The alerts that they judged, with their columns of `HEAD`.
        """


class Distributor:
    """Does micro-batches; the first one after a start settles what the last driver left.

    Parameters
    ----------
    spec
        The stream.
    survey
        Whose alerts.
    judging
        Says which alerts users' filters select.
    handing
        How alerts are judged, messages made, and where they go.
    ledger
        What was sent.
    failures
        What could not be judged.
    context
        Whose tasks send many alerts; None lets this process send all.
    watch
        Is handed the alerts of a batch after they left.
    """

    def __init__(
        self,
        spec: StreamSpec,
        survey: Survey,
        judging: Judging,
        handing: Handing,
        *,
        ledger: Ledger,
        failures: FailureBook,
        context: SparkContext | None = None,
        watch: Callable[[pa.Table], None] = lambda _alerts: None,
    ) -> None:
        self._spec, self._survey, self._judging = spec, survey, judging
        self._handing, self._context = handing, context
        self._ledger, self._failures = ledger, failures
        self._sender = Sender(spec.settings)
        self._counters: set[str] = set()  # topics that are there
        self._ids = OutputIds(Connection.of(spec.settings))
        self._settled, self._rest_s = False, REST_S
        self._watch = watch
        self._turn = threading.RLock()  # of micro-batches, and of what leaves beside them

    def __call__(self, batch: DataFrame, batch_id: int) -> int:
        """Send one micro-batch and record it; return how many rows of silver it has.

        Raises
        ------
        BrokerError
            When Kafka did not take everything; the batch is to be done again.
        """
        rows, alerts = self._read(batch)
        self._do(batch, alerts, batch_id)
        return rows

    def send_beside(self, handing: Handing, alerts: pa.Table) -> int:
        """Send alerts for another reason than that they are new; return how many messages that is.

        They go by the same books: what was sent by a filter before is not sent again, and what is sent is recorded.

        Parameters
        ----------
        handing
            How, without filters of the broker's own.
        alerts
            Where they stand in silver, and by which filters each leaves, `USERS`.

        Raises
        ------
        BrokerError
            When Kafka did not take everything.
        """
        with self._turn:
            if not self._settled:
                self._settle()
            nights = frozenset(pc.unique(alerts["night"]).to_pylist())
            self._ledger.load(nights)
            self._ids.learn({route.topic for route in handing.routes.values()})
            part = Part(alerts, self._before(alerts), nights)
            answers = self._settle_up([perform(handing, part, self._sender)])
            return sum(len(one.sent) for one in answers)

    def parts(self, batch: DataFrame, batch_id: int) -> Parts[Match]:
        """Take a micro-batch apart into its alerts.

        Parameters
        ----------
        batch
            What `places` made, as for a call.
        batch_id
            Its number, for the log.

        Returns
        -------
        Public alerts with what sends some of them, and what records an alert that the code raised on.
        """
        count, alerts = self._read(batch)
        alerts = alerts.sort_by([(name, "ascending") for name in KAFKA_KEY])
        items = heads(alerts)
        at = {one.key: number for number, one in enumerate(items)}

        def do(some: Sequence[Match]) -> int:
            rows = alerts.take(pa.array([at[one.key] for one in some], pa.int64()))
            return self._do(batch.where(located(some)), rows, batch_id)

        return Parts(
            items=items,
            do=do,
            set_aside=self._blame,
            key=lambda one: one.key,
            rows=count,
        )

    def _read(self, batch: DataFrame) -> tuple[int, pa.Table]:
        """Return the number of rows of a micro-batch, and the public ones with their columns of `HEAD`.

        Spark says which files of silver it has, and is not asked for more.
        """
        silver = self._handing.selection.table
        rows = silver.heads(files_of(batch), [*HEAD, *paths_in(self._survey.public)])
        return rows.num_rows, public_ones(rows, self._survey.public).select([*HEAD, FILE, ROW])

    def _do(self, batch: DataFrame, alerts: pa.Table, batch_id: int) -> int:
        """Send a batch or a part of one; return how many alerts a filter selected."""
        with self._turn:
            count = self._do_alone(batch, alerts, batch_id)
        self._watch(alerts)
        return count

    def _do_alone(self, batch: DataFrame, alerts: pa.Table, batch_id: int) -> int:
        if not self._settled:
            self._settle()
        alerts = _chosen(alerts, self._judging(batch, alerts))
        nights = set(pc.unique(alerts["night"]).to_pylist())
        self._ledger.load(nights)
        over = self._counters_over(nights)
        counters = {counter_route(self._survey.name, night).topic for night in nights - over}
        self._ids.learn(counters | {route.topic for route in self._handing.routes.values()})
        answers = self._send(alerts, over)
        self._judging.took(sum(one.seconds for one in answers), alerts)
        told = (sum(one.selected for one in answers), sum(len(one.sent) for one in answers))
        raised = sum(len(one.raised) for one in answers)
        logger.info("batch sent batch_id=%d selected=%d messages=%d raised=%d", batch_id, *told, raised)
        return told[0]

    def _set_aside(self, raised: Sequence[Raised]) -> None:
        """Record alerts that cannot leave."""
        self._failures.record(raised)
        for one in raised:
            told = self._spec.name, one.night, one.alert_id, one.filter, one.reason
            logger.error("alert set aside stream=%s night=%s alert_id=%d filter=%s: %s", *told)

    def _blame(self, blamed: Sequence[Blamed[Match]]) -> None:
        """Record alerts that the code raised on: they leave by no filter."""
        self._set_aside(
            [Raised(one.item.night, one.item.alert_id, EVERY_FILTER, sentence_of(one.error)) for one in blamed]
        )

    def close(self) -> None:
        """Let go of Kafka."""
        self._sender.close()

    def _settle(self) -> None:
        """Record messages that were sent but not recorded when the last driver died.

        The lease gives this driver the only right to write, so nobody else is sending. What the dead
        one had handed to its socket is waited for.
        """
        topics = output_topics(Connection.of(self._spec.settings), self._survey.name)
        ids = self._ids.ask(topics)
        next_offsets = self._ledger.next_offsets(ids)
        for topic, topic_id in ids.items():
            tell_made_anew(topic, self._ledger.ids_of(topic), topic_id)
        lost = unrecorded(self._spec.settings, topics, next_offsets, rest_s=self._rest_s)
        self._require_same(topics)
        self._ledger.record(self._ids.placed(lost))
        self._settled, self._rest_s = True, REST_S
        logger.info("settled topics=%d recovered=%d", len(topics), len(lost))

    def _send(self, alerts: pa.Table, over: Collection[dt.date]) -> list[Answer]:
        """Judge and send alerts, wait for the reports, record them; return what became of each part."""
        if self._context is None or alerts.num_rows < TASKS_FROM:
            # one after the other: what a part left is on record before the next one begins
            return [self._done_here(self._part(rows, over)) for rows in cut(alerts, ALERTS_AT_ONCE)]
        size = max(LEAST_PER_TASK, -(-alerts.num_rows // self._context.defaultParallelism))
        if _has_twice(alerts):  # one task sees both
            size = alerts.num_rows
        parts = [self._part(rows, over) for rows in cut(alerts, size)]
        self._settled, self._rest_s = False, REST_AFTER_FAILURE_S  # until every task has answered
        return self._settle_up(send_by_tasks(self._context, self._handing, parts))

    def _done_here(self, part: Part) -> Answer:
        return self._settle_up([perform(self._handing, part, self._sender)])[0]

    def _part(self, alerts: pa.Table, over: Collection[dt.date]) -> Part:
        return Part(alerts, self._before(alerts), frozenset(over))

    def _before(self, alerts: pa.Table) -> dict[Name, frozenset[str]]:
        """Return what some alerts were sent by already; of a batch that is new, nothing."""
        found: dict[Name, frozenset[str]] = {}
        nights = pc.unique(alerts["night"]).to_pylist()
        for night in nights:
            ids = alerts.filter(pc.equal(alerts["night"], night))["alert_id"].to_numpy()
            for name, sent in self._ledger.sent_by(night, ids).items():
                for one in ids[sent].tolist():
                    found[night, one] = found.get((night, one), frozenset()) | {name}
        return found

    def topics_changed(self) -> bool:
        """Tell whether a topic that is written is gone, or another one of the same name: a new plan must begin."""
        topics = {route.topic for route in self._handing.routes.values()} | self._counters
        try:
            return bool(self._ids.changed(topics - deleted_counters(self._spec.settings).keys()))
        except BrokerError:
            return False  # the stream itself says so

    def _require_same(self, topics: Collection[str]) -> None:
        """Record nothing of topics that were made anew since their ids were asked.

        Raises
        ------
        PlanOutdated
            When one was: its messages are looked for under the plan that is made now.
        """
        if anew := self._ids.changed(topics):
            told = f"output topics were deleted while they were written: {', '.join(anew)}"
            logger.warning("%s; what stands on those of today is read back first", told)
            raise PlanOutdated(told)

    def _counters_over(self, nights: set[dt.date]) -> set[dt.date]:
        """Return the nights that are counted no more, since maintenance deleted their topics; make those of the others.

        What maintenance has deleted is asked each time: a topic that is written to again would be made anew.
        """
        topics = {night: counter_route(self._survey.name, night).topic for night in nights}
        deleted = deleted_counters(self._spec.settings)
        wanted = {topic for topic in topics.values() if topic not in deleted}
        if missing := sorted(wanted - self._counters):
            ensure_topics(self._spec.settings, missing, partitions=counter.PARTITIONS)
        self._counters |= wanted
        return {night for night, topic in topics.items() if topic in deleted}

    def _settle_up(self, answers: list[Answer]) -> list[Answer]:
        """Record what was sent, and raise what was not; return what was given.

        Where one message may stand on a topic unknown, no other one is recorded: behind it on the same partition it
        would hide it from whoever reads the topics back.
        """
        known = all(answer.is_known for answer in answers)
        self._settled, self._rest_s = False, REST_AFTER_FAILURE_S  # until all that was sent is recorded
        if known:
            sent = [one for answer in answers for one in answer.sent]
            self._require_same({one.topic for one in sent})
            self._ledger.record(self._ids.placed(sent))
            self._settled, self._rest_s = True, REST_S
        raised = [one for answer in answers for one in answer.raised]
        log_raised(raised)
        self._failures.record(raised)
        self._set_aside([one for answer in answers for one in answer.aside])
        for answer in answers:
            if answer.error is not None:
                raise answer.error
        return answers


def cut(alerts: pa.Table, size: int) -> Iterator[pa.Table]:
    """Yield alerts in parts of so many.

    Parameters
    ----------
    alerts
        Any rows.
    size
        Most rows of a part; the last part may have fewer.
    """
    for first in range(0, alerts.num_rows, size):
        # taken, not cut: a part that travels would bring the whole table with it
        yield alerts.take(pa.array(np.arange(first, min(alerts.num_rows, first + size))))


def _chosen(alerts: pa.Table, users: Mapping[Key, Sequence[str]]) -> pa.Table:
    """Add which users' filters select each alert."""
    names = [users.get(place, ()) for place in places_of(alerts)] if users else [()] * alerts.num_rows
    return alerts.append_column(USERS, pa.array(names, pa.list_(pa.string())))


def _has_twice(alerts: pa.Table) -> bool:
    """Tell whether an alert stands in silver twice."""
    return len(alerts.group_by(["night", "alert_id"]).aggregate([])) < len(alerts)
