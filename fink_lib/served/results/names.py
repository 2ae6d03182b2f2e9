"""Names in Kafka: the topic of a table, and the account of a person. Pure."""

import hashlib
import re

from fink_lib.served.private import PrivateTable

PREFIX = "fresult"  # no name of a filter's topic, of a transfer or of a circle begins so
VERSION_LETTERS = 8
OF_PERSON, HASHED = "person-", "x-"
LONGEST = 25  # with what is before it, as long as the name of an account may be
PLAIN = re.compile(r"(?!x-)[a-z0-9-]{1,25}")


def topic_of(table: PrivateTable) -> str:
    """Return the topic of a table: another version of its rows has another one.

    Parameters
    ----------
    table
        With its owner, group, name and version.
    """
    kind, who = ("group", table.group) if table.group else ("person", table.owner)
    # Kafka takes `.` and `_` for the same: two people whose names differ by that alone must not meet
    return ".".join((PREFIX, kind, who.replace("_", "__"), table.name, table.version[:VERSION_LETTERS]))


def kafka_account(person: str) -> str:
    """Return the account in Kafka of a person: no two people have the same.

    Parameters
    ----------
    person
        His name; one that Kafka's accounts cannot have is replaced by a digest.
    """
    if PLAIN.fullmatch(person):
        return OF_PERSON + person
    return OF_PERSON + HASHED + hashlib.sha256(person.encode()).hexdigest()[: LONGEST - len(HASHED)]
