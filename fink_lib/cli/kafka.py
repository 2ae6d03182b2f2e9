"""`fink kafka start|stop|topics|users|grant|revoke`."""

import secrets
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.config import Settings
from fink_lib.errors import ConfigError

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

app = typer.Typer(no_args_is_help=True)
PortOption = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one [FINK_KAFKA_PORT]")
]
TOPIC_COLUMNS = (
    Column("topic", is_id=True),
    Column("partitions"),
    Column("messages"),
    Column("readers", shown=lambda names: "anyone" if "*" in names else ", ".join(names)),
)
USER_COLUMNS = (
    Column("user", is_id=True),
    Column("topics", is_id=True, title="may read, besides public topics; write: community_in"),
)
UserArgument = Annotated[str, typer.Argument(help="Name of the user.")]


@app.command()
def start(home: HomeOption = None, port: PortOption = None) -> None:
    """Start the broker of a home and print its addresses."""
    from fink_lib.host.jars import KAFKA, ensure_jars
    from fink_lib.host.stack import kafka_listeners, local_kafka, require_room

    settings = load_settings(home, kafka_port=port)
    require_room(settings)
    ensure_jars(settings.cache, (KAFKA,), note)
    local_kafka(settings).start()
    say(f"kafka: {kafka_listeners(settings)}")


@app.command()
def stop(home: HomeOption = None) -> None:
    """Stop the broker of a home; its topics stay on disk."""
    from fink_lib.host.stack import local_kafka

    kafka = local_kafka(load_settings(home))
    say("kafka: stopping" if kafka.is_running() else "kafka: not running")
    kafka.stop()


@app.command()
def topics(home: HomeOption = None, as_json: Annotated[bool, json_option(TOPIC_COLUMNS)] = False) -> None:
    """List the topics with their partitions and messages, and who may read them: `*` is anyone."""
    from fink_lib.host.stack import connected, kafka_listeners
    from fink_lib.kafka.connection import Connection
    from fink_lib.kafka.reading import list_topics

    settings = connected(load_settings(home))
    readers = _readers(settings)
    rows = []
    for topic in list_topics(Connection.of(settings)):
        who = readers.get(topic.name, set()) if readers is not None else {"*"}
        told = ["*"] if "*" in who else sorted(who)
        rows.append({"topic": topic.name, "partitions": topic.partitions, "messages": topic.messages, "readers": told})
    if not as_json:
        note(f"Kafka {kafka_listeners(settings)}")
    write_rows(TOPIC_COLUMNS, rows, as_json=as_json)


@app.command()
def users(home: HomeOption = None, as_json: Annotated[bool, json_option(USER_COLUMNS)] = False) -> None:
    """List the users with a password, and the topics that each was granted."""
    from fink_lib.host.stack import connected
    from fink_lib.kafka.users import users as all_users

    found = all_users(_admin(connected(load_settings(home))))
    rows = [{"user": user.name, "topics": user.topics} for user in found]
    write_rows(USER_COLUMNS, rows, as_json=as_json, empty="no user yet: `fink kafka grant USER TOPIC` makes one")


@app.command()
def grant(
    user: UserArgument,
    topic: Annotated[list[str] | None, typer.Argument(help="Topics; without any, only the account is made.")] = None,
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Take the password from the first line of standard input.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Let a user read topics, or write community_in; a new user gets a password, printed once and kept nowhere."""
    from fink_lib.community.kafka.names import INCOMING
    from fink_lib.host.stack import connected, has_own_kafka, local_kafka
    from fink_lib.kafka.users import check_user, let_write, put_user
    from fink_lib.kafka.users import grant as let_read
    from fink_lib.kafka.users import users as all_users
    from fink_lib.served.results.names import OF_PERSON

    check_user(user)
    settings = connected(load_settings(home))
    admin, wanted = _admin(settings), topic or []
    _check_topics(settings, wanted)
    is_new = user not in {one.name for one in all_users(admin)}
    if is_new and user.startswith(OF_PERSON):
        raise ConfigError(f"'{user}' would be the account of a person: `fink users kafka PERSON` makes that")
    if is_new or password_stdin:
        password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(18)
        put_user(admin, user, password)
        say(f"user '{user}': " + ("password as given" if password_stdin else f"password {password} (shown only now)"))
    let_read(admin, user, [name for name in wanted if name != INCOMING])
    let_write(admin, user, [name for name in wanted if name == INCOMING])
    for name in wanted:
        say(f"user '{user}' may {'write' if name == INCOMING else 'read'} {name}")
    where = local_kafka(settings).users if has_own_kafka(settings) else settings.kafka_bootstrap
    say(f"SCRAM-SHA-512 at {where}; group '{user}' or one that begins with '{user}_'")


@app.command()
def revoke(
    user: UserArgument,
    topic: Annotated[list[str] | None, typer.Argument(help="Topics; without any, everything and the account.")] = None,
    *,
    home: HomeOption = None,
) -> None:
    """Take topics back from a user, or the whole account."""
    from fink_lib.host.stack import connected
    from fink_lib.kafka.users import revoke as take_back
    from fink_lib.kafka.users import users as all_users

    admin = _admin(connected(load_settings(home)))
    known = {one.name: one.topics for one in all_users(admin)}
    if user not in known:
        raise ConfigError(f"there is no user '{user[:40]}': `fink kafka users` lists them")
    for name in topic or []:
        if name not in known[user]:
            raise ConfigError(f"user '{user}' was not granted '{name[:80]}': `fink kafka users` tells what was")
    take_back(admin, user, topic or [])
    say(f"user '{user}' " + (f"may no longer read {', '.join(topic)}" if topic else "is gone"))


def _admin(settings: Settings) -> "AdminClient":
    from fink_lib.kafka.connection import QUIET, Connection

    return Connection.of(settings).admin(QUIET)


def _readers(settings: Settings) -> dict[str, set[str]] | None:
    """Return who may read each topic; None where everybody may do everything."""
    from fink_lib.kafka.access import NoRules
    from fink_lib.kafka.users import readers_of_topics

    try:
        return readers_of_topics(_admin(settings))
    except NoRules:
        return None


def _check_topics(settings: Settings, wanted: list[str]) -> None:
    """Refuse what is no output topic: what arrives from a survey is not for users.

    Raises
    ------
    ConfigError
        Naming the first one.
    """
    from fink_lib.community.kafka.names import OUTGOING
    from fink_lib.filters.base import TOPIC_PREFIX
    from fink_lib.kafka.connection import Connection
    from fink_lib.kafka.reading import list_topics
    from fink_lib.transfer.request import TOPIC_PREFIX as TRANSFERS

    if not wanted:
        return
    there = {topic.name for topic in list_topics(Connection.of(settings))}
    for name in wanted:
        if name not in there or not name.startswith((TOPIC_PREFIX, TRANSFERS, OUTGOING)):
            raise ConfigError(f"'{name[:80]}' is no output topic: `fink kafka topics` lists what there is")
