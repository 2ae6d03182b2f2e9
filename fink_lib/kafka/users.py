"""Users with a password: their accounts, the topics they were granted, and the groups that are theirs alone."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from fink_lib.errors import ConfigError
from fink_lib.kafka.access import ANONYMOUS, READING, rule, rules_of, settle

# No underscore: the groups of one user begin with the name and an underscore, and must be nobody else's.
_NAME = re.compile(r"[a-z][a-z0-9-]{1,31}")
RESERVED = frozenset({"fink", "admin"})  # the broker's own account may do everything
SHORTEST_PASSWORD = 12
ITERATIONS = 8192
MECHANISM = ScramMechanism.SCRAM_SHA_512
PRINCIPAL = "User:"


@dataclass(frozen=True)
class User:
    """One user.

    Attributes
    ----------
    name
        Also the group to read with, or its beginning before an underscore.
    topics
        Those that were granted.
    """

    name: str
    topics: tuple[str, ...]


def check_user(name: str) -> None:
    """Refuse a name that could be mistaken for another.

    Raises
    ------
    ConfigError
        Saying what a name may be.
    """
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise ConfigError(
            f"user name {name[:40]!r} is not usable: 2-32 of a-z, 0-9, - and a letter first; "
            f"{' and '.join(sorted(RESERVED))} are taken"
        )


def put_user(admin: AdminClient, name: str, password: str) -> None:
    """Make an account, or give it another password; its groups are kept for it, also from anonymous readers.

    Parameters
    ----------
    admin
        A client that may change accounts and rules.
    name
        See `check_user`.
    password
        At least `SHORTEST_PASSWORD` characters.

    Raises
    ------
    ConfigError
        When the name or the password will not do.
    BrokerError
        When Kafka refuses or does not answer.
    """
    check_user(name)
    if len(password) < SHORTEST_PASSWORD:
        raise ConfigError(f"the password has {len(password)} characters: give it {SHORTEST_PASSWORD} or more")
    settle(admin.create_acls(_groups(name)).values(), f"keep the groups of user '{name}'")
    credential = ScramCredentialInfo(MECHANISM, ITERATIONS)
    account = UserScramCredentialUpsertion(name, credential, password.encode())
    settle(admin.alter_user_scram_credentials([account]).values(), f"make user '{name}'")


def grant(admin: AdminClient, name: str, topics: Collection[str]) -> None:
    """Let a user read topics.

    Parameters
    ----------
    admin
        A client that may change rules.
    name
        An account.
    topics
        Added to those that it may read already.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer.
    """
    rules = [rule(ResourceType.TOPIC, topic, PRINCIPAL + name) for topic in sorted(set(topics))]
    if rules:
        settle(admin.create_acls(rules).values(), f"let user '{name}' read")


def let_write(admin: AdminClient, name: str, topics: Collection[str]) -> None:
    """Let a user write topics, and not read them; hop-client asks how large a message may be before it writes.

    Parameters
    ----------
    admin
        A client that may change rules.
    name
        An account.
    topics
        Added to those that it may write already.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer.
    """
    wanted = sorted(set(topics))
    needed = (AclOperation.WRITE, AclOperation.DESCRIBE_CONFIGS)
    rules = [rule(ResourceType.TOPIC, topic, PRINCIPAL + name, operation=one) for topic in wanted for one in needed]
    if rules:
        settle(admin.create_acls(rules).values(), f"let user '{name}' write")


def revoke(admin: AdminClient, name: str, topics: Collection[str] = ()) -> None:
    """Take topics back from a user; without any named, everything, and the account with it.

    Parameters
    ----------
    admin
        A client that may change accounts and rules.
    name
        An account.
    topics
        Topics that it may neither read nor write any more.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer.
    """
    what = f"take rights back from user '{name}'"
    if topics:
        named = [rules_of(topic, ResourcePatternType.LITERAL, PRINCIPAL + name) for topic in sorted(set(topics))]
        settle(admin.delete_acls(named).values(), what)
        return
    everything = [_same(one) for one in _groups(name)]
    everything += [
        rules_of(topic, ResourcePatternType.LITERAL, PRINCIPAL + name)
        for user in users(admin)
        if user.name == name
        for topic in user.topics
    ]
    settle(admin.delete_acls(everything).values(), what)
    settle(admin.alter_user_scram_credentials([UserScramCredentialDeletion(name, MECHANISM)]).values(), what)


def users(admin: AdminClient) -> list[User]:
    """Return every account with what it was granted.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer.
    """
    asked: Any = admin.describe_user_scram_credentials()  # of all users it is one answer, of some it is several
    (accounts,) = settle([asked], "tell its users")
    granted: dict[str, set[str]] = {name: set() for name in accounts}
    for topic, holders in _holders(admin, READING | {AclOperation.WRITE}).items():
        for name in holders & set(granted):
            granted[name].add(topic)
    return [User(name, tuple(sorted(topics))) for name, topics in sorted(granted.items())]


def readers_of_topics(admin: AdminClient) -> dict[str, set[str]]:
    """Return who may read each topic that somebody may read; ``*`` is anyone.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer.
    """
    return _holders(admin, READING)


def _holders(admin: AdminClient, operations: Collection[AclOperation]) -> dict[str, set[str]]:
    """Return who may do one of some operations on each topic."""
    (rules,) = settle([admin.describe_acls(rules_of(None, ResourcePatternType.LITERAL))], "tell who may read topics")
    found: dict[str, set[str]] = {}
    for one in rules:
        if one.operation in operations:
            found.setdefault(one.name, set()).add(one.principal.removeprefix(PRINCIPAL))
    return found


def _groups(name: str) -> list[AclBinding]:
    """Return the rules that keep the groups of a user."""
    places = ((name, ResourcePatternType.LITERAL), (f"{name}_", ResourcePatternType.PREFIXED))
    return [
        *(rule(ResourceType.GROUP, group, PRINCIPAL + name, pattern=pattern) for group, pattern in places),
        *(
            rule(
                ResourceType.GROUP,
                group,
                ANONYMOUS,
                pattern=pattern,
                operation=AclOperation.ALL,
                permission=AclPermissionType.DENY,
            )
            for group, pattern in places
        ),
    ]


def _same(one: AclBinding) -> AclBindingFilter:
    """Return the question for exactly this rule."""
    return AclBindingFilter(
        one.restype, one.name, one.resource_pattern_type, one.principal, one.host, one.operation, one.permission_type
    )
