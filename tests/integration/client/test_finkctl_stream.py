"""fink-client, unmodified, reads a topic: every message, decoded, saved, and equal to what was published."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import pytest
from confluent_kafka.admin import AdminClient
from fink_client.consumer import AlertConsumer, AlertError
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.filters.restricted import restricted_topics
from fink_lib.host.kafka import LocalKafka
from fink_lib.kafka import users
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.topics import ensure_topics
from fink_lib.lake.spark.table import read_table
from fink_lib.packets.spark.fields import packets as packets_of
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF
from fink_lib.transfer.request import TransferRequest
from fink_lib.transfer.topic import standing_ids
from tests.builders.packet_rows import Packet
from tests.integration.client.finkctl import finkctl, register
from tests.spark.distribute.same import differences
from tests.streams.distribute.conftest import Bench

pytestmark = [pytest.mark.spark, pytest.mark.kafka]

NO_FLOAT = {2**53 + 1, 2**62 + 3}


def stream(home: Path, saved: Path, messages: int) -> str:
    """Let finkctl read, print and save this many messages; return what it printed."""
    return finkctl(home, "stream", "-survey", "ztf", "-limit", str(messages), "-outdir", saved, "--display", "--save")


def saved_alerts(folder: Path) -> list[dict[str, object]]:
    """Return the alerts that finkctl saved."""
    alerts: list[dict[str, object]] = []
    for path in sorted(folder.glob("*.avro")):
        with path.open("rb") as file:
            alerts += [record for record in fastavro.reader(file) if isinstance(record, dict)]
    return alerts


@pytest.fixture(autouse=True, scope="module")
def _sent(bench: Bench) -> None:
    """Let the stream send what is there."""
    bench.run()


@pytest.mark.parametrize("name", ["sso_ztf_candidates", "sso_fink_candidates", "variable_stars"])
def test_finkctl_reads_every_message_and_each_equals_its_packet(
    bench: Bench, public_kafka: str, packets: list[Packet], tmp_path: Path, name: str
) -> None:
    topic = f"fink_{name}_ztf"
    recorded = Counter(alert for (where, _, _), (alert, _) in bench.published().items() if where == topic)
    assert len(recorded) >= 5
    assert recorded.total() == sum(sent.topic == topic for sent in bench.standing())

    register(tmp_path / "home", public_kafka, [topic])
    printed = stream(tmp_path / "home", tmp_path / "saved", recorded.total())

    alerts = saved_alerts(tmp_path / "saved")
    assert Counter(alert["candid"] for alert in alerts) == recorded
    assert printed.count(topic) >= recorded.total()
    assert all(str(alert["objectId"]) in printed for alert in alerts)
    by_id = {packet["candid"]: packet for packet in packets}
    assert [differences(by_id[alert["candid"]], alert) for alert in alerts if alert["candid"]] == [[]] * len(alerts)
    assert {by_id[alert["candid"]]["candidate"]["programid"] for alert in alerts} == {1}


def test_every_field_that_finkctl_saved_equals_silver_and_bronze(
    spark: SparkSession, bench: Bench, public_kafka: str, tmp_path: Path
) -> None:
    topic = "fink_sso_ztf_candidates_ztf"
    count = sum(where[0] == topic for where in bench.published())
    register(tmp_path / "home", public_kafka, [topic])
    stream(tmp_path / "home", tmp_path / "saved", count)
    alerts = {alert["candid"]: alert for alert in saved_alerts(tmp_path / "saved")}
    assert len(alerts) == count > 5
    assert set(alerts) >= NO_FLOAT, "ids that a float would have rounded"

    silver = read_table(silver_spec(ZTF), spark, bench.lake).where("candidate.programid = 1")
    cutouts = packets_of(spark, ZTF, bench.lake).select("alert_id", *ZTF.cutout_roots)
    own = {"night", "alert_id", "object_id", "time", "ra", "dec", "band", "ingest_time", "enrich_time", "code_version"}
    rows = silver.join(cutouts, on="alert_id").where(silver.alert_id.isin(list(alerts)))
    ids = {row["alert_id"]: row["candid"] for row in rows.select("alert_id", "candid").collect()}
    assert ids == {alert_id: alert["candid"] for alert_id, alert in alerts.items()}
    assert ids.keys() >= NO_FLOAT
    names = [name for name in rows.columns if name not in own and not name.startswith("kafka_")]
    assert len(names) > 20
    texts = ("science_versions", "science_errors", "mangrove")
    kinds: set[tuple[str, object]] = set()
    for row in rows.select(*names).toArrow().to_pylist():
        maps = {name: None if row[name] is None else dict(row[name]) for name in texts}
        read = alerts.pop(row["candid"])
        assert differences({**row, **maps}, read) == []
        kinds |= {(name, type(read[name])) for name in ("class_default_reasons", "from_upper", "mangrove")}
    assert alerts == {}
    assert kinds >= {
        ("class_default_reasons", list),
        ("from_upper", bool),
        ("from_upper", type(None)),
        ("mangrove", dict),
    }


RESTRICTED, PASSWORD, PATIENCE_S = "fink_sso_ztf_candidates_ztf", "correct horse battery", 30.0


@dataclass(frozen=True)
class Reader:
    """fink-client's own Python consumer, of a user or of nobody."""

    address: str
    user: str
    password: str = PASSWORD

    def read(self, count: int, group: str | None = None, timeout_s: float = PATIENCE_S) -> list[dict[str, Any]]:
        """Read so many alerts of the restricted topic, or fewer where no more come."""
        who = {"username": self.user, "password": self.password} if self.user else {}
        config = {**who, "group.id": group or self.user or "pub_1", "bootstrap.servers": self.address}
        alerts: list[dict[str, Any]] = []
        with AlertConsumer([RESTRICTED], config, survey="ztf") as consumer:
            while len(alerts) < count:
                topic, alert, _ = consumer.poll(timeout_s)
                if topic is None:
                    break
                alerts.append(alert)
        return alerts


