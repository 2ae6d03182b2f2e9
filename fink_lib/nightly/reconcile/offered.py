"""The first equation: every message that a survey's topics offered is in bronze or in quarantine, once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.ingest.identify import identify_input
from fink_lib.kafka.reading import TopicReader, Watermarks
from fink_lib.lake.losses import KnownLosses, Loss
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.topics import kafka_name
from fink_lib.lake.versions import Table
from fink_lib.nightly.reconcile.equation import (
    Attribution,
    Equation,
    Fault,
    Message,
    TopicAccount,
    differences,
    offered_equation,
)
from fink_lib.nightly.reconcile.messages import COLUMNS, Ordered, messages
from fink_lib.nightly.reconcile.missing_messages import Missing, read_back
from fink_lib.nightly.reconcile.offsets import (
    PartitionAccount,
    partition_accounts,
    read_marks,
    repeated_messages,
    rows_beyond,
)
from fink_lib.streams.spec import Stage
from fink_lib.surveys import Survey

NOTHING_LOST = KnownLosses()
Answers: TypeAlias = Callable[[str, str | None], bool]
Marks = dict[tuple[str, int], Watermarks]


def kept_messages(tables: Pinned, where: pc.Expression) -> pa.Table:
    """Return the messages that ingest kept and a condition chooses, with the place each is in.

    Parameters
    ----------
    tables
        Tables of the survey, pinned.
    where
        Condition on columns that bronze and quarantine both have.

    Returns
    -------
    Columns of `messages` and ``place``, which is ``bronze`` or ``quarantine``; what enrich quarantined is not
    there.
    """
    ingest = pc.field("stage") == str(Stage.INGEST)
    parts = {
        "bronze": tables.rows(Table.BRONZE, COLUMNS, where),
        "quarantine": tables.rows(Table.QUARANTINE, COLUMNS, where & ingest),
    }
    placed = [
        rows.append_column("place", pa.array([place] * rows.num_rows, pa.string())) for place, rows in parts.items()
    ]
    return messages(pa.concat_tables(placed))


def touched_topics(tables: Pinned, night: date, usual_topic: str) -> set[str]:
    """Return the topics that hold messages of the night, with the one that the survey uses for it.

    Parameters
    ----------
    tables
        Tables of the survey, pinned.
    night
        Of the messages.
    usual_topic
        Among them even where it holds none.
    """
    of_night = kept_messages(tables, pc.field("night") == pa.scalar(night))
    return {*pc.unique(of_night["topic"]).to_pylist(), usual_topic}


@dataclass(frozen=True)
class Offered:
    """What was offered, and what became of it.

    Attributes
    ----------
    equation
        Of the night.
    topics
        The input topics that the night touches.
    losses
        Messages that are nowhere, that nobody accepted as lost, and that this night answers for.
    """

    equation: Equation
    topics: list[TopicAccount]
    losses: list[Loss]


def offered_account(
    tables: Pinned,
    reader: TopicReader,
    survey: Survey,
    night: date,
    marks: Marks,
    *,
    known: KnownLosses = NOTHING_LOST,
) -> Offered:
    """Set bronze and quarantine against the input topics.

    Parameters
    ----------
    tables
        At one moment.
    reader
        Of the Kafka that the topics are in.
    survey, night
        Which night.
    marks
        Ends of the usual topic, read before the tables were pinned; other topics that turn out to hold messages of
        the night are asked for theirs only now.
    known
        What the survey has lost.
    """
    known_ends = {topic for topic, _ in marks}
    topics = touched_topics(tables, night, survey.topic_of(night)) | known_ends
    marks = {**marks, **read_marks(reader, topics - known_ends)}
    rows = Ordered.of(kept_messages(tables, pc.field("kafka_topic").isin(sorted(topics))))
    accounts = partition_accounts(rows, marks, [place for place in known.places if place.topic in topics])
    missing = read_back(reader, accounts, partial(identify_input, survey), known.accepted)
    places, beyond = _count_places(rows.once()), rows_beyond(rows, accounts, reader)
    books = [_topic_account(topic, accounts, places, missing) for topic in sorted({one.topic for one in accounts})]
    mine = _answers_for(survey, night.isoformat(), books)
    faults = {
        Fault.LOST: _own_losses(missing, mine),
        Fault.KEPT_TWICE: repeated_messages(rows),
        Fault.NEVER_OFFERED: (len(beyond), beyond),
    }
    equation = offered_equation(night.isoformat(), books, differences(faults))
    return Offered(equation, books, [loss for loss in missing.losses if mine(loss.place.topic, _text(loss.night))])


Places = Mapping[tuple[str, str | None], Attribution]


def _count_places(once: pa.Table) -> Places:
    """Count different messages by topic and night, in bronze and in quarantine."""
    found: dict[tuple[str, str | None], Attribution] = {}
    for row in once.group_by(["topic", "night", "place"]).aggregate([([], "count_all")]).to_pylist():
        key = row["topic"], _text(row["night"])
        found[key] = found.get(key, Attribution()) + Attribution(**{row["place"]: row["count_all"]})
    return found


def _topic_account(topic: str, accounts: list[PartitionAccount], places: Places, missing: Missing) -> TopicAccount:
    mine = [account for account in accounts if account.topic == topic]
    offered = sum(account.end - account.start for account in mine) - missing.empty[topic]
    nights: dict[str | None, Attribution] = {night: part for (name, night), part in places.items() if name == topic}
    for (name, night), count in missing.by_night.items():
        if name == topic and count:
            nights[night] = nights.get(night, Attribution()) + Attribution(lost=count)
    for (name, night), count in missing.accepted.items():
        if name == topic:
            nights[night] = nights.get(night, Attribution()) + Attribution(accepted=count)
    return TopicAccount(topic, offered, nights, tuple(account.as_json() for account in mine))


def _text(night: date | None) -> str | None:
    return night.isoformat() if night else None


def _own_losses(missing: Missing, mine: Answers) -> tuple[int, list[Message]]:
    """Choose the lost messages that this night answers for."""
    count = sum(n for (topic, one), n in missing.by_night.items() if mine(topic, one))
    return count, [message for message in missing.named if mine(message.topic, message.night)]


def _answers_for(survey: Survey, night: str, books: list[TopicAccount]) -> Answers:
    """Return what tells whether this night answers for a lost message, by its topic and its night.

    A lost message answers to its own night when that night's closing will look at this topic; otherwise,
    and when its night cannot be told, to every night that the topic holds: no loss is left to nobody.
    """
    kept = {(book.topic, one) for book in books for one, part in book.by_night.items() if part.bronze + part.quarantine}

    def is_mine(topic: str, lost_night: str | None) -> bool:
        if lost_night is None or lost_night == night:
            return True
        usual = survey.topic_of(date.fromisoformat(lost_night))
        return kafka_name(topic) != usual and (topic, lost_night) not in kept

    return is_mine
