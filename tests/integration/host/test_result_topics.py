"""A table of somebody on a topic of a real Kafka: he and his group read it, a stranger does not."""

import io
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from fink_lib.accounts import groups, people
from fink_lib.accounts.store import Store
from fink_lib.accounts.whole import whole_claims
from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.host.kafka import LocalKafka
from fink_lib.kafka import users
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.producing import Reported, ReportingProducer
from fink_lib.kafka.reading import list_topics
from fink_lib.kafka.topics import ensure_topics
from fink_lib.maintenance.prune import prune
from fink_lib.served.private import PrivateTable, columns_of
from fink_lib.served.private_store import PrivateTables
from fink_lib.served.results import removing, sending
from fink_lib.served.results.book import ResultTopic, ResultTopics
from fink_lib.served.results.names import kafka_account
from fink_lib.served.results.readers import make_account, settle_readers
from fink_lib.served.results.sending import send_table

pytestmark = pytest.mark.kafka

ROWS = pa.table({"object_id": [f"ZTF{n}" for n in range(5)], "n": range(5), "x": [0.5, None, 1.5, 2.5, 3.5]})
GROUP, SECRET = "sn", "ztf:caltech"
PATIENCE_S = 30.0
REFUSED = "TOPIC_AUTHORIZATION_FAILED"
Row = TypeVar("Row")
NOW = 1.0


@dataclass
class Place:
    """A home with people, a Kafka, and how each of them is known there."""

    settings: Settings
    kafka: LocalKafka
    passwords: dict[str, str]

    @property
    def store(self) -> Store:
        return Store(self.settings.home)

    def table(self, name: str, group: str = "", used: tuple[str, ...] = ()) -> PrivateTable:
        file = self.settings.home / "rows.parquet"
        pq.write_table(ROWS, file)
        made = PrivateTable(name, "ada", group, columns=columns_of(ROWS.schema), rows=ROWS.num_rows, used=used)
        return PrivateTables(self.settings).keep(made, file)

    def table_now(self, name: str) -> PrivateTable:
        return PrivateTables(self.settings).get(whole_claims(self.store, "ada"), f"user_ada.{name}")

    def read(self, who: str, topic: str) -> list[dict[str, Any]] | str:
        """Return the rows that somebody reads, by the schema of each message; or why he reads none."""
        known: dict[str, Any] = {"bootstrap.servers": self.kafka.bootstrap, "group.id": f"pub_{time.time_ns()}"}
        if who:
            account = kafka_account(who)
            known = {"bootstrap.servers": self.kafka.users, "group.id": f"{account}_{time.time_ns()}",
                     "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512",
                     "sasl.username": account, "sasl.password": self.passwords[who]}  # fmt: skip
        reader = Consumer({**known, "log_level": 0, "enable.partition.eof": True, "auto.offset.reset": "earliest"})
        try:
            reader.subscribe([topic])
            return list(_rows(reader))
        except KafkaException as error:
            return str(error.args[0].name())
        finally:
            reader.close()

    def readers(self, topic: str) -> dict[str, bool]:
        """Return who reads the whole of a topic; whoever does not is refused by Kafka."""
        found = {who: self.read(who, topic) for who in ("ada", "bob", "eve", "")}
        assert all(one in (ROWS.to_pylist(), REFUSED) for one in found.values()), found
        return {who: one != REFUSED for who, one in found.items()}

    def topics(self) -> set[str]:
        return {one.name for one in list_topics(Connection.of(self.settings)) if one.name.startswith("fresult.")}


def _rows(reader: Consumer) -> Iterator[dict[str, Any]]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        message = reader.poll(0.5)
        if message is None:
            continue
        if (error := message.error()) is not None:
            if error.name() == "_PARTITION_EOF":
                return
            raise KafkaException(error)
        schema = fastavro.parse_schema(json.loads(message.key() or b""))
        yield fastavro.schemaless_reader(io.BytesIO(message.value() or b""), schema, None)  # type: ignore[misc]
    raise AssertionError("the topic has no end")


