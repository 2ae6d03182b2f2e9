"""The first equation: every message that a survey's topics offered is in bronze or in quarantine, once."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from fink_lib.nightly.enriched import message_columns
from fink_lib.nightly.equation import (
    Attribution,
    Equation,
    Fault,
    Message,
    TopicAccount,
    differences,
    offered_equation,
)
from fink_lib.nightly.identify import identify_input
from fink_lib.nightly.lost import Missing, read_back
from fink_lib.nightly.offsets import (
    PartitionAccount,
    partition_accounts,
    read_marks,
    repeated_messages,
    rows_beyond,
)
from fink_lib.nightly.snapshot import Snapshot, Table
from fink_lib.nightly.watermarks import TopicReader, Watermarks
from fink_lib.streaming.spec import Stage
from fink_lib.surveys import Survey

Marks = dict[tuple[str, int], Watermarks]


def kept_messages(snapshot: Snapshot) -> DataFrame:
    """Return every message that ingest kept, with the place it is in."""
    ingest = F.col("stage") == str(Stage.INGEST)
    bronze = snapshot.frame(Table.BRONZE).select(*message_columns(), F.lit("bronze").alias("place"))
    damaged = snapshot.frame(Table.QUARANTINE).where(ingest)
    return bronze.unionAll(damaged.select(*message_columns(), F.lit("quarantine").alias("place")))


def touched_topics(snapshot: Snapshot, night: date, usual_topic: str) -> set[str]:
    """Return the topics that hold messages of the night, with the one that the survey uses for it."""
    of_night = kept_messages(snapshot).where(F.col("night") == F.lit(night))
    return {row["topic"] for row in of_night.select("topic").distinct().collect()} | {usual_topic}


def offered_account(
    snapshot: Snapshot, reader: TopicReader, survey: Survey, night: date, marks: Marks
) -> tuple[Equation, list[TopicAccount]]:
    """Set bronze and quarantine against the input topics; `marks` were read before the snapshot was pinned.

    Other topics that turn out to hold messages of the night are asked for their ends only now.
    """
    topics = touched_topics(snapshot, night, survey.topic_of(night))
    marks = {key: ends for key, ends in marks.items() if key[0] in topics}
    marks.update(read_marks(reader, topics - {topic for topic, _ in marks}))
    rows = kept_messages(snapshot).where(F.col("topic").isin(sorted(topics))).cache()
    try:
        accounts = partition_accounts(rows, marks)
        missing = read_back(reader, accounts, partial(identify_input, survey))
        places = _count_places(rows)
        twice = repeated_messages(rows) if _has_repeats(accounts) else (0, [])
        beyond = rows_beyond(rows, accounts, reader)
    finally:
        rows.unpersist()
    books = [_topic_account(topic, accounts, places, missing) for topic in sorted({one.topic for one in accounts})]
    faults = {
        Fault.LOST: _own_losses(survey, night.isoformat(), books, missing),
        Fault.KEPT_TWICE: twice,
        Fault.NEVER_OFFERED: (len(beyond), beyond),
    }
    return offered_equation(night.isoformat(), books, differences(faults)), books


def _has_repeats(accounts: Iterable[PartitionAccount]) -> bool:
    return any(account.held and account.held.rows > account.held.distinct for account in accounts)


Places = Mapping[tuple[str, str | None], Attribution]


def _count_places(rows: DataFrame) -> Places:
    """Count different messages by topic and night, in bronze and in quarantine."""
    one = rows.groupBy("topic", "partition", "offset").agg(
        F.min("place").alias("place"), F.first("night").alias("night")
    )
    counted = one.groupBy("topic", "night").agg(
        F.count_if(F.col("place") == "bronze").alias("bronze"),
        F.count_if(F.col("place") == "quarantine").alias("quarantine"),
    )
    return {
        (row["topic"], row["night"] and str(row["night"])): Attribution(row["bronze"], row["quarantine"])
        for row in counted.collect()
    }


def _topic_account(topic: str, accounts: list[PartitionAccount], places: Places, missing: Missing) -> TopicAccount:
    mine = [account for account in accounts if account.topic == topic]
    offered = sum(account.end - account.start for account in mine) - missing.empty[topic]
    nights: dict[str | None, Attribution] = {night: part for (name, night), part in places.items() if name == topic}
    for (name, night), count in missing.by_night.items():
        if name == topic and count:
            nights[night] = nights.get(night, Attribution()) + Attribution(lost=count)
    return TopicAccount(topic, offered, nights, tuple(account.as_json() for account in mine))


def _own_losses(survey: Survey, night: str, books: list[TopicAccount], missing: Missing) -> tuple[int, list[Message]]:
    """Choose the lost messages that this night answers for.

    A lost message answers to its own night when that night's closing will look at this topic; otherwise,
    and when its night cannot be told, to every night that the topic holds: no loss is left to nobody.
    """
    kept = {(book.topic, one) for book in books for one, part in book.by_night.items() if part.bronze + part.quarantine}

    def is_mine(topic: str, lost_night: str | None) -> bool:
        if lost_night is None or lost_night == night:
            return True
        usual = survey.topic_of(date.fromisoformat(lost_night))
        return topic != usual and (topic, lost_night) not in kept

    count = sum(n for (topic, one), n in missing.by_night.items() if is_mine(topic, one))
    return count, [message for message in missing.named if is_mine(message.topic, message.night)]
