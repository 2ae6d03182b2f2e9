"""Take a topic that was deleted and made anew out of the books: what `published` says of it is true no longer."""

import logging
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import KafkaException
from deltalake import write_deltalake

from fink_lib.config import Settings
from fink_lib.distribute.output_topics import is_output_topic
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import ends_of
from fink_lib.kafka.topic_ids import topic_ids
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.places import SPANS_FILE, is_gone
from fink_lib.lake.tables import gold_published
from fink_lib.storage import LakePath
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import SURVEYS

logger = logging.getLogger(__name__)

APPEND_ONLY = "delta.appendOnly"


def forget(settings: Settings, topic: str) -> int:
    """Delete the rows of a topic from `published`; return how many there were.

    Its alerts are not sent again: the stream has passed them. One that arrives again leaves again.

    Parameters
    ----------
    settings
        Where Kafka and the lake are.
    topic
        An output topic of any survey, a counter of a night included.

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
    path = gold_published(survey.name).path(settings.lake)
    recorded = recorded_ends(path, topic)
    if not recorded:
        raise ConfigError(f"published says nothing of {topic}: there is nothing to forget")
    forgotten = _not_there(settings, topic, recorded)
    if not forgotten:
        raise ConfigError(f"topic {topic} holds what published says: there is nothing to forget")
    rows = _delete(path, topic, forgotten)
    for folder in (StreamSpec(survey.name, Stage.DISTRIBUTE, settings).paths.root, settings.nights / survey.name):
        for name in (SPANS_FILE, "published_ends.json"):  # sums that the forgotten messages are still in; the old name
            (folder / name).unlink(missing_ok=True)
    logger.warning("forgotten topic=%s rows=%d", topic, rows)
    return rows


def _not_there(settings: Settings, topic: str, recorded: Mapping[str | None, Mapping[int, int]]) -> set[str | None]:
    """Return the ids under which messages were recorded that do not stand on the topic of today.

    Those of a topic that was deleted and made anew; or else all, where the topic ends before what was recorded of it.
    """
    now = topic_ids(Connection.of(settings), [topic])
    gone = {one for one in recorded if is_gone(one, set(recorded), topic, now)}
    if gone:
        return gone
    ends = _ends(settings, topic)
    whole = all(ends.get(partition, 0) >= end for its in recorded.values() for partition, end in its.items())
    return set() if whole else set(recorded)


def _delete(path: LakePath, topic: str, ids: set[str | None]) -> int:
    """Write each night of the topic anew without what was recorded under some ids; a run that breaks off begins again.

    Not by a DELETE: what it rewrites has another type of text, by which pyarrow cannot filter.
    """
    table = delta_table(path)
    data = dataset_of(table)
    nights = pc.unique(data.to_table(["night"], filter=pc.field("topic") == topic)["night"]).to_pylist()
    table.alter.set_table_properties({APPEND_ONLY: "false"})
    deleted = 0
    try:
        for night in nights:
            rows = data.to_table(filter=pc.field("night") == night)
            its_ids = rows["topic_id"] if "topic_id" in rows.column_names else pa.nulls(rows.num_rows, pa.string())
            mine = pc.is_in(its_ids, pa.array(ids, pa.string()))
            kept = rows.filter(pc.invert(pc.and_(pc.equal(rows["topic"], topic), mine)))
            write_deltalake(table, kept, mode="overwrite", predicate=f"night = '{night}'")
            deleted += rows.num_rows - kept.num_rows
    finally:
        table.alter.set_table_properties({APPEND_ONLY: "true"})
    return deleted


def recorded_ends(path: LakePath, topic: str) -> dict[str | None, dict[int, int]]:
    """Return, by id of the topic, the offset after the last recorded one of each partition.

    Parameters
    ----------
    path
        Folder of `published`; without a table in it, nothing is returned.
    topic
        The topic.

    Returns
    -------
    Id → partition → offset; the id is None for messages that were recorded without one.
    """
    if not is_delta_table(path):
        return {}
    data = dataset_of(delta_table(path))
    columns = [name for name in ("topic_id", "partition", "offset") if name in data.schema.names]
    rows = data.to_table(columns, filter=pc.field("topic") == topic)
    found: dict[str | None, dict[int, int]] = {}
    for row in rows.group_by(columns[:-1]).aggregate([("offset", "max")]).to_pylist():
        found.setdefault(row.get("topic_id"), {})[row["partition"]] = row["offset_max"] + 1
    return found


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
