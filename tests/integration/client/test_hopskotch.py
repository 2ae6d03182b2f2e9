"""What is said, over a real Kafka with rules: hop-client reads it, says something itself, and nobody may do more."""

import itertools
from collections import Counter
from contextlib import closing
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer, TopicPartition
from hop import Stream
from hop.auth import Auth, SASLMethod
from hop.io import StartPosition

from fink_lib.accounts import groups, people, tokens
from fink_lib.accounts.claims import Scope
from fink_lib.accounts.store import Store
from fink_lib.community.draft import Draft
from fink_lib.community.kafka import incoming
from fink_lib.community.kafka.incoming import collect, ensure_incoming
from fink_lib.community.kafka.names import INCOMING
from fink_lib.community.kafka.outgoing import SENT_UP_TO, Outgoing
from fink_lib.community.kafka.refused import SPEC
from fink_lib.community.kafka.service import serve
from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.community.saying import say
from fink_lib.config import Settings
from fink_lib.errors import LeaseHeld
from fink_lib.host.kafka import LocalKafka
from fink_lib.kafka import users
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import ends_of
from fink_lib.lake.small import read_rows
from tests.integration.host.test_kafka_access import NOT_THIS_TOPIC, eventually, read, with_password, write

pytestmark = pytest.mark.kafka

ABOUT = {"survey": "ztf", "object_id": "ZTF21acoshvy"}
ANNA = Person("anna", frozenset({"sn"}))
PASSWORD = "correct horse battery"
PUBLIC_TOPIC, OF_GROUP = "community_ztf", "community_ztf.group.sn"


