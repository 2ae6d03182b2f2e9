"""Take a topic that was deleted and made anew out of the books: what `published` says of it is true no longer."""

import logging

import pyarrow.compute as pc
from confluent_kafka import KafkaException
from deltalake import DeltaTable, write_deltalake

from fink_lib.config import Settings
from fink_lib.distribute.output_topics import is_output_topic
from fink_lib.distribute.spans import SPANS_FILE
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import ends_of
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables import gold_published
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import SURVEYS

logger = logging.getLogger(__name__)

APPEND_ONLY = "delta.appendOnly"


def forget(settings: Settings, topic: str) -> int:
    """Delete the rows of a topic from `published`; return how many there were.

    Its alerts are not sent again: the stream has passed them. One that arrives again leaves again.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    ConfigError
        When it is no output topic, or holds what is recorded.
    """
    survey = next((one for one in SURVEYS.values() if is_output_topic(topic, one.name)), None)
    if survey is None:
        raise ConfigError(f"'{topic[:100]}' is no output topic of {', '.join(SURVEYS)}")
    path = str(gold_published(survey.name).path(settings.lake))
    recorded = recorded_ends(path, topic)
    if not recorded:
        raise ConfigError(f"published says nothing of {topic}: there is nothing to forget")
    ends = _ends(settings, topic)
    if all(ends.get(partition, 0) >= end for partition, end in recorded.items()):
        raise ConfigError(f"topic {topic} holds what published says: there is nothing to forget")
    rows = _delete(path, topic)
    for folder in (StreamSpec(survey.name, Stage.DISTRIBUTE, settings).paths.root, settings.nights / survey.name):
        for name in (SPANS_FILE, "published_ends.json"):  # sums that the forgotten messages are still in; the old name
            (folder / name).unlink(missing_ok=True)
    logger.warning("forgotten topic=%s rows=%d", topic, rows)
    return rows


def _delete(path: str, topic: str) -> int:
    """Write each night of the topic anew without it; a run that breaks off is begun again.

    Not by a DELETE: what it rewrites has another type of text, by which pyarrow cannot filter.
    """
    table = DeltaTable(path)
    data = dataset_of(table)
    nights = pc.unique(data.to_table(["night"], filter=pc.field("topic") == topic)["night"]).to_pylist()
    table.alter.set_table_properties({APPEND_ONLY: "false"})
    deleted = 0
    try:
        for night in nights:
            rows = data.to_table(filter=pc.field("night") == night)
            kept = rows.filter(pc.not_equal(rows["topic"], topic))
            write_deltalake(table, kept, mode="overwrite", predicate=f"night = '{night}'")
            deleted += rows.num_rows - kept.num_rows
    finally:
        table.alter.set_table_properties({APPEND_ONLY: "true"})
    return deleted


def recorded_ends(path: str, topic: str) -> dict[int, int]:
    """Return the offset after the last recorded one of each partition."""
    if not DeltaTable.is_deltatable(path):
        return {}
    rows = dataset_of(DeltaTable(path)).to_table(["partition", "offset"], filter=pc.field("topic") == topic)
    last = rows.group_by("partition").aggregate([("offset", "max")]).to_pylist()
    return {row["partition"]: row["offset_max"] + 1 for row in last}


def _ends(settings: Settings, topic: str) -> dict[int, int]:
    consumer = Connection.of(settings).consumer("forget", {"allow.auto.create.topics": False})
    try:
        if topic not in consumer.list_topics(timeout=30).topics:
            return {}
        return {partition: high for partition, (_, high) in ends_of(consumer, topic).items()}
    except KafkaException as error:
        raise BrokerError(f"Kafka does not tell the ends of {topic}: {error}") from error
    finally:
        consumer.close()
