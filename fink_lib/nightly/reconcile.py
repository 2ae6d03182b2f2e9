"""Reconcile a night: its equations over Kafka and the lake, computed, stored and shown even when they do not hold.

Watermarks are read before the tables' versions are pinned, so that whatever is in flight can only be missing,
never too much; what is missing is looked for again after a pause before it is called lost.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import pyspark.sql.functions as F

from fink_lib.nightly.enriched import enriched_equation
from fink_lib.nightly.equation import Equation, TopicAccount, check
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.offered import offered_account
from fink_lib.nightly.offsets import read_marks
from fink_lib.nightly.published import PublishedAccount, output_marks, published_account
from fink_lib.nightly.results import JsonObject
from fink_lib.nightly.snapshot import Snapshot, Table
from fink_lib.nightly.watermarks import TopicReader

logger = logging.getLogger(__name__)

LOOKS = 3
PAUSE_S = 5.0


@dataclass(frozen=True)
class Balance:
    """One look at the night.

    Attributes
    ----------
    offered, enriched, published
        The three equations; the last with its topics.
    topics
        The input topics that the night touches.
    partition_rows
        Rows of the night's partition in the two bronze tables; a later change of them reopens the night.
    versions
        Versions of the tables that were read.
    """

    offered: Equation
    enriched: Equation
    published: PublishedAccount
    topics: list[TopicAccount]
    partition_rows: dict[str, int]
    versions: dict[str, int | None]

    @property
    def equations(self) -> tuple[Equation, Equation, Equation]:
        """All three."""
        return self.offered, self.enriched, self.published.equation

    @property
    def holds(self) -> bool:
        """True when all three hold."""
        return all(equation.holds for equation in self.equations)

    def as_json(self, context: NightContext) -> JsonObject:
        """Facts for the result file."""
        parts = self.enriched.parts
        return {
            "survey": context.survey.name,
            "night": context.night.isoformat(),
            "holds": self.holds,
            "counts": {
                "offered": self.offered.total,
                "bronze": self.offered.parts["bronze"],
                "quarantine": self.offered.parts["quarantine"],
                "silver": parts["silver"],
                "rejected": parts["rejected"],
                "repeats": parts["repeats"],
                "quarantine_enrich": parts["quarantine"],
            },
            "partition_rows": self.partition_rows,
            "published": self.published.of_night,
            "lost": self.lost_labels(),
            "equations": [equation.as_json() for equation in self.equations],
            "topics": [topic.as_json() for topic in self.topics],
            "output_topics": list(self.published.topics),
            "tables": self.versions,
        }

    def lost_labels(self) -> list[int | str]:
        """Name every message that is nowhere, by alert id, or by its place in Kafka where the id is unknown."""
        faults = [*self.offered.differences, *self.enriched.differences]
        lost = [message for one in faults if one.fault in ("lost", "not_enriched") for message in one.named]
        labels = {message.alert_id if message.alert_id is not None else message.label for message in lost}
        return sorted(labels, key=lambda label: (isinstance(label, str), label))


def run(context: NightContext) -> Outcome:
    """Compute the equations; the outcome's failure is set when one does not hold."""
    with TopicReader(context.settings) as reader:
        balance = settle(lambda: look(context, reader))
    for equation in balance.equations:
        logger.info("night=%s %s holds=%s", context.label, equation.text, equation.holds)
    return Outcome(balance.as_json(context), check(context.label, balance.equations))


def settle(once: Callable[[], Balance], *, looks: int = LOOKS, pause_s: float = PAUSE_S) -> Balance:
    """Look until the night balances, at most `looks` times: a stream may be about to commit what is missing."""
    balance = once()
    for _ in range(looks - 1):
        if balance.holds:
            break
        time.sleep(pause_s)
        balance = once()
    return balance


def look(context: NightContext, reader: TopicReader) -> Balance:
    """Compute the three equations once, over watermarks and table versions of one moment."""
    survey, night = context.survey, context.night
    input_marks = read_marks(reader, {survey.topic_of(night)})
    marks = output_marks(reader, survey, ())
    snapshot = Snapshot.now(context.session, survey, context.settings.lake)
    offered, topics = offered_account(snapshot, reader, survey, night, input_marks)
    enriched = enriched_equation(snapshot, night)
    published = published_account(snapshot, reader, survey, night, marks)
    # As written, released or not: whoever asks whether a night changed counts the rows in the log.
    damaged = snapshot.written(Table.QUARANTINE).where(F.col("night") == F.lit(night)).count()
    rows = {str(Table.BRONZE): enriched.total, str(Table.QUARANTINE): damaged}
    return Balance(offered, enriched, published, topics, rows, dict(snapshot.versions))