@pytest.fixture(scope="module")
def settings(secured_kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home of its own on the broker."""
    return Settings(home=tmp_path_factory.mktemp("hop") / "home", output_partitions=2, **secured_kafka.connection)


@pytest.fixture(scope="module")
def secrets(settings: Settings) -> dict[str, str]:
    """Tokens of a person's programs: one may write, one may write for his group, one may only read."""
    store = Store(settings.home)
    people.add(store, "robin")
    groups.add(store, "sn", "supernovae")
    groups.join(store, "sn", "robin")
    both = [Scope.READ, Scope.WRITE]
    return {
        "writes": tokens.add(store, "robin", "classifier", days=1, scopes=both),
        "of_group": tokens.add(store, "robin", "for-sn", days=1, scopes=both, groups=["sn"]),
        "reads": tokens.add(store, "robin", "reader", days=1),
    }


@pytest.fixture(scope="module")
def log(settings: Settings) -> Log:
    return Log(settings.lake)


@pytest.fixture(scope="module")
def robin(settings: Settings, secured_kafka: LocalKafka) -> Auth:
    """The account by which robin's programs write."""
    ensure_incoming(settings)
    admin = Connection.of(settings).admin()
    users.put_user(admin, "robin", PASSWORD)
    users.let_write(admin, "robin", [INCOMING])
    eventually(lambda: {one.name: one.topics for one in users.users(admin)}.get("robin") == (INCOMING,))
    return Auth("robin", PASSWORD, host=secured_kafka.users, ssl=False, method=SASLMethod.SCRAM_SHA_512)


def annotation(**told: Any) -> dict[str, Any]:
    return {"kind": "annotation", **ABOUT, "body": {"annotator": "classifier", "version": "2"}, **told}


def send(settings: Settings, log: Log) -> int:
    with closing(Outgoing(settings, log, settings.home / "community")) as outgoing:
        return outgoing.send()


def messages(settings: Settings, topic: str) -> list[tuple[str, dict[str, Any]]]:
    """Return key and value of what stands on a topic, as somebody with every right reads it."""
    consumer = Connection.of(settings).consumer("all")
    found = []
    try:
        for partition, (low, high) in ends_of(consumer, topic).items():
            consumer.assign([TopicPartition(topic, partition, low)])
            found += [consumer.consume(1, timeout=30)[0] for _ in range(high - low)]
    finally:
        consumer.close()
    return [((one.key() or b"").decode(), orjson.loads(one.value() or b"")) for one in found]


def hop_messages(secured_kafka: LocalKafka, count: int) -> list[dict[str, Any]]:
    """Return the first messages of the public topic, as hop-client reads it without an account."""
    stream = Stream(auth=False, start_at=StartPosition.EARLIEST, until_eos=True)
    with stream.open(f"kafka://{secured_kafka.bootstrap}/{PUBLIC_TOPIC}", "r", group_id="pub_hop") as opened:
        return [one.content for one in itertools.islice(opened, count)]


def test_hop_reads_what_is_public_and_says_something_itself(
    settings: Settings, log: Log, robin: Auth, secrets: dict[str, str], secured_kafka: LocalKafka
) -> None:
    say(log, ANNA, [Draft.of({"kind": "comment", **ABOUT, "body": {"text": "it rises"}})])
    say(log, ANNA, [Draft.of({"kind": "comment", **ABOUT, "visibility": "group:sn", "body": {"text": "ours"}})])
    assert send(settings, log) == 2
    with Stream(auth=[robin]).open(f"kafka://{secured_kafka.users}/{INCOMING}", "w") as opened:
        opened.write(annotation(), headers={"authorization": f"Bearer {secrets['writes']}".encode()})
    assert collect(settings, log) == Counter(said=1)
    (said,) = log.now().select(ANNA, author="robin")
    assert (said["origin"], said["kind"], said["visibility"]) == ("program", "annotation", "public")
    assert send(settings, log) == 1
    told = [one["body"].get("text") or one["body"]["annotator"] for one in hop_messages(secured_kafka, 2)]
    assert told == ["it rises", "classifier"]
    assert [(key, value["body"]["text"]) for key, value in messages(settings, OF_GROUP)] == [
        (ABOUT["object_id"], "ours")
    ]
    assert {key for key, _ in messages(settings, PUBLIC_TOPIC)} == {ABOUT["object_id"]}


@pytest.mark.usefixtures("robin")
def test_who_may_do_what(settings: Settings, secured_kafka: LocalKafka) -> None:
    """Tokens travel on the topic that comes in: nobody but the broker reads it; a closed circle's topic is closed."""
    mine = with_password(secured_kafka.users, "robin", PASSWORD)
    anyone = {"bootstrap.servers": secured_kafka.bootstrap, "log_level": 0}
    assert [read(who, INCOMING) for who in (anyone, mine)] == [NOT_THIS_TOPIC] * 2
    assert [read(who, OF_GROUP) for who in (anyone, mine)] == [NOT_THIS_TOPIC] * 2
    assert [write(anyone, INCOMING), write(mine, PUBLIC_TOPIC), write(mine, "fink_ztf")] == [{NOT_THIS_TOPIC}] * 3
    users.grant(Connection.of(settings).admin(), "robin", [OF_GROUP])
    eventually(lambda: "ours" in read(mine, OF_GROUP))


def produce(settings: Settings, *told: tuple[bytes, str | None]) -> None:
    producer = Producer(Connection.of(settings).client())
    for value, secret in told:
        producer.produce(INCOMING, value, headers=[("authorization", secret)] if secret else [])
    assert producer.flush(30) == 0


def test_what_cannot_be_used_is_kept_with_its_reason(
    settings: Settings, log: Log, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_incoming(settings)
    good, text = secrets["writes"], orjson.dumps
    collect(settings, log)
    before = log.now().rows.num_rows
    kept = len(read_rows(SPEC, settings.lake))
    produce(
        settings,
        (b"{", good),
        (text(annotation(author="anna")), good),
        (text(annotation()), None),
        (text(annotation()), "fk_nobody"),
        (text(annotation()), secrets["reads"]),
        (text(annotation(visibility="group:sn")), good),
        (text({"kind": "followup_request", **ABOUT, "body": {}}), good),
        (text([annotation(idempotency_key="mine"), annotation(label="x" * 600)]), good),
        (text(annotation(visibility="group:sn", idempotency_key="mine")), secrets["of_group"]),
    )
    with monkeypatch.context() as dying:  # between the rows and the offsets
        dying.setattr(incoming, "next_offsets", lambda _batch: pytest.fail("the machine is gone"))
        with pytest.raises(BaseException, match="gone"):
            collect(settings, log)
    assert collect(settings, log) == Counter(said=1, refused=8)
    assert collect(settings, log) == Counter()
    rows = sorted(read_rows(SPEC, settings.lake), key=lambda row: row["kafka_offset"])[kept:]
    assert [row["author"] for row in rows] == ["robin", "robin", None, None, None, "robin", "robin", "robin"]
    parts = ["no JSON", "author", "no token", "no token", "may not write", "may not speak", "request", "label"]
    assert [(part, row["reason"]) for part, row in zip(parts, rows, strict=True) if part not in row["reason"]] == []
    assert rows[0]["value"] == b"{"
    assert [secret for secret in secrets.values() if secret in str(rows)] == []
    assert log.now().rows.num_rows == before + 1


def test_nothing_is_sent_twice_and_nothing_is_left_out(settings: Settings, log: Log) -> None:
    """A process that dies before it could note what it sent; one whose note is gone; statements of many objects."""
    send(settings, log)
    standing = len(messages(settings, PUBLIC_TOPIC))
    note = settings.home / "community" / SENT_UP_TO
    old = note.read_text()
    names = [f"ZTF21aaaaaa{letter}" for letter in "abcdefgh"]
    about = [{"survey": "ztf", "object_id": name, "body": {"text": name}} for name in names]
    say(log, ANNA, [Draft.of({"kind": "comment", **one}) for one in about])
    assert send(settings, log) == len(names)
    note.write_text(old)
    assert send(settings, log) == 0
    note.unlink()
    assert send(settings, log) == 0
    ids = [value["statement_id"] for _, value in messages(settings, PUBLIC_TOPIC)]
    assert len(set(ids)) == len(ids) == standing + len(names)
    public = log.now().select(Person(), survey="ztf", history=True)
    assert set(ids) == {row["statement_id"] for row in public}


def test_one_process_carries(settings: Settings, log: Log, secrets: dict[str, str]) -> None:
    ensure_incoming(settings)
    said: list[int] = []

    def once() -> bool:
        said.append(log.now().rows.num_rows)
        with pytest.raises(LeaseHeld, match="another process"):
            serve(settings, lambda: True)
        return True

    before = log.now().rows.num_rows
    produce(settings, (orjson.dumps(annotation()), secrets["writes"]))
    serve(settings, once)
    assert said == [before + 1]
