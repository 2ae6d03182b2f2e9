"""Notices out of files, onto the topics that their senders use: a stream of events without their senders."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.producing import FLUSH_TIMEOUT_S, INPUT_CONFIG, Delivery, ReportingProducer
from fink_lib.kafka.topics import INPUT_TOPIC_CONFIG, create_missing
from fink_lib.multimessenger.parsing import Parsed, parse
from fink_lib.multimessenger.reading import utc

SUFFIXES = (".xml", ".json", ".txt", ".parquet")
RAW_COLUMN = "raw_event"  # of the tables that Fink keeps notices in
TIMES_OF_XML = ("ISOTime", "Date")
TIMES_OF_JSON = ("trigger_time", "alert_datetime", "time_created", "observation_start", "observation_stop", "time")
UNKNOWN_TOPIC = "gcn.notices.unknown"


@dataclass(frozen=True)
class Played:
    """A notice out of a file.

    Attributes
    ----------
    file, content
        Where it stands, and its bytes.
    parsed
        What becomes of it.
    topic
        Where its sender would put it.
    """

    file: str
    content: bytes
    parsed: Parsed
    topic: str


def read_notices(paths: Sequence[Path], trigger_time: dt.datetime | None = None) -> list[Played]:
    """Read notices out of files and folders.

    Parameters
    ----------
    paths
        Files of XML, JSON or text, Fink's Parquet of notices, and folders of these.
    trigger_time
        All are moved in time, so that this is when their events happened; left as they are when not given.

    Raises
    ------
    ConfigError
        When a path does not exist, or holds no such file.
    """
    found = [one for path in paths for one in _contents(path)]
    if not found:
        raise ConfigError(f"no notices in {', '.join(map(str, paths))}: files end with {', '.join(SUFFIXES)}")
    moved = [(path, content if trigger_time is None else redated(content, trigger_time)) for path, content in found]
    return [Played(path.name, content, one := parse(content), topic_of(content, one)) for path, content in moved]


def _contents(path: Path) -> Iterator[tuple[Path, bytes]]:
    if not path.exists():
        raise ConfigError(f"{path} does not exist: name files or folders of notices")
    files = [one for one in sorted(path.rglob("*")) if one.suffix in SUFFIXES] if path.is_dir() else [path]
    for one in files:
        if one.suffix != ".parquet":
            yield one, one.read_bytes()
        elif RAW_COLUMN in pq.read_schema(one).names:
            texts = pq.read_table(one, columns=[RAW_COLUMN])[RAW_COLUMN].to_pylist()
            yield from ((one, str(text).encode()) for text in texts)


def topic_of(content: bytes, parsed: Parsed) -> str:
    """Return the topic that a notice would arrive on.

    Parameters
    ----------
    content
        The bytes of the notice: they tell XML from JSON.
    parsed
        What was read of them; without an event the topic is one of unknown notices.
    """
    event = parsed.event
    if content.lstrip().startswith(b"<"):
        name = f"{event.mission}_{event.kind}" if event else "unknown"
        return f"gcn.classic.voevent.{_plain(name).upper()}"
    if event is None:
        return UNKNOWN_TOPIC
    if event.mission == "lvk":
        return "igwn.gwalert"
    return ".".join(["gcn.notices", _plain(event.mission), *filter(None, [_plain(event.instrument)]), "alert"])


def _plain(text: str) -> str:
    """Return a text in the letters that names of topics have."""
    return "".join(one if one.isalnum() and one.isascii() else "_" for one in text)


def redated(content: bytes, trigger_time: dt.datetime) -> bytes:
    """Move a notice in time: each time that it states by as much as its trigger time has to go.

    What has no trigger time is left as it is.

    Parameters
    ----------
    content
        The bytes of the notice, XML or JSON.
    trigger_time
        When its event happens once it is moved, with a time zone.

    Returns
    -------
    The bytes of the moved notice; JSON is written anew.
    """
    event = parse(content).event
    if event is None or event.trigger_time is None:
        return content
    shift = trigger_time - event.trigger_time
    return _redated_xml(content, shift) if content.lstrip().startswith(b"<") else _redated_json(content, shift)


def _redated_xml(content: bytes, shift: dt.timedelta) -> bytes:
    for tag in TIMES_OF_XML:
        before, opening, rest = content.partition(f"<{tag}>".encode())
        text, closing, after = rest.partition(f"</{tag}>".encode())
        if closing:
            content = before + opening + _moved(text.decode(), shift).encode() + closing + after
    return content


def _redated_json(content: bytes, shift: dt.timedelta) -> bytes:
    notice: dict[str, Any] = json.loads(content)
    return json.dumps(_redated_facts(notice, shift)).encode()


def _redated_facts(facts: Mapping[str, Any], shift: dt.timedelta) -> dict[str, Any]:
    moved: dict[str, Any] = dict(facts)
    for name, value in facts.items():
        if name in TIMES_OF_JSON and isinstance(value, str):
            moved[name] = _moved(value, shift)
        elif isinstance(value, dict):
            moved[name] = _redated_facts(value, shift)
    return moved


def _moved(text: str, shift: dt.timedelta) -> str:
    moment = utc(text, "a time of the notice")
    return text if moment is None else (moment + shift).isoformat().replace("+00:00", "Z")


def send(settings: Settings, notices: Sequence[Played]) -> dict[str, int]:
    """Send notices, in order, onto their topics, which are made where they are missing; return how many on each.

    Parameters
    ----------
    settings
        Tell which Kafka notices are read from, and how to speak to it.
    notices
        They go to partition 0 of their topics.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or refuses one.
    """
    connection = Connection.to(settings.gcn)
    topics = {one.topic: 1 for one in notices}
    create_missing(connection, topics, INPUT_TOPIC_CONFIG)
    refused: list[str] = []

    def reported(file: str, error: Any, message: Any) -> None:
        delivery = Delivery.of(error, message)
        if delivery.error is not None:
            refused.append(f"{file}: {delivery.error}")

    producer: ReportingProducer[str] = ReportingProducer(connection, INPUT_CONFIG, reported)
    for one in notices:
        producer.send(one.file, one.topic, 0, one.content)
    left = producer.flush(FLUSH_TIMEOUT_S)
    producer.close()
    if refused or left:
        raise BrokerError(
            f"Kafka at {connection.bootstrap} took not all notices: {'; '.join(refused) or f'{left} open'}"
        )
    return {topic: sum(one.topic == topic for one in notices) for topic in topics}
