"""Reconcile a night: its equations over Kafka and the lake, computed, stored and shown even when they do not hold.

Watermarks are read before the tables' versions are pinned, so that whatever is in flight can only be missing,
never too much; what is missing is looked for again after a pause before it is called lost.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.distribute.output_topics import is_output_topic
from fink_lib.files import JsonObject
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import TopicReader
from fink_lib.kafka.topic_ids import topic_ids
from fink_lib.lake.losses import Loss, note_losses, read_losses
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.places import SPANS_FILE, Ids
from fink_lib.lake.releases import replayed_in_enrich
from fink_lib.lake.topics import current_names, read_topics
from fink_lib.lake.versions import Table
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.reconcile.enriched import enriched_equation
from fink_lib.nightly.reconcile.equation import Equation, TopicAccount, check
from fink_lib.nightly.reconcile.offered import offered_account
from fink_lib.nightly.reconcile.offsets import read_marks
from fink_lib.nightly.reconcile.published import PublishedAccount, output_marks, published_account
from fink_lib.surveys.tables import night_specs

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
    losses
        What is lost, that nobody accepted, and that the night answers for.
    partition_rows
        Rows of the night's partition in the two bronze tables; a later change of them reopens the night.
    versions
        Versions of the tables that were read.
    """

    offered: Equation
    enriched: Equation
    published: PublishedAccount
    topics: list[TopicAccount]
    losses: list[Loss]
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
    survey, settings = context.survey, context.settings
    arriving, leaving = Connection.to(survey.connection(settings)), Connection.of(settings)
    names = current_names(read_topics(settings.lake, survey.name))
    with TopicReader(arriving, names=names) as offered, TopicReader(leaving) as sent:
        ids = topic_ids(leaving, [topic for topic in sent.topics() if is_output_topic(topic, survey.name)])
        balance = settle(lambda: look(context, offered, sent, names, ids))
    for equation in balance.equations:
        logger.info("night=%s %s holds=%s", context.label, equation.text, equation.holds)
    for loss in note_losses(settings.lake, survey.name, balance.losses):
        logger.warning("lost %s night=%s: %s", loss.label, loss.night, loss.note)
    return Outcome(balance.as_json(context), check(context.label, balance.equations))


def spans_file(context: NightContext) -> Path:
    """Return the file that keeps what was sent on all nights; it may be deleted at any time."""
    return context.settings.nights / context.survey.name / SPANS_FILE


def settle(once: Callable[[], Balance], *, looks: int = LOOKS, pause_s: float = PAUSE_S) -> Balance:
    """Look until the night balances, at most `looks` times: a stream may be about to commit what is missing.

    Parameters
    ----------
    once
        Takes one look, at tables and Kafka as they are then.
    looks
        At least 1.
    pause_s
        Seconds between two looks.

    Returns
    -------
    The last look, whether it balances or not.
    """
    balance = once()
    for _ in range(looks - 1):
        if balance.holds:
            break
        time.sleep(pause_s)
        balance = once()
    return balance


def look(
    context: NightContext,
    offering: TopicReader,
    sending: TopicReader,
    names: Mapping[str, str] | None = None,
    ids: Ids | None = None,
) -> Balance:
    """Compute the three equations once, over watermarks and table versions of one moment.

    Parameters
    ----------
    context
        The night.
    offering, sending
        The Kafka that the survey's alerts arrive on, and the one that topics leave by.
    names
        Input topic → the name that its messages are kept under, where that is another one.
    ids
        Ids of the output topics that exist.
    """
    survey, night = context.survey, context.night
    usual = survey.topic_of(night)
    input_marks = read_marks(offering, {(names or {}).get(usual, usual)})
    marks = output_marks(sending, survey, ())
    tables = Pinned.now(night_specs(survey), context.settings.lake)
    known = read_losses(context.settings.lake, survey.name)
    offered = offered_account(tables, offering, survey, night, input_marks, known=known)
    enriched = enriched_equation(tables, night)
    published = published_account(tables, sending, survey, night, marks, ids=ids, spans=spans_file(context))
    # As written, released or not: whoever asks whether a night changed counts the rows in the log.
    damaged = tables.written(Table.QUARANTINE, ["night"], pc.field("night") == pa.scalar(night)).num_rows
    rows = {str(Table.BRONZE): enriched.total, str(Table.QUARANTINE): damaged}
    if replayed := replayed_in_enrich(context.settings.lake, survey.name)[context.label]:
        rows["replayed"] = replayed
    return Balance(offered.equation, enriched, published, offered.topics, offered.losses, rows, dict(tables.versions))
