"""Who may read the topics of tables, as Kafka is told: those who see the table now, each by an account of his own.

Rights and groups change where Kafka is not asked; so all of it is settled anew after each change, and once a day.
"""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from confluent_kafka.admin import AdminClient

from fink_lib.accounts import groups, people
from fink_lib.accounts.store import Store
from fink_lib.accounts.whole import whole_claims
from fink_lib.config import Settings
from fink_lib.errors import AccountError, BrokerError, LockHeld
from fink_lib.kafka import users
from fink_lib.kafka.connection import QUIET, Connection
from fink_lib.served.access import sees_table
from fink_lib.served.private import PrivateTable
from fink_lib.served.private_store import PrivateTables
from fink_lib.served.results.book import ResultTopic, ResultTopics
from fink_lib.served.results.names import kafka_account
from fink_lib.served.results.removing import remove_topic

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
    """Have Kafka let those read who may, and nobody else; then delete topics whose tables are gone.

    What Kafka refuses of one account or topic keeps nothing from being done about the others.

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
        When Kafka refuses or does not answer, with everything that it refused.
    """
    book, failed = ResultTopics(settings), list[str]()
    if not book.is_used:
        return 0
    with book.changing():
        admin, store, kept = Connection.of(settings).admin(QUIET), Store(settings.home), PrivateTables(settings).every()
        known = {one.name: one.topics for one in users.users(admin)}
        for account in sorted(_revoked(store) & known.keys()):
            with _collected(failed):
                users.revoke(admin, account)
                del known[account]
        wanted = {one: _wanted(store, one, kept) for one in book.every()}
        for change in (_take_back, _give):
            for one, accounts in wanted.items():
                with _collected(failed):
                    change(admin, one.topic, accounts or set(), known)
    deleted = sum(_removed(settings, one, failed) for one, accounts in wanted.items() if accounts is None)
    if failed:
        raise BrokerError("; ".join(dict.fromkeys(failed)))
    return deleted


def shut_out(settings: Settings, one: ResultTopic) -> None:
    """Note that a topic does not hold its rows, and let nobody read it.

    Parameters
    ----------
    settings
        Where Kafka is.
    one
        The topic, as `ResultTopic.of` returned it.

    Raises
    ------
    BrokerError
        When Kafka refuses or does not answer.
    """
    book = ResultTopics(settings)
    with book.changing():
        book.save(one)
        admin = Connection.of(settings).admin(QUIET)
        _take_back(admin, one.topic, set(), {user.name: user.topics for user in users.users(admin)})


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


def _wanted(store: Store, one: ResultTopic, kept: list[PrivateTable]) -> set[str] | None:
    """Return the accounts that may read a topic; None where its table is gone."""
    table = next((table for table in kept if one.is_of(table)), None)
    if table is None:
        return None
    return set(readers_of(store, table)) if one.rows is not None else set()


def _take_back(admin: AdminClient, topic: str, wanted: set[str], known: dict[str, tuple[str, ...]]) -> None:
    """Let no other accounts than these read a topic."""
    for name in sorted(_may(topic, known) - wanted):
        users.revoke(admin, name, [topic])
        logger.info("may read no longer user=%s topic=%s", name, topic)


def _give(admin: AdminClient, topic: str, wanted: set[str], known: dict[str, tuple[str, ...]]) -> None:
    """Let these accounts read a topic, as far as they are there."""
    for name in sorted(wanted & known.keys() - _may(topic, known)):
        users.grant(admin, name, [topic])
        logger.info("may read user=%s topic=%s", name, topic)


def _may(topic: str, known: dict[str, tuple[str, ...]]) -> set[str]:
    return {name for name, topics in known.items() if topic in topics}


def _removed(settings: Settings, one: ResultTopic, failed: list[str]) -> bool:
    """Delete a topic whose table is gone; tell whether that was done."""
    with _collected(failed), suppress(LockHeld), ResultTopics(settings).filling(one.topic, 0):
        remove_topic(settings, one)
        return True
    return False  # whoever sends it at this moment settles it then


@contextmanager
def _collected(failed: list[str]) -> Iterator[None]:
    """Note what Kafka refuses, and go on."""
    try:
        yield
    except BrokerError as error:
        failed.append(str(error))


def _revoked(store: Store) -> set[str]:
    return {kafka_account(str(one["person"])) for one in people.everyone(store) if one["revoked"]}
