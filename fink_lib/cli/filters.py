"""`fink filters`: list filters, explain one, run them over packets, compare them with Fink's own."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fink_lib.cli import filters_users as users
from fink_lib.cli.common import HomeOption, load_settings, say
from fink_lib.cli.filters_compare import compare
from fink_lib.cli.json_text import json_text
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.cli.terminal import say_folded

if TYPE_CHECKING:
    import pyarrow as pa

    from fink_lib.filters import facts
    from fink_lib.filters.base import Filter
    from fink_lib.filters.users.store import Event
    from fink_lib.offline.selection import Selection

app = typer.Typer(no_args_is_help=True)
app.command()(compare)
app.command("test")(users.trial)
for command in (users.add, users.activate, users.pause, users.history, users.columns):
    app.command()(command)

COLUMNS = (
    Column("filter", is_id=True),
    Column("version"),
    Column("owner"),
    Column("state"),
    Column("topic", is_id=True),
    Column("description"),
)
SHOW_HELP = (
    "Print JSON: an object with filter, version, owner, topic, description, example, reference, clauses, and reads: "
    "a list of objects with column, type, unit, source, is_optional."
)
CLAUSE_COLUMNS = (
    Column("filter", is_id=True),
    Column("selected"),
    Column("clause"),
    Column("holds"),
    Column("alone_kept_back"),
)
WHY_COLUMNS = (
    Column("night", is_id=True),
    Column("filter", is_id=True),
    Column("alerts"),
    Column("selected"),
    Column("kept_off_by", title="kept off by (alerts)"),
)
SurveyOption = Annotated[str, typer.Option(help="Whose alerts they read.")]
PathArgument = Annotated[
    str, typer.Argument(help="Packets: a file, folder, archive or Delta table, or `sample`; or results as Parquet.")
]
ScienceOption = Annotated[
    Path | None, typer.Option("--science", help="Results of `fink science run` on these packets; else modules run now.")
]


@app.command("list")
def list_(
    *, survey: SurveyOption = "ztf", home: HomeOption = None, as_json: Annotated[bool, json_option(COLUMNS)] = False
) -> None:
    """Show every filter of a survey with its topic: the broker's, then those of users."""
    from fink_lib.filters.registry import filters_of

    known: list[tuple[Filter | Event, str]] = [(one, "of the broker") for one in filters_of(survey)]
    known += users.of_users(load_settings(home), survey)
    rows = [{"filter": one.name, "version": str(one.version), "state": state, **_told(one)} for one, state in known]
    write_rows(COLUMNS, rows, as_json=as_json)


def _told(one: "Filter | Event") -> dict[str, str]:
    return {"owner": one.owner, "topic": one.topic, "description": one.description}


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Which filter.")],
    *,
    survey: SurveyOption = "ztf",
    as_json: Annotated[bool, typer.Option("--json", help=SHOW_HELP)] = False,
    home: HomeOption = None,
) -> None:
    """Explain one filter: what it is for, its clauses, and every column that it reads; of a user's, how it stands."""
    from fink_lib.filters.facts import OUTSIDE, columns_of

    of_a_user = {event.name: (event, state) for event, state in users.of_users(load_settings(home), survey)}
    if name in of_a_user:
        _show_of_user(*of_a_user[name], as_json=as_json)
        return
    chosen, columns = _named(name, survey), columns_of(survey)
    if as_json:
        print(json_text(_facts(chosen, columns)))
        return
    say_folded(f"{chosen.name} {chosen.version}: {chosen.description}")
    for title, text in (
        ("for example", chosen.example),
        ("owner", chosen.owner),
        ("reference", chosen.reference),
        ("topic", chosen.topic),
    ):
        say_folded(f"{title}: {text}")
    for clause in chosen.clauses:
        say_folded(f"clause: {clause.name}")
    for path in (*chosen.inputs, *chosen.optional):
        column = columns[path]
        need = ", where there is one" if path in chosen.optional else ""
        source = "no module of this broker fills it yet" if column.source == OUTSIDE else f"from {column.source}"
        say_folded(f"reads {path} ({column.type}, {column.unit or 'no unit'}; {source}{need})")


def _facts(chosen: "Filter", columns: "Mapping[str, facts.Column]") -> dict[str, object]:
    reads = [
        {"column": path, "type": str(columns[path].type), "unit": columns[path].unit, "source": columns[path].source}
        | {"is_optional": path in chosen.optional}
        for path in (*chosen.inputs, *chosen.optional)
    ]
    clauses = [clause.name for clause in chosen.clauses]
    told = {"filter": chosen.name, "version": chosen.version, **_told(chosen), "example": chosen.example}
    return {**told, "reference": chosen.reference, "clauses": clauses, "reads": reads}


