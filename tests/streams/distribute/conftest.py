"""A home of real alerts, a Kafka whose output topics are empty, and a way to run the stream over both."""

import datetime as dt
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from confluent_kafka import Consumer, TopicPartition
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.distribute.counter import COUNTER
from fink_lib.distribute.output_topics import output_topics
from fink_lib.distribute.stream import plan
from fink_lib.filters.users.store import Action, Event, record
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.message import Sent
from fink_lib.kafka.reading import ends_of
from fink_lib.kafka.recovery import unrecorded
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.tables import gold_published
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import ZTF
from tests.builders.lake_folder import lake_folder
from tests.builders.packet_rows import Packet, sample_packets
from tests.spark.distribute.planted import plant

Where = tuple[str, int, int]
# Two topics of the same alerts, each in a framing of its own.
COMPACT, EMBEDDED = "fink_compact_asteroids_ztf", "fink_sso_ztf_candidates_ztf"


def science(number: int, _packet: Packet) -> Mapping[str, Any]:
    """Make every alert something that one or two filters select, and every fifth nothing."""
    star = number % 5 == 0 or number % 7 == 0
    return {
        "roid": (0, 2, 3, 3, 0)[number % 5],
        "vsx": "EW" if star else "Unknown",
        "vsx_sep_arcsec": 0.5 if star else None,
        # Values of every kind of column, none of which a filter asks for.
        "class_default_reasons": ["(VSX) EW: a star", "Unknown: nothing else"] if star else [],
        "from_upper": (True, False, None)[number % 3],
        "mangrove": {"HyperLEDA_name": f"PGC {number}", "lum_dist": "None"} if number % 2 else None,
        "science_errors": {"hostless": "not run: likely an artefact"} if number % 2 else {},
        "science_versions": {"solar_system": "1.0"},
    }


@dataclass(frozen=True)
class Bench:
    """One home on one Kafka."""

    session: SparkSession
    spec: StreamSpec

    @property
    def lake(self) -> Path:
        return lake_folder(self.spec.settings)

    def arrive(self, packets: list[Packet], first: int = 0) -> None:
        """Put alerts into bronze and silver, once more; or new ones, numbered from `first`."""
        plant(self.session, self.lake, packets, science, first)

    def run(self) -> None:
        """Run the stream until it has done all that silver holds."""
        with closing(plan(self.session, self.spec, ZTF)) as planned:
            assert planned.start(available_now=True).awaitTermination(300)

    def topics(self) -> list[str]:
        return output_topics(Connection.of(self.spec.settings), "ztf")

    def standing(self) -> list[Sent]:
        """Return every message that stands on an output topic, as Kafka holds it."""
        return unrecorded(self.spec.settings, self.topics(), {}, rest_s=0)

    def raw(self, topic: str) -> list[tuple[bytes, bytes]]:
        """Return key and value of every message of a topic."""
        facts = {
            "bootstrap.servers": self.spec.settings.kafka_bootstrap,
            "group.id": "raw",
            "enable.auto.commit": False,
        }
        consumer = Consumer(facts)
        try:
            ends = ends_of(consumer, topic)
            consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])
            count = sum(high for _, high in ends.values())
            found = [one for _ in range(count) for one in consumer.consume(1, timeout=30)]
        finally:
            consumer.close()
        assert len(found) == count
        return [(one.key(), one.value()) for one in found]  # type: ignore[misc]  # both are there: no tombstones

    def published(self) -> dict[Where, tuple[int, str]]:
        """Return what `published` says: where → (alert, filter)."""
        rows = read_table(gold_published(ZTF.name), self.session, self.lake).collect()
        told = {(r["topic"], r["partition"], r["offset"]): (r["alert_id"], r["filter"]) for r in rows}
        assert len(told) == len(rows)
        return told

    def check(self, packets: list[Packet]) -> None:
        """Assert that the topics hold exactly what `published` says, and each alert once by each filter."""
        on_topics = {(s.topic, s.partition, s.offset): (s.facts.alert_id, s.facts.filter) for s in self.standing()}
        assert self.published() == on_topics
        counted = Counter(on_topics.values())
        assert [what for what, count in counted.items() if count > 1] == []
        assert {what for what in counted if what[1] in SET_BY_HAND} == expected(packets)
        public = {packet["candid"] for packet in packets if packet["candidate"]["programid"] == 1}
        assert {alert for alert, by in counted if by == COUNTER} == public
        for sent in self.standing():
            if sent.facts.filter == COUNTER:
                assert sent.topic == f"fink_ztf_{sent.facts.night:%Y%m%d}"


