"""Which topics are restricted, and what happens where the rules of a Kafka are not ours."""

import datetime as dt
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AclBinding, AclBindingFilter, ResourceType

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.filters import restricted
from fink_lib.filters.registry import filters_of
from fink_lib.filters.restricted import restricted_topics
from fink_lib.filters.users.store import Action, Event, record
from fink_lib.kafka.access import ANONYMOUS, ANYONE, is_closed, rule, set_readers
from fink_lib.kafka.users import check_user

STARS = "fink_variable_stars_ztf"


def restricting(settings: Settings, *topics: str) -> Settings:
    return settings.model_copy(update={"restricted_topics": " , ".join(topics)})


def test_nothing_is_restricted_unless_it_is_said(settings: Settings) -> None:
    assert restricted_topics(settings) == frozenset()


def test_the_setting_and_the_filters_themselves(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {survey: [replace(one, restricted=one.name == "mdwarf_flare") for one in filters_of(survey)]
            for survey in ("ztf", "lsst")}  # fmt: skip
    monkeypatch.setattr(restricted, "filters_of", lambda survey: tuple(ours.get(survey, ())))
    assert restricted_topics(restricting(settings, STARS)) == {STARS, "fink_mdwarf_flare_lsst"}


def test_a_slip_in_the_setting_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="FINK_RESTRICTED_TOPICS names 'fink_varable_stars_ztf', the topic of no"):
        restricted_topics(restricting(settings, STARS, "fink_varable_stars_ztf"))


def test_the_filter_of_a_user(settings: Settings) -> None:
    mine = restricting(settings, "fink_bright_star_ztf")
    with pytest.raises(ConfigError, match="fink_bright_star_ztf"):
        restricted_topics(mine)
    event = Event(
        survey="ztf", name="bright_star", event=1, action=Action.ADD, version=1, owner="team",
        description="Bright stars.", predicate="candidate.magpsf < 15", by="operator",
        at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    record(settings.lake, event)
    assert restricted_topics(mine) == {"fink_bright_star_ztf"}


class Refusing:
    """An admin client whose Kafka refuses every rule for one reason."""

    def __init__(self, code: int) -> None:
        self.code = code

    def _refuse(self, asked: list[Any]) -> dict[Any, Future[Any]]:
        answers: dict[Any, Future[Any]] = {one: Future() for one in asked}
        for answer in answers.values():
            answer.set_exception(KafkaException(KafkaError(self.code)))
        return answers

    create_acls = delete_acls = _refuse


def test_a_kafka_without_rules_does_for_public_topics_only() -> None:
    open_to_all: Any = Refusing(KafkaError.SECURITY_DISABLED)
    set_readers(open_to_all, {STARS}, ())
    with pytest.raises(ConfigError, match=f"anyone could read {STARS}: this Kafka has no authorizer"):
        set_readers(open_to_all, (), {STARS})


class Telling:
    """An admin client whose Kafka tells its rules; one without an authorizer tells none, and raises nothing."""

    def __init__(self, *rules: AclBinding) -> None:
        self.rules = rules

    def describe_acls(self, asked: AclBindingFilter) -> Future[list[AclBinding]]:
        answer: Future[list[AclBinding]] = Future()
        any_name = asked.restype is ResourceType.ANY
        answer.set_result([one for one in self.rules if any_name or (one.restype, one.name) == (asked.restype, STARS)])
        return answer


@pytest.mark.parametrize(
    ("rules", "closed"),
    [
        ((), False),
        ((rule(ResourceType.GROUP, "*", ANONYMOUS),), True),
        ((rule(ResourceType.GROUP, "*", ANONYMOUS), rule(ResourceType.TOPIC, STARS, ANYONE)), False),
    ],
)
def test_a_topic_is_closed_only_where_there_are_rules(rules: tuple[AclBinding, ...], *, closed: bool) -> None:
    admin: Any = Telling(*rules)
    assert is_closed(admin, STARS) is closed


def test_where_the_rules_are_not_ours_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    not_ours: Any = Refusing(KafkaError.CLUSTER_AUTHORIZATION_FAILED)
    set_readers(not_ours, (), {STARS})
    assert "who may read which topic is not ours to say in this Kafka" in caplog.text


def test_another_refusal_is_an_error() -> None:
    with pytest.raises(BrokerError, match="Kafka did not say who may read a topic"):
        set_readers(Refusing(KafkaError.NOT_CONTROLLER), {STARS}, ())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["fink", "admin", "ANONYMOUS", "*", "a", "team_1", "Team", "-team", "x" * 33, ""])
def test_names_that_no_user_may_have(name: str) -> None:
    with pytest.raises(ConfigError, match="is not usable"):
        check_user(name)
