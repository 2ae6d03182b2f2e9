"""Who may read a topic: anyone, or only users with a grant. What no rule allows, Kafka refuses."""

import logging
from collections.abc import Collection, Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from fink_lib.errors import BrokerError, ConfigError

logger = logging.getLogger(__name__)

ANYONE = "User:*"
ANONYMOUS = "User:ANONYMOUS"
ANY_HOST = "*"
ANSWER_S = 30.0
READING = frozenset({AclOperation.READ, AclOperation.ALL})
Answer = TypeVar("Answer")


def set_readers(admin: AdminClient, public: Collection[str], restricted: Collection[str]) -> None:
    """Let anyone read the public topics, and nobody without a grant the restricted ones.

    Anonymous readers choose their group themselves, so any will do; those of users are kept for them, see
    `fink_lib.kafka.users`.

    Parameters
    ----------
    admin
        A client that may change rules; where it may not, whoever runs Kafka says who reads what.
    public, restricted
        Topics; they need not be there yet.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    ConfigError
        When anyone could read a restricted topic: Kafka has no rules at all, or one for more than this topic.
    """
    wanted = [
        rule(ResourceType.GROUP, "*", ANONYMOUS),
        *(rule(ResourceType.TOPIC, topic, ANYONE) for topic in sorted(public)),
    ]
    alone = ResourcePatternType.LITERAL
    closed = [rules_of(topic, alone, who) for topic in sorted(restricted) for who in (ANYONE, ANONYMOUS)]
    try:
        settle(admin.delete_acls(closed).values() if closed else (), "take back who may read a topic")
        settle(admin.create_acls(wanted).values(), "say who may read a topic")
        open_still = sorted(topic for topic in restricted if _is_open(admin, topic))
    except RulesNotOurs:
        logger.warning("who may read which topic is not ours to say in this Kafka")
        return
    except NoRules:
        if restricted:
            raise ConfigError(
                f"anyone could read {', '.join(sorted(restricted))}: this Kafka has no authorizer, "
                "give it one or take the topics out of FINK_RESTRICTED_TOPICS"
            ) from None
        return
    if open_still:
        raise ConfigError(
            f"anyone could read {', '.join(open_still)}: a rule of Kafka for more than this topic allows it, "
            "take that rule away"
        )


def forget_readers(admin: AdminClient, topics: Collection[str]) -> None:
    """Take back the rules by which anyone may read topics that are no more; where rules are not ours, they stay.

    Parameters
    ----------
    admin
        A client of the broker.
    topics
        Topics that were deleted; at least one.

    Raises
    ------
    BrokerError
        When Kafka refuses for another reason, or does not answer.
    """
    alone = ResourcePatternType.LITERAL
    rules = [rules_of(topic, alone, who) for topic in sorted(topics) for who in (ANYONE, ANONYMOUS)]
    if not rules:
        return
    with suppress(RulesNotOurs, NoRules):
        settle(admin.delete_acls(rules).values(), "take back who may read a topic")


def is_closed(admin: AdminClient, topic: str) -> bool:
    """Tell whether Kafka, which has rules, lets not just anyone read a topic.

    Parameters
    ----------
    admin
        A client of the broker.
    topic
        The topic.

    Returns
    -------
    False too where Kafka has no rules, or does not let us see them.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    try:
        return not _opening(admin, topic) and _has_rules(admin)
    except (NoRules, RulesNotOurs):
        return False


def rule(
    kind: ResourceType,
    name: str,
    who: str,
    *,
    pattern: ResourcePatternType = ResourcePatternType.LITERAL,
    operation: AclOperation = AclOperation.READ,
    permission: AclPermissionType = AclPermissionType.ALLOW,
) -> AclBinding:
    """Return a rule of Kafka; reading includes seeing that it is there.

    Parameters
    ----------
    kind
        A topic or a group.
    name
        Its name; with a prefix pattern, the beginning of its name.
    who
        Principal, such as ``User:name`` or `ANYONE`.
    pattern
        Whether the name is the whole one, or its beginning.
    operation
        What is allowed or denied.
    permission
        Whether it is allowed or denied.
    """
    return AclBinding(kind, name, pattern, who, ANY_HOST, operation, permission)


class NoRules(BrokerError):
    """Kafka has no authorizer: everybody may do everything."""


class RulesNotOurs(BrokerError):
    """Kafka has rules, and we may not change them."""


REFUSALS = {KafkaError.SECURITY_DISABLED: NoRules, KafkaError.CLUSTER_AUTHORIZATION_FAILED: RulesNotOurs}


def settle(answers: Iterable["Future[Answer]"], what: str) -> list[Answer]:
    """Wait for what an admin client was asked.

    Parameters
    ----------
    what
        It was asked to do, for the error.

    Raises
    ------
    NoRules, RulesNotOurs
        When Kafka has no rules, or they are not ours.
    BrokerError
        When Kafka refuses for another reason, or does not answer.
    """
    try:
        return [answer.result(ANSWER_S) for answer in answers]
    except KafkaException as error:
        kind = REFUSALS.get(error.args[0].code(), BrokerError)
        raise kind(f"Kafka did not {what}: {error.args[0].str()}") from error
    except TimeoutError as error:
        raise BrokerError(f"Kafka did not {what} within {ANSWER_S:.0f} s") from error


def rules_of(name: str | None, pattern: ResourcePatternType, who: str | None = None) -> AclBindingFilter:
    """Return the question for what is allowed on a topic, or on any, to somebody, or to anybody.

    Parameters
    ----------
    name
        The topic; any when None.
    pattern
        ``LITERAL`` for rules of that very name, ``MATCH`` for all rules that apply to it.
    who
        Principal; anybody when None.
    """
    any_host = None
    return AclBindingFilter(
        ResourceType.TOPIC,
        name,  # type: ignore[arg-type]  # None is any: its documentation says so, its types do not
        pattern,
        who,  # type: ignore[arg-type]  # as above
        any_host,  # type: ignore[arg-type]  # as above
        AclOperation.ANY,
        AclPermissionType.ALLOW,
    )


def _is_open(admin: AdminClient, topic: str) -> bool:
    """Tell whether a rule for more than this topic lets anyone read it; those for it alone were just taken back."""
    return any(one.name != topic for one in _opening(admin, topic))


def _has_rules(admin: AdminClient) -> bool:
    """Tell whether Kafka has any rule: one without an authorizer answers with none, and does not say so.

    Where rules are ours there is one at least, that anonymous readers choose their group (`set_readers`).
    """
    any_at_all = AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]  # None is any: its documentation says so, its types do not
        ResourcePatternType.ANY,
        None,  # type: ignore[arg-type]  # as above
        None,  # type: ignore[arg-type]  # as above
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    (rules,) = settle([admin.describe_acls(any_at_all)], "tell its rules")
    return bool(rules)


def _opening(admin: AdminClient, topic: str) -> list[AclBinding]:
    """Return the rules by which anyone may read a topic."""
    (rules,) = settle([admin.describe_acls(rules_of(topic, ResourcePatternType.MATCH))], "tell who may read a topic")
    return [one for one in rules if one.principal in {ANYONE, ANONYMOUS} and one.operation in READING]