@pytest.fixture(scope="module")
def place(secured_kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Place:
    settings = Settings(home=tmp_path_factory.mktemp("topics") / "home", **secured_kafka.connection)
    store = Store(settings.home)
    groups.add(store, GROUP)
    for name in ("ada", "bob", "eve"):
        people.add(store, name)
    people.grant(store, people.PERSON, "ada", SECRET)
    groups.join(store, GROUP, "ada", is_admin=True)
    passwords = {name: make_account(settings, name) for name in ("ada", "bob", "eve")}
    return Place(settings, secured_kafka, passwords)


def test_a_table_of_ones_own_is_read_by_oneself_alone(place: Place) -> None:
    sent = send_table(place.settings, place.table("near"), NOW)
    assert (sent.rows, sent.sent_at) == (ROWS.num_rows, NOW)
    assert place.readers(sent.topic) == {"ada": True, "bob": False, "eve": False, "": False}
    assert send_table(place.settings, place.table_now("near"), NOW).topic == sent.topic
    assert place.read("ada", sent.topic) == ROWS.to_pylist(), "asked for twice, each row is there once"
    people.revoke(place.store, "eve")
    settle_readers(place.settings)
    known = {one.name for one in users.users(Connection.of(place.settings).admin())}
    assert (kafka_account("eve") in known, kafka_account("ada") in known) == (False, True)


def test_a_table_of_a_group_is_read_by_its_members_while_they_are(place: Place) -> None:
    sent = send_table(place.settings, place.table("ours", GROUP), NOW)
    seen = []
    for change in (groups.join, groups.leave):
        change(place.store, GROUP, "bob")
        settle_readers(place.settings)
        seen.append((place.read("ada", sent.topic) != REFUSED, place.read("bob", sent.topic) != REFUSED))
    assert seen == [(True, True), (True, False)]


def test_who_may_not_see_the_rows_any_longer_does_not_read_them(place: Place) -> None:
    sent = send_table(place.settings, place.table("hidden", used=(SECRET,)), NOW)
    assert place.read("ada", sent.topic) == ROWS.to_pylist()
    people.withdraw(place.store, people.PERSON, "ada", SECRET)
    settle_readers(place.settings)
    assert place.read("ada", sent.topic) == REFUSED


def test_another_version_is_another_topic_and_a_dropped_table_has_none(place: Place) -> None:
    first = send_table(place.settings, place.table("anew"), NOW)
    second = send_table(place.settings, place.table("anew"), NOW)
    settle_readers(place.settings)
    assert place.topics() & {first.topic, second.topic} == {second.topic}
    PrivateTables(place.settings).drop(whole_claims(place.store, "ada"), "user_ada.anew")
    assert prune(place.settings)["topics"] == 1
    assert second.topic not in place.topics()
    held = users.readers_of_topics(Connection.of(place.settings).admin())
    assert {first.topic, second.topic} & held.keys() == set()


def test_what_was_cut_off_leaves_nothing_and_is_sent_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    table = place.table("long")
    with monkeypatch.context() as broken:
        whole = sending.datums_of
        broken.setattr(sending, "datums_of", lambda file: list(whole(file))[:2])
        with pytest.raises(BrokerError, match="took 2 of the 5 rows"):
            send_table(place.settings, table, NOW)
    assert ResultTopic.of(table).topic not in place.topics()
    assert place.read("ada", send_table(place.settings, table, NOW).topic) == ROWS.to_pylist()


@pytest.mark.parametrize("there", [(0, 1), (0, 1, 1, 3, 4), (0, 1, 2, 3, 4, 4)])
def test_what_another_sending_left_is_neither_opened_nor_gone_on_with(place: Place, there: tuple[int, ...]) -> None:
    table = place.table("torn")
    topic = ResultTopics(place.settings).save(ResultTopic.of(table)).topic
    ensure_topics(place.settings, [topic], [topic], partitions=1)
    _put(place, topic, there)
    sent = send_table(place.settings, table, NOW)
    assert (place.read("ada", sent.topic), place.read("bob", sent.topic)) == (ROWS.to_pylist(), REFUSED)


def test_a_row_that_kafka_did_not_take_leaves_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    table = place.table("refused")

    class Losing(ReportingProducer[Row]):
        def __init__(self, connection: Connection, config: Mapping[str, Any], reported: Reported[Row]) -> None:
            lost = KafkaError(KafkaError._MSG_TIMED_OUT)
            super().__init__(connection, config, lambda row, error, message: reported(
                row, lost if row == 2 else error, message))  # fmt: skip

    with monkeypatch.context() as broken:
        broken.setattr(sending, "ReportingProducer", Losing)
        with pytest.raises(BrokerError, match="took 4 of the 5 rows"):
            send_table(place.settings, table, NOW)
    assert ResultTopic.of(table).topic not in place.topics()
    assert ResultTopics(place.settings).of_table(table) is None


def test_rows_that_kafka_has_deleted_are_sent_again(place: Place) -> None:
    table = place.table("old")
    sent = send_table(place.settings, table, NOW)
    admin = Connection.of(place.settings).admin()
    for done in admin.delete_records([TopicPartition(sent.topic, 0, 3)]).values():
        done.result(PATIENCE_S)
    assert place.read("ada", sent.topic) == ROWS.to_pylist()[3:]
    again = send_table(place.settings, table, NOW + 1)
    assert (again.sent_at, place.read("ada", again.topic)) == (NOW + 1, ROWS.to_pylist())


def test_a_topic_that_cannot_be_deleted_keeps_nobody_reading(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    groups.join(place.store, GROUP, "bob")
    ours, gone = (send_table(place.settings, place.table(name, GROUP), NOW) for name in ("stays", "goes"))
    assert place.read("bob", ours.topic) == ROWS.to_pylist()
    groups.leave(place.store, GROUP, "bob")
    PrivateTables(place.settings).drop(whole_claims(place.store, "ada"), "group_sn.goes")
    with monkeypatch.context() as broken:
        broken.setattr(removing, "delete_topics", _refuse)
        with pytest.raises(BrokerError, match="did not delete"):
            settle_readers(place.settings)
    assert [place.read("bob", one.topic) for one in (ours, gone)] == [REFUSED, REFUSED]
    assert [place.read("ada", one.topic) for one in (ours, gone)] == [ROWS.to_pylist(), REFUSED]
    assert settle_readers(place.settings) == 1


def test_a_topic_that_is_being_filled_keeps_nobody_reading_another(place: Place) -> None:
    groups.join(place.store, GROUP, "bob")
    ours = send_table(place.settings, place.table("other", GROUP), NOW)
    with ResultTopics(place.settings).filling(ResultTopic.of(place.table("filled")).topic):
        groups.leave(place.store, GROUP, "bob")
        settle_readers(place.settings)
        assert place.read("bob", ours.topic) == REFUSED


def test_no_topic_is_made_where_rules_are_not_ours(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    table = place.table("ruled")
    monkeypatch.setattr(sending, "is_closed", lambda *_: False)
    with pytest.raises(ConfigError, match="others could read it"):
        send_table(place.settings, table, NOW)
    assert ResultTopic.of(table).topic not in place.topics()


def _refuse(_connection: Connection, topics: list[str]) -> None:
    raise BrokerError(f"Kafka did not delete {topics}")


def _put(place: Place, topic: str, rows: tuple[int, ...]) -> None:
    """Have a topic hold some rows, as sendings that were cut off might have left them."""
    producer = Producer(Connection.of(place.settings).client())
    for row in rows:
        producer.produce(topic, f"{row}", partition=0, headers=[("row", f"{row}")])
    assert producer.flush(PATIENCE_S) == 0


def test_too_much_leaves_nothing(place: Place) -> None:
    table = place.table("large")
    few = place.settings.model_copy(update={"transfer_quota": 4})
    with pytest.raises(ConfigError, match="FINK_TRANSFER_QUOTA"):
        send_table(few, table, NOW)
    small = place.settings.model_copy(update={"user_tables_mb": 0})
    with pytest.raises(ConfigError, match="FINK_USER_TABLES_MB"):
        send_table(small, table, NOW)
    assert ResultTopic.of(table).topic not in place.topics()
    assert [one for one in ResultTopics(place.settings).every() if one.name == "large"] == []


def test_nothing_leaves_where_kafka_keeps_nobody_out(kafka: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", kafka_bootstrap=kafka)
    settings.home.mkdir()
    people.add(Store(settings.home), "ada")
    open_to_all = Place(settings, None, {})  # type: ignore[arg-type]  # it has no users
    with pytest.raises(ConfigError, match="others could read it"):
        send_table(settings, open_to_all.table("near"), NOW)
    assert (open_to_all.topics(), ResultTopics(settings).is_used) == (set(), False)
