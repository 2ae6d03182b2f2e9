"""`fink filters add|test|activate|pause|history|columns`: users' filters, taken up by the stream without a restart."""

import getpass
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.config import Settings

if TYPE_CHECKING:
    from fink_lib.distribute.trial import TrialRequest
    from fink_lib.filters.users.store import Event
    from fink_lib.filters.users.trial import Trial

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
KNOWN = (Column("source"), Column("value"), Column("objects"), Column("caught"), Column("missed"),
         Column("missed_example", is_id=True))  # fmt: skip
TRIED = tuple(Column(name, only_json=True) for name in ("night", "version", "alerts", "matches", "clauses", "known",
                                                        "examples"))  # fmt: skip

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
    from fink_lib.filters.users.acting import Written
    from fink_lib.filters.users.acting import add as kept

    written = Written(survey, name, predicate, owner, description)
    event = kept(load_settings(home).lake, written, by or getpass.getuser())
    say(f"filter '{name}' version {event.version} is kept; next: fink filters test {name}")


def trial(
    name: NameArgument,
    *,
    survey: SurveyOption = "ztf",
    night: NightOption = None,
    table_version: VersionOption = None,
    last_night: Annotated[str | None, typer.Option(help="YYYY-MM-DD, included: each night from --night on.")] = None,
    alert: Annotated[int | None, typer.Option(help="Tell why this alert was selected, or was not.")] = None,
    home: HomeOption = None,
    as_json: Annotated[bool, json_option(TRIED)] = False,
) -> None:
    """Run the newest version of a filter on past nights: matches, each clause, known objects, examples."""
    from fink_lib.distribute.trial import TrialRequest, ask_of_alert, try_filter

    settings = load_settings(home)
    request = TrialRequest(survey, name, night, table_version, alert)
    if alert is None:
        rows = []
        for one in [night] if last_night is None else _nights_of(settings, request, last_night):
            version, found = try_filter(settings, replace(request, night=one), note)
            note(f"{found.night}: {found.matches} of {found.alerts} alerts")
            rows.append({**found.as_json(), "version": version})
            if not as_json:
                show_trial(name, version, found)
        if as_json:
            write_rows(TRIED, rows, as_json=True)
        return
    for clause, answer in ask_of_alert(settings, request, note):
        say(f"{'a value is missing' if answer is None else 'yes' if answer else 'no':<18} {clause}")


def _nights_of(settings: Settings, request: "TrialRequest", last_night: str) -> list[str]:
    """Return the nights of a trial of several; of one, the job itself looks which it is."""
    from fink_lib.distribute.trial_subject import nights_of  # it reads tables

    return nights_of(settings, request, last_night)


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
    from fink_lib.distribute.trial import TrialRequest, try_filter
    from fink_lib.filters.users.acting import keep, refuse_too_much
    from fink_lib.filters.users.store import Action, history, newest

    settings = load_settings(home)
    events = history(settings.lake, survey, name)  # a version that is added during the trial is refused by `keep`
    event = newest(events, name)
    version, found = try_filter(settings, TrialRequest(survey, name, night), note)
    show_trial(name, version, found)
    if not force:
        refuse_too_much(name, found)
    keep(settings.lake, event, len(events), Action.ACTIVATE, by or getpass.getuser(), reason=reason,
         rate=found.match_rate)  # fmt: skip
    say(f"filter '{name}' version {event.version} is active: the stream takes it up within a minute → {event.topic}")


def pause(
    name: NameArgument, *, survey: SurveyOption = "ztf", by: ByOption = None, reason: ReasonOption = "",
    home: HomeOption = None,
) -> None:  # fmt: skip
    """Send nothing more by a filter; what was sent stays on its topic."""
    from fink_lib.filters.users.acting import keep, running
    from fink_lib.filters.users.store import Action, history

    settings = load_settings(home)
    events = history(settings.lake, survey, name)
    keep(settings.lake, running(events, name), len(events), Action.PAUSE, by or getpass.getuser(), reason=reason)
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
    from fink_lib.filters.users.acting import silver_columns

    known, rows = columns_of(survey), []
    for path in sorted(silver_columns(survey)):
        fact = known.get(path)
        told = {"type": str(fact.type), "unit": fact.unit, "from": fact.source} if fact else {"from": "broker"}
        rows.append({"column": path, **told})
    write_rows(READABLE, rows, as_json=as_json)


def show_trial(name: str, version: int, found: "Trial") -> None:
    """Print what a predicate does on a night."""
    say(f"{name} version {version}: {found.matches} of {found.alerts} public alerts of {found.night}")
    write_rows(
        CLAUSES, [{"clause": one.sql, "holds": one.holds, "alone_kept_back": one.alone} for one in found.clauses]
    )
    if found.known:
        write_rows(KNOWN, [{**asdict(one), "missed": one.missed} for one in found.known])
    for alert in found.examples:
        say("  {alert_id}  {object_id}  ra {ra:.5f}  dec {dec:.5f}  {band}".format(**alert))
