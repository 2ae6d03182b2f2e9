"""What is done with a micro-batch: judged, counted, sent, recorded."""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

from pyspark import SparkContext
from pyspark.sql import DataFrame

from fink_lib.distribute import counter
from fink_lib.distribute.columns import located
from fink_lib.distribute.deleted_counters import deleted_counters
from fink_lib.distribute.failures import EVERY_FILTER, FailureBook
from fink_lib.distribute.handing import Answer, Due, Handing, counter_route, is_whole, send
from fink_lib.distribute.ledger import Ledger
from fink_lib.distribute.match import Match, Raised, Verdict, heads
from fink_lib.distribute.output_topics import output_topics
from fink_lib.distribute.tasks import send_by_tasks
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.recovery import REST_AFTER_FAILURE_S, REST_S, unrecorded
from fink_lib.kafka.sending import Sender
from fink_lib.kafka.topics import ensure_topics
from fink_lib.processes.sentence import sentence_of
from fink_lib.streams.guard import Parts
from fink_lib.streams.halves import Blamed
from fink_lib.streams.spec import StreamSpec
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)

ALERTS_AT_ONCE = 1000  # packets in the driver's memory at one time: some 100 MB at most
# From so many on alerts are sent by tasks: a job of Spark's costs what the driver needs for some hundred.
TASKS_FROM = 500
ALERTS_PER_TASK = 250


class Distributor:
    """Does micro-batches; the first one after a start settles what the last driver left.

    Parameters
    ----------
    spec
        The stream.
    survey
        Whose alerts.
    judging
        Says which alerts leave by which filters.
    handing
        How messages are made and where they go.
    ledger
        What was sent.
    failures
        What could not be judged.
    context
        Whose tasks send many alerts; None lets this process send all.
    """

    def __init__(
        self,
        spec: StreamSpec,
        survey: Survey,
        judging: Callable[[DataFrame], Verdict],
        handing: Handing,
        *,
        ledger: Ledger,
        failures: FailureBook,
        context: SparkContext | None = None,
    ) -> None:
        self._spec, self._survey, self._judging = spec, survey, judging
        self._handing, self._context = handing, context
        self._ledger, self._failures = ledger, failures
        self._sender = Sender(spec.settings)
        self._counters: set[str] = set()  # topics that are there
        self._settled, self._rest_s = False, REST_S

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Send one micro-batch and record it.

        Raises
        ------
        BrokerError
            When Kafka did not take everything; the batch is to be done again.
        """
        self._do(batch, batch_id)

    def parts(self, batch: DataFrame, batch_id: int) -> Parts[Match]:
        """Take a micro-batch apart into its alerts."""
        return Parts(
            items=heads(batch),
            do=lambda some: self._do(batch.where(located(some)), batch_id),
            set_aside=self._blame,
        )

    def _do(self, batch: DataFrame, batch_id: int) -> int:
        """Send a batch or a part of one; return how many alerts a filter selected."""
        if not self._settled:
            self._settle()
        verdict = self._judging(batch)
        raised = self._failures.record(verdict.raised)
        self._ledger.load({one.night for one in verdict.matches})
        sent = self._send(self._due(verdict.matches))
        selected = sum(bool(one.filters) for one in verdict.matches)
        logger.info("batch sent batch_id=%d selected=%d messages=%d raised=%d", batch_id, selected, sent, raised)
        return selected

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
        lost = unrecorded(self._spec.settings, topics, self._ledger.next_offsets(), rest_s=self._rest_s)
        self._ledger.record(lost)
        self._settled, self._rest_s = True, REST_S
        logger.info("settled topics=%d recovered=%d", len(topics), len(lost))

    def _due(self, matches: Iterable[Match]) -> list[Due]:
        """Return what has not left yet; where an alert comes twice in a batch, the first one leaves."""
        due: list[Due] = []
        seen: set[tuple[dt.date, int, str]] = set()
        for one in matches:
            names = [
                name
                for name in (*one.filters, counter.COUNTER)
                if (one.night, one.alert_id, name) not in seen
                and not self._ledger.was_sent(one.night, one.alert_id, name)
            ]
            seen.update((one.night, one.alert_id, name) for name in names)
            if names:
                due.append((one, tuple(names)))
        return due

    def _send(self, due: Sequence[Due]) -> int:
        """Send alerts, wait for the reports, record them; return the number of messages."""
        over = self._counters_over({one.night for one, _ in due})
        due = [one for one in (_uncounted(one) if one[0].night in over else one for one in due) if one[1]]
        whole = [one for one in due if is_whole(one[1])]
        if self._context is None or len(whole) < TASKS_FROM:
            answers = (send(self._handing, part, self._sender) for part in parts(due, ALERTS_AT_ONCE))
            return sum(self._settle_up([answer]) for answer in answers)
        self._settled, self._rest_s = False, REST_AFTER_FAILURE_S  # until every task has answered
        return self._settle_up(send_by_tasks(self._context, self._handing, list(parts(due, ALERTS_PER_TASK))))

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

    def _settle_up(self, answers: Sequence[Answer]) -> int:
        """Record what was sent, and raise what was not; return the number of messages.

        Where one message may stand on a topic unknown, no other one is recorded: behind it on the same partition it
        would hide it from whoever reads the topics back.
        """
        known = all(answer.is_known for answer in answers)
        self._settled, self._rest_s = False, REST_AFTER_FAILURE_S  # until all that was sent is recorded
        if known:
            self._ledger.record([one for answer in answers for one in answer.sent])
            self._settled, self._rest_s = True, REST_S
        self._set_aside([one for answer in answers for one in answer.aside])
        for answer in answers:
            if answer.error is not None:
                raise answer.error
        return sum(len(answer.sent) for answer in answers)


def _uncounted(due: Due) -> Due:
    return due[0], tuple(name for name in due[1] if name != counter.COUNTER)


def parts(due: Sequence[Due], size: int) -> Iterator[list[Due]]:
    """Yield what is due in parts of so many packets; the last one has all that are only counted, which are small."""
    whole = [one for one in due if is_whole(one[1])]
    rest = [one for one in due if not is_whole(one[1])]
    cuts = list(range(0, len(whole), size)) or [0]
    for start in cuts:
        part = whole[start : start + size] + (rest if start == cuts[-1] else [])
        if part:
            yield part
