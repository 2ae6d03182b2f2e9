"""A ZTF night in rows, and a Kafka made of dictionaries: every way to break a night can be planted."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fink_lib.distribute.counter import COUNTER
from fink_lib.kafka.reading import RawMessage, Watermarks

NIGHT = dt.date(2021, 11, 22)
TOPIC = "ztf_20211122_programid1"
OUTPUT = "fink_sso_ztf_candidates_ztf"
COUNTED = "fink_ztf_20211122"
T0 = dt.datetime(2021, 11, 22, 6, 0, tzinfo=dt.UTC)
JD = 2459540.75  # 2021-11-22 06:00 UTC


@dataclass
class FakeKafka:
    """Answers like `TopicReader`, from dictionaries.

    Attributes
    ----------
    ends
        Watermarks by topic and partition.
    held
        Messages by topic, partition and offset; an offset without one holds no message.
    """

    ends: dict[tuple[str, int], Watermarks] = field(default_factory=dict)
    held: dict[tuple[str, int, int], RawMessage] = field(default_factory=dict)

    def topics(self) -> dict[str, tuple[int, ...]]:
        """Return the partitions of every topic."""
        names = sorted({topic for topic, _ in self.ends})
        return {name: tuple(sorted(part for topic, part in self.ends if topic == name)) for name in names}

    def watermarks(self, topic: str, partition: int) -> Watermarks:
        """Return the two ends of a partition.

        Parameters
        ----------
        topic, partition
            One of `ends`; any other is a KeyError.
        """
        return self.ends[topic, partition]

    def messages(self, topic: str, partition: int, first: int, last: int) -> Iterator[RawMessage]:
        """Yield the messages from one offset to another.

        Parameters
        ----------
        topic, partition
            Where they are.
        first, last
            Offsets, both included.
        """
        for offset in range(first, last + 1):
            message = self.held.get((topic, partition, offset))
            if message is not None:
                yield message


def object_name(number: int) -> str:
    """Return a name as ZTF gives them, another one for each number below 26^7."""
    letters = [chr(ord("a") + number // 26**place % 26) for place in range(6, -1, -1)]
    return "ZTF21" + "".join(letters)


def bronze_row(offset: int, **changes: Any) -> dict[str, Any]:
    """Return a good ZTF row at an offset of partition 0."""
    alert_id = changes.pop("alert_id", 1_000_000 + offset)
    at = T0 + dt.timedelta(seconds=offset)
    row = {
        "night": NIGHT,
        "alert_id": alert_id,
        "object_id": object_name(offset),
        "time": JD + offset / 86400,
        "ra": 10.0 + offset,
        "dec": -20.0 + offset,
        "band": "r",
        "kafka_topic": TOPIC,
        "kafka_partition": 0,
        "kafka_offset": offset,
        "kafka_time": at,
        "ingest_time": at + dt.timedelta(seconds=2),
        "schema_sha256": "aa",
        "schema_version": "3.3",
        "code_version": "0.1.0",
        "objectId": object_name(offset),
        "candid": alert_id,
        "candidate": {"jd": JD + offset / 86400, "fid": 2, "rb": 0.9, "nbad": 0, "programid": 1, "field": 600 + offset},
    }
    return {**row, **changes}


def silver_row(offset: int, **changes: Any) -> dict[str, Any]:
    """Return the same alert after enrich."""
    row = bronze_row(offset)
    science = {"enrich_time": row["ingest_time"] + dt.timedelta(seconds=3), "science_versions": {"roid": "1"}}
    return {**row, **science, "science_errors": {}, **changes}


def rejected_row(offset: int, *, is_duplicate: bool = False, **changes: Any) -> dict[str, Any]:
    """Return the alert, rejected for its score or as a repeat.

    Parameters
    ----------
    offset
        Offset in Kafka of the alert; all its facts follow from it.
    is_duplicate
        Whether it is rejected as a repeat.
    **changes
        Columns with other values.
    """
    row = bronze_row(offset)
    reasons = ["repeat"] if is_duplicate else ["rb"]
    at = row["ingest_time"] + dt.timedelta(seconds=3)
    return {**row, "enrich_time": at, "is_duplicate": is_duplicate, "reasons": reasons, **changes}


def quarantine_row(offset: int, **changes: Any) -> dict[str, Any]:
    """Return a damaged message of no known night at an offset."""
    row = {key: bronze_row(offset)[key] for key in ("kafka_topic", "kafka_partition", "kafka_offset", "kafka_time")}
    facts = {"night": None, "alert_id": None, "stage": "ingest", "error_class": "truncated", "reason": "cut short"}
    return {**row, **facts, "quarantine_time": row["kafka_time"], "raw": b"Obj", **changes}


def published_row(offset: int, alert_offset: int, **changes: Any) -> dict[str, Any]:
    """Return the record of an alert sent to an offset of the output topic.

    Parameters
    ----------
    offset
        Offset on the output topic.
    alert_offset
        Offset at which the alert arrived; all its facts follow from it.
    **changes
        Columns with other values.
    """
    silver = silver_row(alert_offset)
    same = ("night", "alert_id", "object_id", "kafka_time", "ingest_time", "enrich_time")
    row = {key: silver[key] for key in same}
    sent = {"filter": "sso_ztf_candidates", "filter_version": "1", "topic": OUTPUT, "partition": 0, "offset": offset}
    return {**row, **sent, "publish_time": silver["enrich_time"] + dt.timedelta(seconds=1), **changes}


def counted_row(offset: int, **changes: Any) -> dict[str, Any]:
    """Return the record of an alert on the counter topic, at the offset that it arrived at."""
    sent = {"filter": COUNTER, "topic": COUNTED}
    return published_row(offset, offset, **{**sent, **changes})
