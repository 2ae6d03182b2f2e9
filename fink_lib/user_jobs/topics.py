"""A table of one's own on a topic, and an account in Kafka to read it with: asked for over HTTP, done by a command."""

import json
from typing import Any

from fink_lib.accounts.claims import Claims, Via
from fink_lib.config import Settings
from fink_lib.served.private_store import PrivateTables
from fink_lib.served.results.book import ResultTopics
from fink_lib.user_jobs.asking import NotAllowed
from fink_lib.user_jobs.commands import done
from fink_lib.user_jobs.record import RIGHT

SEND_S, ACCOUNT_S = 300.0, 120.0


def send_to_topic(settings: Settings, claims: Claims, full_name: str) -> dict[str, Any]:
    """Send the rows of a table of one's own to its topic; return ``topic``, ``table`` and ``rows``.

    Parameters
    ----------
    settings
        Of the home.
    claims
        Who asks.
    full_name
        Schema and name of the table.

    Raises
    ------
    NoSuchTable
        When he sees none of that name.
    NotYours, NotAllowed
        When another member of the group made it, or he may not run jobs.
    TooMuch
        When the table is larger than a topic may be.
    NotClosed
        When this Kafka cannot keep others from reading it.
    HostError
        When Kafka does not take it; the sentence says why.
    """
    table = PrivateTables(settings).own(claims, full_name)
    if not claims.has(RIGHT):
        raise NotAllowed(f"topics of tables are for people with the right '{RIGHT}': the operator grants it")
    command = ["jobs", "topic", "--json", "--who", claims.person, "--", table.full_name]
    sent: dict[str, Any] = json.loads(done(settings, command, SEND_S, "the table was not sent"))
    return sent


def account_in_kafka(settings: Settings, claims: Claims) -> dict[str, str]:
    """Make one's own account in Kafka, or give it another password; return ``user``, ``password``, ``address``.

    Parameters
    ----------
    settings
        Of the home.
    claims
        Who asks.

    Raises
    ------
    NotAllowed
        When it is a token: the account reads all that its person may, and a token may less.
    HostError
        When Kafka does not answer.
    """
    if claims.via is not Via.SESSION:
        raise NotAllowed("an account in Kafka reads all that you may, and a token less: log in, make it at /account")
    command = ["users", "kafka", "--json", "--", claims.person]
    made: dict[str, str] = json.loads(done(settings, command, ACCOUNT_S, "no account was made"))
    return made


def settle(settings: Settings) -> None:
    """Have Kafka told at once that tables are gone, where any was on a topic.

    Raises
    ------
    HostError
        When it does not answer; it is told within a day.
    """
    if ResultTopics(settings).is_used:
        done(settings, ["jobs", "topics", "--json"], ACCOUNT_S, "Kafka was not told")
