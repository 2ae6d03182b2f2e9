"""The night null: messages that belong to no night, because nothing in them tells when they were observed.

Needs no JVM: whoever prints the manifests of a play asks for this entry once the nights are closed.
"""

from collections.abc import Iterable
from functools import partial

import pyarrow.compute as pc

from fink_lib.config import Settings
from fink_lib.files import JsonObject
from fink_lib.ingest.identify import identify_input
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import TopicReader
from fink_lib.lake.losses import read_losses
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.topics import current_names, read_topics
from fink_lib.nightly.reconcile.equation import Attribution, Equation
from fink_lib.nightly.reconcile.messages import Ordered
from fink_lib.nightly.reconcile.missing_messages import read_back
from fink_lib.nightly.reconcile.offered import kept_messages
from fink_lib.nightly.reconcile.offsets import partition_accounts, read_marks
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import night_specs


def undated_night(settings: Settings, survey: Survey, topics: Iterable[str]) -> JsonObject:
    """Return the manifest entry of the night null over some input topics.

    Parameters
    ----------
    settings
        Of the broker.
    survey
        Whose messages.
    topics
        Names in Kafka; the newest topic of each name is looked at too where it is kept under another one.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    names = current_names(read_topics(settings.lake, survey.name))
    chosen = sorted({*topics, *(names[topic] for topic in topics if topic in names)})
    with TopicReader(Connection.to(survey.connection(settings)), names=names) as reader:
        marks = read_marks(reader, chosen)
        tables = Pinned.now(night_specs(survey), settings.lake)
        kept = Ordered.of(kept_messages(tables, pc.field("kafka_topic").isin(chosen)))
        losses = read_losses(settings.lake, survey.name)
        accounts = partition_accounts(kept, marks, [one for one in losses.places if one.topic in chosen])
        missing = read_back(reader, accounts, partial(identify_input, survey), losses.accepted)
    undated = kept.once()["night"].null_count
    lost = sum(count for (_, night), count in missing.by_night.items() if night is None)
    accepted = sum(count for (_, night), count in missing.accepted.items() if night is None)
    share = Attribution(quarantine=undated, lost=lost, accepted=accepted)
    named = [message.label for message in missing.named if message.night is None]
    return undated_entry(survey.name, share, named)


def undated_entry(survey: str, share: Attribution, lost: list[str]) -> JsonObject:
    """Write the entry: nothing of it is in bronze, so it has no silver, no topics and no latency.

    Parameters
    ----------
    survey
        Name of the survey.
    share
        Messages without a night: quarantined, lost, and accepted as lost.
    lost
        Labels of the lost ones.
    """
    equation = Equation("offered", share.offered, share.parts)
    return {
        "survey": survey,
        "night": None,
        "offered": share.offered,
        "bronze": share.bronze,
        "quarantine": share.quarantine,
        "silver": 0,
        "rejected": 0,
        "repeats": 0,
        "published": {},
        "equation_holds": equation.holds,
        "equations": [equation.text],
        "lost": lost,
        "latency_s": {},
        "expectations": {"passed": 0, "failed": 0},
        "critical_failed": [],
        "ok": equation.holds,
    }