# The filters that read nothing but the science above.
SET_BY_HAND = frozenset({"sso_fink_candidates", "sso_ztf_candidates", "variable_stars"})


def expected(packets: list[Packet]) -> set[tuple[int, str]]:
    """Return the (alert, filter) pairs that the science above asks for."""
    pairs = set()
    for number, packet in enumerate(packets):
        facts = science(number, packet)
        if packet["candidate"]["programid"] != 1:
            continue
        name = {2: "sso_fink_candidates", 3: "sso_ztf_candidates"}.get(facts["roid"])
        if name:
            pairs.add((packet["candid"], name))
        if facts["vsx_sep_arcsec"]:
            pairs.add((packet["candid"], "variable_stars"))
    return pairs


def broker_of(bootstrap: str) -> psutil.Process:
    """Return the broker that listens at an address; another program may have the same port at another address."""
    port = int(bootstrap.rpartition(":")[2])
    listening = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    found = [psutil.Process(one.pid) for one in listening if one.laddr.port == port and one.pid]
    (broker,) = {process for process in found if "kafka.Kafka" in process.cmdline()}
    return broker


def forget_topics(settings: Settings, names: list[str] | None = None) -> None:
    """Delete output topics, by default all, and wait until they are gone."""
    kafka = Connection.of(settings)
    names = output_topics(kafka, "ztf") if names is None else names
    if names:
        admin = kafka.admin()  # kept until its answers are there: they end with it
        for done in admin.delete_topics(names, operation_timeout=30).values():
            done.result(30)
    deadline = time.monotonic() + 30
    while set(names) & set(output_topics(kafka, "ztf")):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="session")
def packets() -> list[Packet]:
    """Sixty alerts of the sample night: five not public, two with ids that no float can hold."""
    found = sample_packets(60)
    for number in (2, 3, 7, 10, 35):
        found[number]["candidate"]["programid"] = 2
    for number, alert_id in ((12, 2**53 + 1), (13, 2**62 + 3)):
        found[number]["candid"] = found[number]["candidate"]["candid"] = alert_id
    return found


@pytest.fixture(scope="session")
def planted_home(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, packets: list[Packet]) -> Path:
    """A home whose bronze and silver hold the packets, to be copied."""
    home = tmp_path_factory.mktemp("planted") / "home"
    lake = Settings(home=home).lake
    plant(spark, lake, packets, science)
    for number, action in enumerate((Action.ADD, Action.ACTIVATE), 1):
        facts = {"owner": "team", "description": "Known asteroids.", "predicate": "roid = 3", "by": "team"}
        record(lake, Event("ztf", "compact_asteroids", number, action, 1, at=dt.datetime.now(dt.UTC), **facts))
    return home


@pytest.fixture(scope="module")
def connection(kafka: str) -> dict[str, Any]:
    """The settings by which the stream reaches its Kafka."""
    return {"kafka_bootstrap": kafka}


@pytest.fixture(scope="module")
def bench(
    spark: SparkSession,
    connection: dict[str, Any],
    registry: str,
    planted_home: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bench]:
    """A home that holds the packets, of which none was sent; the output topics are gone before and after.

    One of its topics is compact: what the tests say of all topics, they say of both framings.
    """
    home = tmp_path_factory.mktemp("distribute") / "home"
    settings = Settings(home=home, **connection, compact_topics=COMPACT, schema_registry=registry)
    forget_topics(settings)
    shutil.copytree(planted_home, home)
    yield Bench(spark, StreamSpec("ztf", Stage.DISTRIBUTE, settings))
    forget_topics(settings)
