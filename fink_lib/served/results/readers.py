"""Who may read the topics of tables, as Kafka is told: those who see the table now, each by an account of his own.

Rights and groups change where Kafka is not asked; so all of it is settled anew after each change, and once a day.
"""

import logging
import secrets
from collections.abc import Iterator
from contextlib import suppress

from confluent_kafka.admin import AdminClient

from fink_lib.accounts import groups, people
from fink_lib.accounts.store import Store
from fink_lib.accounts.whole import whole_claims
from fink_lib.config import Settings
from fink_lib.errors import AccountError
from fink_lib.kafka import users
from fink_lib.kafka.connection import QUIET, Connection
from fink_lib.kafka.topics import delete_topics, partitions_by_topic
from fink_lib.served.access import sees_table
from fink_lib.served.private import PrivateTable
from fink_lib.served.private_store import PrivateTables
from fink_lib.served.results.book import ResultTopic, ResultTopics
from fink_lib.served.results.names import kafka_account

logger = logging.getLogger(__name__)

PASSWORD_BYTES = 24


def make_account(settings: Settings, person: str) -> str:
    """Make the account of a person in Kafka, or give it another password, which is returned and kept nowhere.

    Parameters
    ----------
    settings
        Where Kafka and the accounts are.
    person
        His name.

    Raises
    ------
    AccountError
        When there is none of that name.
    BrokerError
        When Kafka refuses or does not answer.
    """
    whole_claims(Store(settings.home), person)
    password, book = secrets.token_urlsafe(PASSWORD_BYTES), ResultTopics(settings)
    with book.changing():
        book.note_accounts()
        users.put_user(Connection.of(settings).admin(QUIET), kafka_account(person), password)
    settle_readers(settings)
    return password


def settle_readers(settings: Settings) -> int:
    """Have Kafka let those read who may, and nobody else; delete topics whose tables are gone.

    Parameters
    ----------
    settings
        Where Kafka, the tables and the accounts are.

    Returns
    -------
    int
        How many topics were deleted.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer.
    """
    book = ResultTopics(settings)
    if not book.is_used:
        return 0
    with book.changing():
        admin, store, tables = Connection.of(settings).admin(QUIET), Store(settings.home), PrivateTables(settings)
        known = {one.name: one.topics for one in users.users(admin)}
        for account in _revoked(store) & known.keys():
            users.revoke(admin, account)
            del known[account]
        kept = tables.every()
        gone = [one for one in book.every() if not any(one.is_of(table) for table in kept)]
        remove_topics(settings, gone)
        for one in book.every():
            table = next(table for table in kept if one.is_of(table))
            wanted = set(readers_of(store, table)) if one.rows is not None else set()
            _settle(admin, one.topic, wanted, known)
        return len(gone)


def readers_of(store: Store, table: PrivateTable) -> Iterator[str]:
    """Yield the accounts of those who see a table by what they have now.

    Parameters
    ----------
    store
        Of people and groups.
    table
        The table.
    """
    members = {str(one["group"]): one["members"] for one in groups.everyone(store)}
    persons = members.get(table.group, []) if table.group else [table.owner]
    for person in persons:  # type: ignore[attr-defined]  # a list of names
        with suppress(AccountError):  # he was revoked
            if sees_table(whole_claims(store, person), table):
                yield kafka_account(person)


def remove_topics(settings: Settings, gone: list[ResultTopic]) -> None:
    """Delete topics, the rules about them, and what is kept of them.

    Parameters
    ----------
    settings
        Where Kafka is.
    gone
        Which; some may not be there any longer.
    """
    connection, book = Connection.of(settings), ResultTopics(settings)
    if not gone:
        return
    admin, there = connection.admin(QUIET), partitions_by_topic(connection)
    delete_topics(connection, sorted({one.topic for one in gone} & there.keys()))
    readers = users.readers_of_topics(admin)
    for one in gone:
        for name in readers.get(one.topic, set()):
            users.revoke(admin, name, [one.topic])
        book.forget(one)


def _settle(admin: AdminClient, topic: str, wanted: set[str], known: dict[str, tuple[str, ...]]) -> None:
    """Let these accounts read a topic, and no other one."""
    may = {name for name, topics in known.items() if topic in topics}
    for name in sorted(wanted & known.keys() - may):
        users.grant(admin, name, [topic])
        logger.info("may read user=%s topic=%s", name, topic)
    for name in sorted(may - wanted):
        users.revoke(admin, name, [topic])
        logger.info("may read no longer user=%s topic=%s", name, topic)


def _revoked(store: Store) -> set[str]:
    return {kafka_account(str(one["person"])) for one in people.everyone(store) if one["revoked"]}