def _show_of_user(event: "Event", state: str, *, as_json: bool) -> None:
    if as_json:
        told = ("version", "description", "owner", "topic", "predicate")
        print(json_text({"filter": event.name, **{name: getattr(event, name) for name in told}, "state": state}))
        return
    say(f"{event.name} {event.version}: {event.description}")
    for title, text in (("owner", event.owner), ("topic", event.topic), ("predicate", event.predicate)):
        say(f"{title}: {text}")
    say(f"state: {state}")


@app.command()
def run(
    path: PathArgument,
    *,
    survey: SurveyOption = "ztf",
    science: ScienceOption = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures and the alert ids.")] = None,
) -> None:
    """Run every filter over packets, without Kafka or Spark, and count what each clause lets through."""
    from fink_lib.filters.registry import filters_of
    from fink_lib.offline.selection import select

    filters = filters_of(survey)
    alerts, found = select(_tables(path, survey, science, filters), filters)
    if json_file is not None:
        report = {"survey": survey, "alerts": alerts, "filters": {one.filter.name: one.as_dict() for one in found}}
        json_file.write_text(json.dumps(report, indent=1) + "\n")
    _show(alerts, found)


@app.command()
def explain(
    path: PathArgument,
    name: Annotated[str, typer.Argument(help="Which filter.")],
    alert_id: Annotated[int, typer.Argument(help="Which alert.")],
    *,
    survey: SurveyOption = "ztf",
    science: ScienceOption = None,
) -> None:
    """Tell why one alert was selected by a filter, or was not."""
    from fink_lib.offline.selection import why

    chosen = _named(name, survey)
    answers = why(_tables(path, survey, science, [chosen]), chosen, alert_id)
    for clause, (holds, error) in answers.items():
        say(f"{'yes' if holds else 'no '} {clause}{f' ({error})' if error else ''}")
    say(f"{alert_id} is {'' if all(holds for holds, _ in answers.values()) else 'not '}selected by {name}")


@app.command()
def why(
    name: Annotated[str, typer.Argument(metavar="OBJECT", help="Name of an object, as its survey gives it.")],
    *,
    survey: SurveyOption = "ztf",
    night: Annotated[str | None, typer.Option(help="Only alerts of this night (YYYY-MM-DD).")] = None,
    chosen: Annotated[list[str] | None, typer.Option("--filter", help="Only this filter; may be repeated.")] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print JSON: a list of night, alert_id, filter, selected, kept_off_by, an alert."),
    ] = False,
    home: HomeOption = None,
) -> None:
    """Tell for each night which clauses kept an object's alerts off each topic."""
    from fink_lib.filters.registry import filters_of
    from fink_lib.nights import parse_night
    from fink_lib.offline.why_not import in_short, why_not

    filters = [_named(each, survey) for each in chosen] if chosen else list(filters_of(survey))
    day = None if night is None else parse_night(night)
    rows = why_not(load_settings(home).lake, survey, name, filters, day)
    if as_json:
        print(json_text(rows))
        return
    write_rows(WHY_COLUMNS, list(in_short(rows)))


def _named(name: str, survey: str) -> "Filter":
    from fink_lib.errors import ConfigError
    from fink_lib.filters.registry import filters_of

    known = {one.name: one for one in filters_of(survey)}
    if name not in known:
        raise ConfigError(f"unknown filter '{name}' for {survey}: there are {', '.join(known)}")
    return known[name]


def _tables(
    path: str, survey: str, science: Path | None, filters: "tuple[Filter, ...] | list[Filter]"
) -> "Iterator[pa.Table]":
    import pyarrow.parquet as pq

    from fink_lib.filters.registry import inputs_of
    from fink_lib.offline.alerts import Science, alert_tables, science_leaves
    from fink_lib.offline.packets import packets_of
    from fink_lib.science.framework.registry import modules_of
    from fink_lib.simulator import resolve_path
    from fink_lib.surveys import get_survey

    settings, adapter, paths = load_settings(any_lake=True), get_survey(survey), inputs_of(filters)
    if path.endswith(".parquet"):
        return iter([science_leaves(pq.read_table(path), paths)])
    earlier = None if science is None else pq.read_table(science)
    source = Science(modules_of(survey), settings.cache, earlier)
    return alert_tables(packets_of(resolve_path(path, settings, adapter), adapter), paths, adapter, source)


def _show(alerts: int, found: "list[Selection]") -> None:
    write_rows(CLAUSE_COLUMNS, [row for one in found for row in _clause_rows(one)])
    say(f"{alerts} alerts, {len([one for one in found if not one.missing])} of {len(found)} filters ran")


def _clause_rows(one: "Selection") -> Iterator[dict[str, object]]:
    head: dict[str, object] = {"filter": one.filter.name, "selected": len(one.alert_ids)}
    if one.missing:
        yield head | {"selected": None, "clause": f"left out, not there: {', '.join(one.missing)}"}
        return
    for clause in one.filter.clauses:
        yield head | {
            "clause": clause.name, "holds": one.holds[clause.name], "alone_kept_back": one.alone[clause.name]
        }  # fmt: skip
    if one.failed:
        yield head | {"clause": f"could not be judged: {len(one.failed)}"}