@pytest.fixture
def restricting(bench: Bench) -> Iterator[Settings]:
    """The settings of an operator who restricts a topic that stood open; it stands open again afterwards."""
    settings = bench.spec.settings.model_copy(update={"restricted_topics": RESTRICTED})
    ensure_topics(settings, [RESTRICTED], restricted_topics(settings))
    admin = Connection.of(settings).admin()
    for name in ("sn-team", "visitors"):
        users.put_user(admin, name, PASSWORD)
    users.grant(admin, "sn-team", [RESTRICTED])
    yield settings
    ensure_topics(bench.spec.settings, [RESTRICTED])


def test_a_user_reads_a_restricted_topic_with_fink_client_and_nobody_else_does(
    bench: Bench, restricting: Settings, packets: list[Packet], secured_kafka: LocalKafka
) -> None:
    recorded = Counter(alert for (where, _, _), (alert, _) in bench.published().items() if where == RESTRICTED)
    assert {2**53 + 1, 2**62 + 3} < set(recorded)
    alerts = Reader(secured_kafka.users, "sn-team").read(recorded.total())
    assert Counter(alert["candid"] for alert in alerts) == recorded
    by_id = {packet["candid"]: packet for packet in packets}
    assert [differences(by_id[alert["candid"]], alert) for alert in alerts] == [[]] * len(alerts)

    with pytest.raises(AlertError, match="TOPIC_AUTHORIZATION_FAILED"):
        Reader(secured_kafka.users, "visitors").read(1)
    with pytest.raises(AlertError, match="GROUP_AUTHORIZATION_FAILED"):
        Reader(secured_kafka.users, "sn-team").read(1, group="pub_1")
    with pytest.raises(AlertError, match="TOPIC_AUTHORIZATION_FAILED"):
        Reader(secured_kafka.bootstrap, "").read(1)
    assert Reader(secured_kafka.users, "sn-team", "incorrect horse battery").read(1, timeout_s=3) == []


def test_a_transfer_of_a_restricted_filter_is_restricted_too(
    bench: Bench, restricting: Settings, public_kafka: str
) -> None:
    asked = {"survey": "ztf", "first_night": "2021-11-22", "asked_by": "me", "by": "filter"}

    def topic_of(settings: Settings, name: str, transfer_id: str) -> str:
        request = TransferRequest.from_json({**asked, "what": name, "transfer_id": transfer_id})
        assert standing_ids(settings, request) == set()
        return request.topic

    closed = topic_of(restricting, "sso_ztf_candidates", "closed")
    without_the_setting = topic_of(bench.spec.settings, "sso_ztf_candidates", "closed2")
    open_to_anyone = topic_of(restricting, "sso_fink_candidates", "open1")
    seen = AdminClient({"bootstrap.servers": public_kafka}).list_topics(timeout=PATIENCE_S).topics
    assert open_to_anyone in seen
    assert not {closed, without_the_setting} & set(seen)
