"""Messages of `community_in` that could not be used: kept with the reason, once each."""

import datetime as dt
from dataclasses import asdict, dataclass

import pyarrow.compute as pc

from fink_lib import __version__
from fink_lib.lake.small import append_rows, read_rows
from fink_lib.lake.tables.community import bronze_community_refused
from fink_lib.storage import LakePath

SPEC = bronze_community_refused()


@dataclass(frozen=True)
class Refusal:
    """A message that could not be used.

    Attributes
    ----------
    kafka_topic, kafka_topic_id, kafka_partition, kafka_offset
        Its place.
    received_at
        When Kafka took it (UTC).
    author
        Whose token it bore; None where it bore none that holds.
    reason
        Why.
    value
        The message as it came; its headers are not kept, since one of them is a secret.
    """

    kafka_topic: str
    kafka_topic_id: str | None
    kafka_partition: int
    kafka_offset: int
    received_at: dt.datetime
    author: str | None
    reason: str
    value: bytes


def keep(lake: LakePath, refused: list[Refusal]) -> None:
    """Keep messages that are not kept yet.

    Parameters
    ----------
    lake
        Root of the lake.
    refused
        Messages of one partition of one topic.
    """
    if not refused:
        return
    first = refused[0]
    where = (pc.field("kafka_topic") == first.kafka_topic) & (pc.field("kafka_partition") == first.kafka_partition)
    names = ["kafka_topic_id", "kafka_offset"]
    known = {(row["kafka_topic_id"], row["kafka_offset"]) for row in read_rows(SPEC, lake, where, names)}
    new = [one for one in refused if (one.kafka_topic_id, one.kafka_offset) not in known]
    append_rows(SPEC, lake, [{**asdict(one), "code_version": __version__} for one in new])
