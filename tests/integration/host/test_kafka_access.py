"""Who may do what on a broker as `fink up` starts it: anyone, users with and without a grant, a wrong password."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from fink_lib.cli import main as cli
from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.host.kafka import LocalKafka
from fink_lib.kafka import users
from fink_lib.kafka.access import ANONYMOUS, rule, set_readers, settle
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.topics import ensure_topics

pytestmark = pytest.mark.kafka

Config: TypeAlias = dict[str, str | int | float | bool]
OPEN, CLOSED, ARRIVING, LATER = "fink_open_ztf", "fink_closed_ztf", "ztf_20211122_programid1", "fink_later_ztf"
PASSWORD = "correct horse battery"
NOT_THIS_TOPIC = "TOPIC_AUTHORIZATION_FAILED"
PATIENCE_S = 30.0
GIVE_UP_S = 1  # where nobody will answer


@pytest.fixture(scope="module")
def ours(secured_kafka: LocalKafka) -> Settings:
    """The settings of our own programs."""
    return Settings(home=secured_kafka.home, **secured_kafka.connection)


@pytest.fixture(scope="module")
def admin(ours: Settings) -> AdminClient:
    return Connection.of(ours).admin()


@pytest.fixture(scope="module")
def clients(secured_kafka: LocalKafka, ours: Settings, admin: AdminClient) -> dict[str, Config]:
    """Three topics with a message each, two users, and how each kind of client connects."""
    ensure_topics(ours, [OPEN, CLOSED], [CLOSED])
    producer = Producer(Connection.of(ours).client())
    for topic in (OPEN, CLOSED, ARRIVING):
        producer.produce(topic, b"an alert")
    assert producer.flush(PATIENCE_S) == 0
    for name in ("sn-team", "visitors"):
        users.put_user(admin, name, PASSWORD)
    users.grant(admin, "sn-team", [CLOSED])
    return {
        "anonymous": {"bootstrap.servers": secured_kafka.bootstrap, "log_level": 0},
        "sn-team": with_password(secured_kafka.users, "sn-team", PASSWORD),
        "visitors": with_password(secured_kafka.users, "visitors", PASSWORD),
        "guesser": with_password(secured_kafka.users, "sn-team", "incorrect horse battery"),
    }


def with_password(address: str, user: str, password: str) -> Config:
    return {
        "bootstrap.servers": address, "log_level": 0, "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": user, "sasl.password": password,
    }  # fmt: skip


def group_of(conf: Config) -> str:
    return f"{conf.get('sasl.username', 'pub')}_{uuid.uuid4().hex}"


def read(conf: Config, topic: str, group: str | None = None) -> str:
    """Read a topic from its beginning; return its first message, or why there is none."""
    failed: list[str] = []
    reader = Consumer({
        **conf, "group.id": group or group_of(conf), "auto.offset.reset": "earliest",
        "error_cb": lambda error: failed.append(error.name()) if error.code() == KafkaError._AUTHENTICATION else None,
    })  # fmt: skip
    reader.subscribe([topic])
    deadline = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < deadline:
            message = reader.poll(0.5)
            if failed:
                return failed[0]
            if message is not None:
                error = message.error()
                return (message.value() or b"").decode() if error is None else error.name()
        return "nothing"
    finally:
        reader.close()


def see(conf: Config) -> set[str] | str:
    """Return the topics of this module that a client is told of, or why it is told none."""
    try:
        return AdminClient(conf).list_topics(timeout=GIVE_UP_S).topics.keys() & {OPEN, CLOSED, ARRIVING, LATER}
    except KafkaException as error:
        return error.args[0].name()


def write(conf: Config, *topics: str) -> set[str]:
    """Write to topics; return what became of it."""
    told: list[str] = []
    producer = Producer({**conf, "message.timeout.ms": GIVE_UP_S * 1000})
    for topic in topics:
        producer.produce(topic, b"forged", on_delivery=lambda e, _: told.append("written" if e is None else e.name()))
    assert producer.flush(PATIENCE_S) == 0
    assert len(told) == len(topics)
    return set(told)


def change(conf: Config) -> set[str]:
    """Try to make a topic, to delete one, and to let one forget its messages; return what became of it."""
    admin = AdminClient(conf)
    forget = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
    shorter = ConfigResource(ConfigResource.Type.TOPIC, OPEN, incremental_configs=[forget])
    answers = [
        *admin.create_topics([NewTopic("fink_mine_ztf", 1)], request_timeout=GIVE_UP_S).values(),
        *admin.delete_topics([OPEN], request_timeout=GIVE_UP_S).values(),
        *admin.incremental_alter_configs([shorter], request_timeout=GIVE_UP_S).values(),
    ]
    errors = [answer.exception(PATIENCE_S) for answer in answers]
    assert len(errors) == 3
    return {error.args[0].name() if isinstance(error, KafkaException) else str(error) for error in errors}


@pytest.mark.parametrize(
    ("who", "restricted", "seen", "written", "changed"),
    [
        ("anonymous", NOT_THIS_TOPIC, {OPEN}, NOT_THIS_TOPIC, NOT_THIS_TOPIC),
        ("sn-team", "an alert", {OPEN, CLOSED}, NOT_THIS_TOPIC, NOT_THIS_TOPIC),
        ("visitors", NOT_THIS_TOPIC, {OPEN}, NOT_THIS_TOPIC, NOT_THIS_TOPIC),
        ("guesser", "_AUTHENTICATION", "_TRANSPORT", "_MSG_TIMED_OUT", "_TIMED_OUT"),
    ],
)
def test_what_each_may_do(
    clients: dict[str, Config],
    admin: AdminClient,
    *,
    who: str,
    restricted: str,
    seen: object,
    written: str,
    changed: str,
) -> None:
    conf = clients[who]
    assert read(conf, OPEN) == ("_AUTHENTICATION" if who == "guesser" else "an alert")
    assert read(conf, CLOSED) == restricted
    assert see(conf) == seen
    assert write(conf, OPEN, CLOSED, "fink_new_ztf") == {written}
    assert change(conf) == {changed}
    there = admin.list_topics(timeout=PATIENCE_S).topics
    assert {OPEN, CLOSED, ARRIVING} <= set(there)
    assert not {"fink_new_ztf", "fink_mine_ztf"} & set(there)


def test_what_arrives_is_for_nobody_but_us(clients: dict[str, Config]) -> None:
    assert [read(clients[who], ARRIVING) for who in ("anonymous", "sn-team")] == [NOT_THIS_TOPIC] * 2


def test_the_groups_of_a_user_are_nobody_else_s(clients: dict[str, Config]) -> None:
    assert read(clients["anonymous"], OPEN, "anything at all") == "an alert"
    for who, group in (
        ("anonymous", "sn-team"),
        ("anonymous", "sn-team_1"),
        ("visitors", "sn-team_1"),
        ("sn-team", "pub_1"),
    ):
        assert read(clients[who], OPEN, group) == "GROUP_AUTHORIZATION_FAILED", (who, group)


def test_a_topic_that_is_restricted_later_is_closed_to_anyone(clients: dict[str, Config], ours: Settings) -> None:
    topic = LATER
    ensure_topics(ours, [topic])
    assert topic in see(clients["anonymous"])
    ensure_topics(ours, [], [topic])
    eventually(lambda: topic not in see(clients["anonymous"]))
    assert read(clients["anonymous"], topic) == NOT_THIS_TOPIC


@pytest.fixture
def _wide_rule(admin: AdminClient) -> Iterator[None]:
    """What an operator may have typed: everything of ours is for anyone."""
    wide = rule(ResourceType.TOPIC, "fink_", ANONYMOUS, pattern=ResourcePatternType.PREFIXED)
    settle(admin.create_acls([wide]).values(), "open everything")
    yield
    settle(admin.delete_acls([users._same(wide)]).values(), "close it again")


@pytest.mark.usefixtures("_wide_rule")
def test_a_rule_that_opens_a_restricted_topic_is_found(clients: dict[str, Config], admin: AdminClient) -> None:
    eventually(lambda: CLOSED in see(clients["anonymous"]))
    with pytest.raises(ConfigError, match=f"anyone could read {CLOSED}: a rule of Kafka for more than this topic"):
        set_readers(admin, [OPEN], [CLOSED])


def test_messages_are_kept_as_long_as_the_setting_says(ours: Settings, admin: AdminClient) -> None:
    old, new = "fink_kept_ztf", "fink_kept_too_ztf"

    def kept_ms(topic: str) -> str:
        try:
            (told,) = settle(admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values(), "say")
        except BrokerError as error:  # it was made a moment ago
            return str(error)
        return str(told["retention.ms"].value)

    ensure_topics(ours, [old])
    eventually(lambda: kept_ms(old) == str(7 * 86_400_000))
    ensure_topics(ours.model_copy(update={"output_retention_days": 0.5}), [old, new])
    eventually(lambda: kept_ms(old) == kept_ms(new) == "43200000")


def test_grant_and_revoke(
    secured_kafka: LocalKafka,
    clients: dict[str, Config],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "160")

    def fink(*words: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as end:
            cli.main(["kafka", *words, "--home", str(secured_kafka.home)])
        printed = capsys.readouterr()
        assert end.value.code == code, printed
        return printed.out + printed.err

    told = fink("grant", "kn-team", CLOSED)
    assert secured_kafka.users in told
    password = told.split("password ")[1].split()[0]
    conf = with_password(secured_kafka.users, "kn-team", password)
    assert read(conf, CLOSED, "kn-team") == "an alert"
    assert password not in fink("grant", "kn-team"), "an account that is there keeps its password"
    assert "fink kafka topics" in fink("grant", "kn-team", ARRIVING, code=2)
    assert "is not usable" in fink("grant", "kn_team", code=2)
    assert "is not usable" in fink("grant", "fink", code=2)
    assert {"sn-team", "kn-team", CLOSED} <= set(fink("users").split())
    (row,) = [line for line in fink("topics").splitlines() if CLOSED in line]
    assert "kn-team,sn-team" in row

    assert "may no longer read" in fink("revoke", "kn-team", CLOSED)
    eventually(lambda: see(conf) == set(see(clients["visitors"])) and CLOSED not in see(conf))
    assert "is gone" in fink("revoke", "kn-team")
    assert "kn-team" not in fink("users")
    assert "there is no user" in fink("revoke", "kn-team", code=2)
    assert read(conf, OPEN) == "_AUTHENTICATION"


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what the broker has been told to be in force: it says yes a moment before."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
