"""`fink filters add|test|activate|pause|history|columns`: users' filters, taken up by the stream without a restart."""

import datetime as dt
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, say
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.config import Settings
from fink_lib.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from fink_lib.filters.users.predicate import Predicate
    from fink_lib.filters.users.spark.trial import Trial
    from fink_lib.filters.users.store import Action, Event

HISTORY = (
    Column("at", title="at (UTC)"),
    Column("filter", is_id=True),
    Column("version"),
    Column("action"),
    Column("by"),
    Column("owner"),
    Column("match_rate", shown=lambda rate: f"{rate:.2%}"),
    Column("predicate"),
    Column("reason"),
    *(Column(name, only_json=True) for name in ("survey", "event", "topic", "description")),
)
READABLE = (Column("column", is_id=True), Column("type"), Column("unit"), Column("from"))
CLAUSES = (Column("clause"), Column("holds"), Column("alone_kept_back"))
MATCH_RATE_LIMIT = 0.05  # of a night's alerts: more is a survey's stream, not a filter

NameArgument = Annotated[str, typer.Argument(help="Which filter.")]
SurveyOption = Annotated[str, typer.Option(help="Whose alerts it reads.")]
NightOption = Annotated[str | None, typer.Option(help="YYYY-MM-DD; the newest night of silver when not given.")]
VersionOption = Annotated[int | None, typer.Option("--table-version", help="Version of silver, by time travel.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who; the user of this shell when not given.")]
ReasonOption = Annotated[str, typer.Option(help="Kept in the history.")]


def add(
    name: NameArgument,
    predicate: Annotated[str, typer.Argument(help="Spark SQL expression over the columns of silver.")],
    *,
    owner: Annotated[str, typer.Option(help="Who answers for it.")],
    description: Annotated[str, typer.Option(help="One sentence for a subscriber.")],
    survey: SurveyOption = "ztf",
    by: ByOption = None,
    home: HomeOption = None,
) -> None:
    """Keep a filter, or a new version of it; nothing is sent before it is activated."""
    from fink_lib.filters.users.predicate import parse_predicate
    from fink_lib.filters.users.store import Action, Event, check_name, history, record

    settings = load_settings(home)
    check_name(survey, name, owner, description)
    parse_predicate(predicate, silver_columns(survey))
    mine = history(settings.lake, survey, name)
    version = 1 + sum(event.action is Action.ADD for event in mine)
    event = Event(
        survey=survey, name=name, event=1 + len(mine), action=Action.ADD, version=version, owner=owner,
        description=description, predicate=predicate, by=by or getpass.getuser(), at=dt.datetime.now(dt.UTC),
    )  # fmt: skip
    record(settings.lake, event)
    say(f"filter '{name}' version {version} is kept; next: fink filters test {name}")


def trial(
    name: NameArgument,
    *,
    survey: SurveyOption = "ztf",
    night: NightOption = None,
    table_version: VersionOption = None,
    alert: Annotated[int | None, typer.Option(help="Tell why this alert was selected, or was not.")] = None,
    home: HomeOption = None,
) -> None:
    """Run the newest version of a filter on a past night: matches, each clause, examples."""
    from fink_lib.filters.users.spark.trial import why
    from fink_lib.filters.users.store import history, newest

    settings = load_settings(home)
    event = newest(history(settings.lake, survey, name), name)
    with night_of_silver(settings, survey, night, table_version) as (alerts, chosen):
        if alert is None:
            show_trial(event, tried(alerts, chosen, event))
            return
        predicate = checked_on(alerts, event)
        for clause, answer in why(alerts, alert, predicate):
            say(f"{'a value is missing' if answer is None else 'yes' if answer else 'no':<18} {clause}")


def activate(
    name: NameArgument,
    *,
    survey: SurveyOption = "ztf",
    night: NightOption = None,
    force: Annotated[bool, typer.Option(help="Activate it whatever its match rate.")] = False,
    by: ByOption = None,
    reason: ReasonOption = "",
    home: HomeOption = None,
) -> None:
    """Let the stream send what a filter selects, unless it selects too much of a night."""
    from fink_lib.filters.users.store import Action, history, newest

    settings = load_settings(home)
    events = history(settings.lake, survey, name)
    event = newest(events, name)
    with night_of_silver(settings, survey, night, None) as (alerts, chosen):
        found = tried(alerts, chosen, event)
    show_trial(event, found)
    if not force:
        refuse_too_much(name, found)
    keep(settings, event, len(events), Action.ACTIVATE, by, reason, found.match_rate)
    say(f"filter '{name}' version {event.version} is active: the stream takes it up within a minute → {event.topic}")


def refuse_too_much(name: str, found: "Trial") -> None:
    """Refuse a filter that selects too much of a night, or of which a night tells nothing.

    Raises
    ------
    ConfigError
        Saying which, and what can be done.
    """
    if found.match_rate is None:
        raise ConfigError(
            f"silver holds no public alert of {found.night}: how much '{name}' selects cannot be told; "
            "give another --night, or activate it with --force"
        )
    if found.match_rate > MATCH_RATE_LIMIT:
        raise ConfigError(
            f"filter '{name}' selects {found.match_rate:.1%} of {found.night}, more than {MATCH_RATE_LIMIT:.0%}: "
            "make it narrower, or activate it with --force"
        )


