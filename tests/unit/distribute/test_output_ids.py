"""Output topics that are deleted and made anew, at any moment: nothing is lost and nothing leaves twice.

Kafka is a dictionary here; the ledger and its table are real.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from fink_lib.config import Settings
from fink_lib.distribute import distributor, output_ids
from fink_lib.distribute.counter import COUNTER
from fink_lib.distribute.distributor import Distributor
from fink_lib.distribute.handing import Route, counter_route
from fink_lib.distribute.ledger import Ledger
from fink_lib.distribute.match import HEAD, match_of
from fink_lib.distribute.output_ids import OutputIds
from fink_lib.distribute.work import Answer, Part, due_of
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.kafka.message import Facts, Sent
from fink_lib.lake.small import ensure_small
from fink_lib.lake.tables import gold_published
from fink_lib.streams.stop import PlanOutdated
from fink_lib.surveys import ZTF

NIGHT, AT = dt.date(2021, 11, 22), dt.datetime(2021, 11, 22, tzinfo=dt.UTC)
TOPIC, COUNTS = "fink_f_ztf", counter_route("ztf", NIGHT).topic
PUBLISHED = gold_published("ztf")


PLAIN = PUBLISHED.plain_schema
KINDS = {"kafka_topic": pa.string(), "kafka_partition": pa.int32(), "kafka_offset": pa.int64()}
ROWS = pa.schema([(name, KINDS[name] if name in KINDS else PLAIN.field(name).type) for name in HEAD])


class NoUsers:
    """Judges nothing: there are no users' filters."""

    def __call__(self, *_: object) -> dict[Any, Any]:
        return {}

    def took(self, *_: object) -> None:
        """Need not know."""


