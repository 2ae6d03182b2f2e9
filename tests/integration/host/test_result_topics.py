"""A table of somebody on a topic of a real Kafka: he and his group read it, a stranger does not."""

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Consumer, KafkaException

from fink_lib.accounts import groups, people
from fink_lib.accounts.store import Store
from fink_lib.accounts.whole import whole_claims
from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.host.kafka import LocalKafka
from fink_lib.kafka import users
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import list_topics
from fink_lib.maintenance.prune import prune
from fink_lib.served.private import PrivateTable, columns_of
from fink_lib.served.private_store import PrivateTables
from fink_lib.served.results import sending
from fink_lib.served.results.book import ResultTopic, ResultTopics
from fink_lib.served.results.names import kafka_account
from fink_lib.served.results.readers import make_account, settle_readers
from fink_lib.served.results.sending import send_table

pytestmark = pytest.mark.kafka

ROWS = pa.table({"object_id": [f"ZTF{n}" for n in range(5)], "n": range(5), "x": [0.5, None, 1.5, 2.5, 3.5]})
GROUP, SECRET = "sn", "ztf:caltech"
PATIENCE_S = 30.0
REFUSED = "TOPIC_AUTHORIZATION_FAILED"
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


def test_what_was_cut_off_goes_on_and_is_read_by_nobody_before(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    table = place.table("long")
    with monkeypatch.context() as broken:
        whole = sending.datums_of
        broken.setattr(sending, "datums_of", lambda file, first: list(whole(file, first))[:2])
        with pytest.raises(BrokerError, match="holds 2 rows, not 5"):
            send_table(place.settings, table, NOW)
    settle_readers(place.settings)
    assert place.read("ada", ResultTopic.of(table).topic) == REFUSED
    sent = send_table(place.settings, table, NOW)
    assert place.read("ada", sent.topic) == ROWS.to_pylist()


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
