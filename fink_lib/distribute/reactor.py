"""Alerts that leave because of what somebody says: looked for in the log by the driver that alone writes the topics.

A statement is looked at once: up to which one is kept in a file, after what it fired is on record. A driver that dies
between the two looks at it again, and the ledger leaves out what had left.

No statement, no rule and no log that cannot be read may stop the stream: a statement that fails is tried again, and
then passed over with its reason; anything else is looked at again after some seconds.
"""

import logging
import time
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from fink_lib.community.log import shared_log
from fink_lib.community.reactions import Rule, rules_of
from fink_lib.community.state import Row, State
from fink_lib.distribute.columns import located, session_for_lookups
from fink_lib.distribute.distributor import Distributor
from fink_lib.distribute.handing import Handing, Route
from fink_lib.distribute.match import USERS, heads
from fink_lib.distribute.newest import newest_alert
from fink_lib.errors import ConfigError, FinkError
from fink_lib.files import replace_text
from fink_lib.filters.restricted import restricted_topics
from fink_lib.filters.users.spark.running import checked, lenient
from fink_lib.kafka.topics import ensure_topics
from fink_lib.lake.spark.table import read_table
from fink_lib.science.framework.silver import silver_spec
from fink_lib.streams.spec import StreamSpec
from fink_lib.streams.stop import PlanOutdated
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)

LOOKED_UP_TO = "reacted_up_to"
WHY = "statement_id"  # header of the message: what fired
AT_ONCE_S = 5.0  # for so long statements are looked at in one go
TRIES, PAUSE_S = 3, 5.0


class Reactor:
    """Looks at what is new in the log.

    Parameters
    ----------
    session, spec, survey
        Of the driver.
    distributor
        Sends, and keeps the books.
    handing
        How alerts become messages.
    """

    def __init__(
        self, session: SparkSession, spec: StreamSpec, survey: Survey, distributor: Distributor, handing: Handing
    ) -> None:
        self._session, self._spec, self._survey = session, spec, survey
        self._distributor, self._handing = distributor, handing
        self._log = shared_log(spec.settings)
        self._file = spec.paths.root / LOOKED_UP_TO
        self._version = -2
        self._topics: frozenset[str] = frozenset()
        self._tries, self._pause_until = 0, 0.0  # of the statement that is looked at next
        self._safely(self._begin)

    def __call__(self) -> int:
        """Look at what was said since, for some seconds; return how many messages left.

        Raises
        ------
        PlanOutdated
            When a topic was made anew meanwhile.
        """
        return 0 if time.monotonic() < self._pause_until else self._safely(self._look)

    def _safely(self, work: Callable[[], int]) -> int:
        try:
            return work()
        except PlanOutdated:
            raise
        except Exception:
            logger.exception("what was said could not be looked at, and is again in %.0f s", PAUSE_S)
            self._pause_until = time.monotonic() + PAUSE_S
            return 0

    def _begin(self) -> int:
        """Note that what was said before anybody looked fires nothing."""
        if not self._file.exists():
            self._note(self._log.now())
        return 0

    def _look(self) -> int:
        state = self._log.now()
        if state.version == self._version:
            return 0
        if not self._file.exists():
            return self._begin()
        sent, rules = 0, rules_of(state, self._survey.name)
        rows = state.rows.slice(state.place_after(self._file.read_text()))
        fresh = rows.filter(pc.field("survey") == self._survey.name).to_pylist() if rules else []
        ends = time.monotonic() + AT_ONCE_S
        for row in fresh:
            fired = [rule for rule in rules if rule.fires_on(row)]
            if fired and state.replaced_by(row["statement_id"]) is None:
                left = self._tried(fired, row)
                if left is None:
                    return sent
                sent += left
                self._keep(row["statement_id"])
            if time.monotonic() > ends:
                self._keep(row["statement_id"])
                return sent
        self._note(state)
        return sent

    def _note(self, state: State) -> None:
        self._keep(state.rows["statement_id"][-1].as_py() if state.rows.num_rows else "")
        self._version = state.version

    def _keep(self, statement_id: str) -> None:
        replace_text(self._file, statement_id, durable=True)

    def _tried(self, rules: Sequence[Rule], row: Row) -> int | None:
        """Send what a statement fires; None where it is to be tried again: for ever while Kafka is away."""
        try:
            sent = self._fire(rules, row)
        except PlanOutdated:
            raise
        except Exception as error:
            self._tries += 1
            is_last = self._tries >= TRIES and not (isinstance(error, FinkError) and error.retryable)
            told = row["statement_id"], self._tries, "passed over" if is_last else "to be tried again"
            logger.exception("statement=%s try=%d %s", *told)
            if not is_last:
                self._pause_until = time.monotonic() + PAUSE_S
                return None
            sent = 0
        self._tries = 0
        return sent

    def _fire(self, rules: Sequence[Rule], row: Row) -> int:
        """Send the newest alert of the object that a statement is about, by the rules that it passes."""
        silver = self._handing.selection.table
        alert = newest_alert(self._spec.settings.lake, self._survey, silver, row["object_id"])
        passed = [] if alert is None else [rule for rule in rules if self._passes(rule, alert)]
        if alert is None or not passed:
            logger.info("statement=%s fires nothing of %s", row["statement_id"], row["object_id"])
            return 0
        self._ensure([rule.topic for rule in passed])
        routes = {rule.filter: Route(rule.filter, rule.statement_id, rule.topic) for rule in passed}
        handing = self._handing.because_of(((WHY, row["statement_id"]),), routes)
        names = pa.array([sorted(routes)], pa.list_(pa.string()))
        sent = self._distributor.send_beside(handing, alert.append_column(USERS, names))
        logger.info("statement=%s fired=%s messages=%d", row["statement_id"], ",".join(sorted(routes)), sent)
        return sent

    def _passes(self, rule: Rule, alert: pa.Table) -> bool:
        """Tell whether an alert is as a rule wants it; asked of Spark, as of users' filters."""
        if not rule.body.predicate:
            return True
        table = read_table(silver_spec(self._survey), session_for_lookups(self._session), self._spec.settings.lake)
        try:
            predicate = checked(table, rule.body.predicate, silver_paths(self._handing))
        except ConfigError as error:
            logger.error("reaction left out filter=%s: %s", rule.filter, error)  # noqa: TRY400
            return False
        with lenient(table.sparkSession):
            return bool(table.where(located(heads(alert))).where(predicate.sql).limit(1).count())

    def _ensure(self, topics: Sequence[str]) -> None:
        if new := frozenset(topics) - self._topics:
            ensure_topics(self._spec.settings, new, restricted_topics(self._spec.settings))
            self._topics |= new


def silver_paths(handing: Handing) -> frozenset[str]:
    """Return the columns that a predicate may name."""
    return handing.selection.table.paths