@dataclass
class Kafka:
    """Topics of one partition, each with an id."""

    ids: dict[str, str | None] = field(default_factory=dict)
    messages: dict[str, list[Facts]] = field(default_factory=dict)
    made: int = 0

    def make(self, _settings: object, topics: Iterable[str], **_: object) -> None:
        for topic in topics:
            if topic not in self.ids:
                self.made += 1
                self.ids[topic], self.messages[topic] = f"id{self.made}", []

    def make_anew(self, topic: str) -> None:
        del self.ids[topic]
        self.make(None, [topic])

    def topic_ids(self, _connection: object, topics: Iterable[str]) -> dict[str, str | None]:
        return {topic: self.ids[topic] for topic in sorted(set(topics)) if topic in self.ids}

    def send(self, _handing: object, part: Part, _sender: object) -> Answer:
        due = due_of([match_of(head, ("f",)) for head in part.alerts.to_pylist()], part, set())
        return Answer([self.take(one, name) for one, names in due for name in names])

    def take(self, one: Any, name: str) -> Sent:
        topic = COUNTS if name == COUNTER else TOPIC
        facts = Facts(one.night, one.alert_id, "ZTF21aaaaaaa", name, "1", None, None, None, "0")
        self.messages[topic].append(facts)
        return Sent(facts, topic, 0, len(self.messages[topic]) - 1, AT)

    def unrecorded(self, _s: object, topics: list[str], ends: Mapping[tuple[str, int], int], **_: object) -> list[Sent]:
        if any(ends.get((topic, 0), 0) > len(self.messages[topic]) for topic in topics):
            raise ConfigError("ends before")
        standing = [Sent(facts, topic, 0, at, AT) for topic in topics for at, facts in enumerate(self.messages[topic])]
        return [one for one in standing if one.offset >= ends.get((one.topic, 0), 0)]


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    broker = Kafka()
    monkeypatch.setattr(distributor, "Sender", lambda _settings: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(distributor, "perform", lambda *given: broker.send(*given))  # noqa: PLW0108  # a test changes it
    monkeypatch.setattr(distributor, "unrecorded", broker.unrecorded)
    monkeypatch.setattr(distributor, "ensure_topics", broker.make)
    monkeypatch.setattr(distributor, "output_topics", lambda *_: sorted(broker.ids))
    monkeypatch.setattr(output_ids, "topic_ids", broker.topic_ids)
    return broker


@dataclass(frozen=True)
class Home:
    """A home, and drivers of its stream."""

    settings: Settings
    kafka: Kafka

    def driver(self) -> Distributor:
        """Start one, as its plan does: the topic of the filter is there."""
        self.kafka.make(None, [TOPIC])
        ledger = Ledger(PUBLISHED, self.settings.lake, self.settings.home / "spans.json")
        handing = SimpleNamespace(routes={"f": Route("f", "1", TOPIC)})
        failures = SimpleNamespace(record=len)
        spec = SimpleNamespace(settings=self.settings, name="ztf.distribute")
        given: Any = (spec, ZTF, NoUsers(), handing)
        made = Distributor(*given, ledger=ledger, failures=cast("Any", failures))
        made._read = arrived  # type: ignore[assignment, method-assign]
        return made

    def rows(self) -> list[dict[str, Any]]:
        return DeltaTable(PUBLISHED.path(self.settings.lake)).to_pyarrow_table().to_pylist()

    def check(self, ids: Iterable[int]) -> None:
        """Assert that each alert left once, and that the books say what stands on the topics of today."""
        assert Counter((row["alert_id"], row["filter"]) for row in self.rows()) == Counter(
            (one, by) for one in ids for by in ("f", COUNTER)
        )
        for topic, topic_id in self.kafka.ids.items():
            told = [(row["offset"], row["alert_id"]) for row in self.rows() if row["topic_id"] == topic_id]
            assert sorted(told) == [(at, facts.alert_id) for at, facts in enumerate(self.kafka.messages[topic])]


def arrived(ids: list[int]) -> tuple[int, pa.Table]:
    """Return what silver's files would hold."""
    rows = [
        {"night": NIGHT, "alert_id": one, "kafka_topic": "t", "kafka_partition": 0, "kafka_offset": one} for one in ids
    ]
    return len(ids), pa.Table.from_pylist(rows, schema=ROWS)


def alert(alert_id: int) -> Any:
    return SimpleNamespace(night=NIGHT, alert_id=alert_id)


@pytest.fixture
def home(settings: Settings, kafka: Kafka) -> Home:
    ensure_small(PUBLISHED, settings.lake)
    return Home(settings, kafka)


def do(driver: Distributor, ids: Iterable[int]) -> None:
    driver(cast("Any", list(ids)), 0)


def test_each_message_is_recorded_with_the_id_of_its_topic(home: Home) -> None:
    do(home.driver(), range(4))
    assert {(row["topic"], row["topic_id"]) for row in home.rows()} == {(TOPIC, "id1"), (COUNTS, "id2")}
    home.check(range(4))


def test_offsets_of_the_old_topic_are_not_taken_for_those_of_the_new_one(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The new one is longer than the old one was read back to, and its first messages are in no table."""
    do(home.driver(), range(4))
    home.kafka.make_anew(TOPIC)
    dead = home.driver()
    dead._ledger.record = lambda sent: (_ for _ in ()).throw(OSError("died")) if sent else None  # type: ignore[method-assign]
    with pytest.raises(OSError, match="died"):
        do(dead, range(10))
    assert len(home.kafka.messages[TOPIC]) == 6
    do(home.driver(), range(12))
    assert "output topic fink_f_ztf was deleted and made anew (id id3, before id1)" in caplog.text
    home.check(range(12))
    caplog.clear()
    do(home.driver(), range(14))
    assert "made anew" not in caplog.text, "it is said once"
    home.check(range(14))


def test_a_topic_that_is_made_anew_in_mid_batch_gets_the_batch(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    do(home.driver(), range(4))
    send, driver = home.kafka.send, home.driver()

    def send_and_lose(*given: Any) -> Answer:
        answer = send(*given)
        home.kafka.make_anew(TOPIC)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(home.kafka, "send", send_and_lose)
        with pytest.raises(PlanOutdated, match=f"deleted while they were written: {TOPIC}"):
            do(driver, range(8))
    assert len(home.rows()) == 8, "nobody knows where it stands: nothing is recorded"
    do(home.driver(), range(8))
    home.check(range(8))
    assert [facts.alert_id for facts in home.kafka.messages[TOPIC]] == [4, 5, 6, 7]


def test_a_running_driver_notices_it_between_batches(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = home.driver()
    do(driver, range(2))
    assert not driver.topics_changed()
    home.kafka.make_anew(TOPIC)
    assert driver.topics_changed()
    monkeypatch.setattr(output_ids, "topic_ids", lambda *_: (_ for _ in ()).throw(BrokerError("away")))
    assert not driver.topics_changed(), "the stream itself says so"


def test_a_topic_that_is_gone_is_noticed_too(home: Home) -> None:
    driver = home.driver()
    do(driver, range(2))
    del home.kafka.ids[COUNTS]
    assert driver.topics_changed()
    do(home.driver(), range(4))
    assert {row["topic_id"] for row in home.rows() if row["topic"] == COUNTS} == {"id2", "id3"}


def test_where_kafka_gives_no_ids_a_shorter_topic_is_refused_as_before(home: Home) -> None:
    do(home.driver(), range(4))
    home.kafka.ids = dict.fromkeys(home.kafka.ids)
    do(home.driver(), range(5))
    home.kafka.messages[TOPIC].clear()
    with pytest.raises(ConfigError, match="ends before"):
        do(home.driver(), range(5))


def test_what_was_recorded_without_ids_is_of_the_topic_that_is_there(home: Home) -> None:
    """A home of earlier code: its rows have no ids, and its topics go on."""
    home.kafka.make(None, [TOPIC, COUNTS])
    Ledger(PUBLISHED, home.settings.lake, home.settings.home / "spans.json").record(
        [home.kafka.take(alert(one), by) for one in range(3) for by in ("f", COUNTER)]
    )
    do(home.driver(), range(5))
    rows = DeltaTable(PUBLISHED.path(home.settings.lake)).to_pyarrow_table(filters=pc.field("topic") == TOPIC)
    assert sorted(map(str, rows["topic_id"].to_pylist())) == ["None"] * 3 + ["id1"] * 2
    assert len(home.kafka.messages[TOPIC]) == 5


def test_only_topics_with_an_id_are_compared(kafka: Kafka) -> None:
    kafka.ids = {"a": None, "b": "1"}
    ids = OutputIds(cast("Any", None))
    assert ids.ask(["a", "b", "c"]) == {"a": None, "b": "1"}
    kafka.ids = {"a": "2", "b": "1"}
    assert ids.changed(["a", "b", "c"]) == []
    ids.learn(["a", "c"])
    assert ids.now == {"a": None, "b": "1"}
    kafka.ids["b"] = "3"
    assert ids.changed(["a", "b"]) == ["b"]
    sent = Sent(Facts(NIGHT, 1, None, "f", "1", None, None, None, "0"), "b", 0, 0, AT)
    assert ids.placed([sent]) == [replace(sent, topic_id="1")]
