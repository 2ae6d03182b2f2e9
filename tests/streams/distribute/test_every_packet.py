"""Every packet there is, through the three streams: what stands on a topic begins with the telescope's own bytes."""

import dataclasses
import datetime as dt
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import fastavro
import pytest
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.stream import plan as enrich
from fink_lib.errors import PacketError
from fink_lib.filters.users.store import Action, Event, record
from fink_lib.ingest.stream import plan as ingest
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import RawMessage, TopicReader
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import quarantine
from fink_lib.simulator.player import play
from fink_lib.simulator.request import PlayRequest
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import ZTF, Datum
from tests.spark.distribute.same import differences

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    # Spark's Python side leaves sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ALL = dataclasses.replace(ZTF, cuts=())
EVERYTHING = {"owner": "team", "description": "Every alert.", "predicate": "alert_id > 0", "by": "team"}
MANY_NIGHTS = "55_nights"  # its hundred alerts go to one topic: as many topics would take longer than all others
ONE_TOPIC = dataclasses.replace(ALL, input=dataclasses.replace(ALL.input, topic_format="ztf_20000101_programid1"))
TOPIC = "fink_everything_ztf"
STREAMS = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}


@dataclass(frozen=True)
class Played:
    """What was sent, and what left.

    Attributes
    ----------
    arrived
        First datum of each alert, by its id.
    left
        Messages of the filter that takes all, by alert id.
    refused
        Alerts that were set aside.
    """

    arrived: Mapping[int, Datum]
    left: Mapping[int, list[RawMessage]]
    refused: frozenset[int]


@pytest.fixture(scope="module")
def played(spark: SparkSession, own_kafka: str, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    settings = Settings(home=tmp_path_factory.mktemp("every-packet") / "home", kafka_bootstrap=own_kafka)
    for number, action in enumerate((Action.ADD, Action.ACTIVATE), 1):
        record(settings.lake, Event("ztf", "everything", number, action, 1, at=dt.datetime.now(dt.UTC), **EVERYTHING))
    for archive in sorted((shared_data / "ztf").glob("*.tar.gz")):
        survey = ONE_TOPIC if MANY_NIGHTS in archive.name else ALL
        play(PlayRequest(archive, survey, settings, partitions=1))
    for stage, plan in STREAMS.items():
        with closing(plan(spark.newSession(), StreamSpec("ztf", stage, settings), ALL)) as planned:
            assert planned.start(available_now=True).awaitTermination(600)
    with TopicReader(Connection.of(settings)) as reader:
        arrived: dict[int, Datum] = {}
        for message in messages_of(reader, ALL.topics(settings)):
            datum = unwrapped(message)
            alert_id = decoded(datum).get("candid") if datum is not None else None
            if datum is not None and alert_id is not None:
                arrived.setdefault(alert_id, datum)
        left: dict[int, list[RawMessage]] = {}
        for message in messages_of(reader, TOPIC):
            left.setdefault(int(text_headers(message)["alert_id"]), []).append(message)
    damaged = read_rows(quarantine("ztf"), settings.lake, columns=["alert_id"])
    return Played(arrived, left, frozenset(row["alert_id"] for row in damaged))


def messages_of(reader: TopicReader, pattern: str) -> Iterator[RawMessage]:
    for topic, partitions in reader.topics().items():
        for partition in partitions if re.fullmatch(pattern, topic) else ():
            marks = reader.watermarks(topic, partition)
            if marks.high > marks.low:
                yield from reader.messages(topic, partition, marks.low, marks.high - 1)


def unwrapped(message: RawMessage) -> Datum | None:
    try:
        return ALL.framing.unwrap(message.value or b"")
    except PacketError:
        return None


def text_headers(message: RawMessage) -> dict[str, str]:
    return {name: value.decode() for name, value in dict(message.headers or ()).items() if isinstance(value, bytes)}


@lru_cache(maxsize=256)
def parsed(schema: str) -> Any:
    return fastavro.parse_schema(json.loads(schema))


def decoded(datum: Datum) -> dict[str, Any]:
    return read(datum.body, json.dumps(datum.schema))


def read(body: bytes, schema: str) -> dict[str, Any]:
    """Decode a datum; nothing may be left over."""
    rest = io.BytesIO(body)
    found = fastavro.schemaless_reader(rest, parsed(schema), None)
    assert rest.read() == b""
    assert isinstance(found, dict)
    return found


def is_public(packet: Mapping[str, Any]) -> bool:
    return bool(packet["candidate"]["programid"] == 1)


def has_private_points(packet: Mapping[str, Any]) -> bool:
    points = [*(packet.get("prv_candidates") or ()), *(packet.get("fp_hists") or ())]
    return any(point.get("programid") != 1 for point in points)


def test_every_public_packet_leaves_as_the_telescope_wrote_it(played: Played) -> None:
    packets = {alert: decoded(datum) for alert, datum in played.arrived.items()}
    public = {alert for alert, packet in packets.items() if is_public(packet)}
    assert set(played.left) == public - played.refused
    assert len(public & played.refused) < len(public) / 20
    assert {len(messages) for messages in played.left.values()} == {1}
    whole = [alert for alert in played.left if not has_private_points(packets[alert])]
    assert len(whole) > 1000
    assert len({ZTF.night.night_of(packets[alert]["candidate"]["jd"]) for alert in whole}) > 50
    for alert in whole:
        ((message,), datum) = (played.left[alert], played.arrived[alert])
        headers, value = text_headers(message), message.value or b""
        assert value.startswith(datum.body), alert
        assert int(headers["datum_bytes"]) == len(datum.body)
        assert headers["datum_sha256"] == hashlib.sha256(datum.body).hexdigest()
        told = read(value, (message.key or b"").decode())
        assert differences(packets[alert], told) == [], alert