def pause(
    name: NameArgument, *, survey: SurveyOption = "ztf", by: ByOption = None, reason: ReasonOption = "",
    home: HomeOption = None,
) -> None:  # fmt: skip
    """Send nothing more by a filter; what was sent stays on its topic."""
    from fink_lib.filters.users.store import Action, active, history

    settings = load_settings(home)
    events = history(settings.lake, survey, name)
    running = [event for event in active(events) if event.name == name]
    if not running:
        raise ConfigError(f"filter '{name}' is not active: `fink filters history {name}` tells what was done with it")
    keep(settings, running[0], len(events), Action.PAUSE, by, reason, None)
    say(f"filter '{name}' is paused: the stream leaves it out within a minute")


def of_users(settings: Settings, survey: str) -> list[tuple["Event", str]]:
    """Return the newest version of each user's filter, and how it stands."""
    from fink_lib.filters.users.slow import standing
    from fink_lib.filters.users.store import history as events_of
    from fink_lib.filters.users.store import newest

    events = events_of(settings.lake, survey)
    return [(newest(events, name), standing(events, name)) for name in sorted({one.name for one in events})]


def history(
    name: Annotated[str | None, typer.Argument(help="Which filter; all when not given.")] = None,
    *,
    survey: SurveyOption = "ztf",
    home: HomeOption = None,
    as_json: Annotated[bool, json_option(HISTORY)] = False,
) -> None:
    """Tell what was done with users' filters, by whom and why."""
    from dataclasses import fields

    from fink_lib.filters.users.store import history as events_of

    rows = []
    for one in events_of(load_settings(home).lake, survey, name):
        told = {field.name: getattr(one, field.name) for field in fields(one) if field.name != "name"}
        rows.append({**told, "filter": one.name, "topic": one.topic})
    write_rows(HISTORY, rows, as_json=as_json, empty="nothing was done with a user's filter yet")


def columns(*, survey: SurveyOption = "ztf", as_json: Annotated[bool, json_option(READABLE)] = False) -> None:
    """List what a predicate may read, with types and units."""
    from fink_lib.filters.facts import columns_of

    known, rows = columns_of(survey), []
    for path in sorted(silver_columns(survey)):
        fact = known.get(path)
        told = {"type": str(fact.type), "unit": fact.unit, "from": fact.source} if fact else {"from": "broker"}
        rows.append({"column": path, **told})
    write_rows(READABLE, rows, as_json=as_json)


def silver_columns(survey: str) -> frozenset[str]:
    """Return every column of silver as a dotted path."""
    from fink_lib.science.framework.silver import silver_spec
    from fink_lib.surveys import get_survey

    return silver_spec(get_survey(survey)).paths


@contextmanager
def night_of_silver(
    settings: Settings, survey: str, night: str | None, version: int | None
) -> Iterator[tuple["DataFrame", dt.date]]:
    """Start Spark and give the public alerts of a night.

    Raises
    ------
    ConfigError
        When silver holds no such night.
    """
    from fink_lib.distribute.match import is_public
    from fink_lib.lake.spark.session import build_session
    from fink_lib.lake.spark.table import read_table
    from fink_lib.nights import parse_night
    from fink_lib.science.framework.silver import silver_spec
    from fink_lib.streams.drain import rows_by_night
    from fink_lib.surveys import get_survey

    adapter = get_survey(survey)
    nights = rows_by_night(silver_spec(adapter).path(settings.lake))
    wanted = max(nights, default="") if night is None else parse_night(night).isoformat()
    if wanted not in nights:
        raise ConfigError(f"silver of {survey} holds no night '{wanted}': it has {', '.join(sorted(nights)) or 'none'}")
    session = build_session("filters-test", settings)
    try:
        silver = read_table(silver_spec(adapter), session, settings.lake, version)
        yield silver.where(silver["night"] == wanted).where(is_public(adapter)), parse_night(wanted)
    finally:
        session.stop()


def checked_on(alerts: "DataFrame", event: "Event") -> "Predicate":
    """Read a filter's predicate against the columns of these alerts."""
    from fink_lib.distribute.match import paths_of
    from fink_lib.filters.users.spark.running import checked

    return checked(alerts, event.predicate, paths_of(alerts.schema))


def tried(alerts: "DataFrame", night: dt.date, event: "Event") -> "Trial":
    """Try a filter's predicate on a night."""
    from fink_lib.filters.users.spark.trial import attempt

    return attempt(alerts, night, checked_on(alerts, event))


def show_trial(event: "Event", found: "Trial") -> None:
    """Print what a predicate does on a night."""
    say(f"{event.name} version {event.version}: {found.matches} of {found.alerts} public alerts of {found.night}")
    write_rows(
        CLAUSES, [{"clause": one.sql, "holds": one.holds, "alone_kept_back": one.alone} for one in found.clauses]
    )
    for alert in found.examples:
        say("  {alert_id}  {object_id}  ra {ra:.5f}  dec {dec:.5f}  {band}".format(**alert))


def keep(
    settings: Settings, event: "Event", number: int, action: "Action", by: str | None, reason: str, rate: float | None
) -> None:  # fmt: skip
    """Record what was done with one version of a filter."""
    from dataclasses import replace

    from fink_lib.filters.users.store import record

    who, now = by or getpass.getuser(), dt.datetime.now(dt.UTC)
    done = replace(event, event=number + 1, action=action, by=who, at=now, reason=reason, match_rate=rate)
    record(settings.lake, done)
