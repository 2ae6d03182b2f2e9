"""`fink filters`: list filters, explain one, run them over packets, compare them with Fink's own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.table import Table

from fink_lib.cli import filters_users as users
from fink_lib.cli.common import HomeOption, load_settings, say
from fink_lib.cli.filters_compare import compare
from fink_lib.errors import ConfigError
from fink_lib.filters.base import Filter
from fink_lib.filters.facts import OUTSIDE, columns_of
from fink_lib.filters.registry import filters_of, inputs_of
from fink_lib.filters.users.store import Event
from fink_lib.offline.alerts import Science, alert_tables, science_leaves
from fink_lib.offline.packets import packets_of
from fink_lib.offline.selection import Selection, select, why
from fink_lib.science.framework.registry import modules_of
from fink_lib.simulator import resolve_path
from fink_lib.surveys import get_survey

app = typer.Typer(no_args_is_help=True)
app.command()(compare)
app.command("test")(users.trial)
for command in (users.add, users.activate, users.pause, users.history, users.columns):
    app.command()(command)

SurveyOption = Annotated[str, typer.Option(help="Whose alerts they read.")]
PathArgument = Annotated[
    str, typer.Argument(help="Packets: a file, folder, archive or Delta table, or `sample`; or results as Parquet.")
]
ScienceOption = Annotated[
    Path | None, typer.Option("--science", help="Results of `fink science run` on these packets; else modules run now.")
]


@app.command("list")
def list_(*, survey: SurveyOption = "ztf", home: HomeOption = None) -> None:
    """Show every filter of a survey with its topic: the broker's, then those of users."""
    table = Table("filter", "version", "owner", "state", "topic", "description")
    for one in filters_of(survey):
        table.add_row(one.name, one.version, one.owner, "of the broker", one.topic, one.description)
    for event, state in users.of_users(load_settings(home), survey):
        table.add_row(event.name, str(event.version), event.owner, state, event.topic, event.description)
    Console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Which filter.")], *, survey: SurveyOption = "ztf", home: HomeOption = None
) -> None:
    """Explain one filter: what it is for, its clauses, and every column that it reads; of a user's, how it stands."""
    of_a_user = {event.name: (event, state) for event, state in users.of_users(load_settings(home), survey)}
    if name in of_a_user:
        _show_of_user(*of_a_user[name])
        return
    chosen, columns = _named(name, survey), columns_of(survey)
    say(f"{chosen.name} {chosen.version}: {chosen.description}")
    for title, text in (
        ("for example", chosen.example),
        ("owner", chosen.owner),
        ("reference", chosen.reference),
        ("topic", chosen.topic),
    ):
        say(f"{title}: {text}")
    for clause in chosen.clauses:
        say(f"clause: {clause.name}")
    for path in (*chosen.inputs, *chosen.optional):
        column = columns[path]
        need = ", where there is one" if path in chosen.optional else ""
        source = "no module of this broker fills it yet" if column.source == OUTSIDE else f"from {column.source}"
        say(f"reads {path} ({column.type}, {column.unit or 'no unit'}; {source}{need})")


def _show_of_user(event: Event, state: str) -> None:
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
    chosen = _named(name, survey)
    answers = why(_tables(path, survey, science, [chosen]), chosen, alert_id)
    for clause, (holds, error) in answers.items():
        say(f"{'yes' if holds else 'no '} {clause}{f' ({error})' if error else ''}")
    say(f"{alert_id} is {'' if all(holds for holds, _ in answers.values()) else 'not '}selected by {name}")


def _named(name: str, survey: str) -> Filter:
    known = {one.name: one for one in filters_of(survey)}
    if name not in known:
        raise ConfigError(f"unknown filter '{name}' for {survey}: there are {', '.join(known)}")
    return known[name]


def _tables(
    path: str, survey: str, science: Path | None, filters: tuple[Filter, ...] | list[Filter]
) -> Iterator[pa.Table]:
    settings, adapter, paths = load_settings(), get_survey(survey), inputs_of(filters)
    if path.endswith(".parquet"):
        return iter([science_leaves(pq.read_table(path), paths)])
    earlier = None if science is None else pq.read_table(science)
    source = Science(modules_of(survey), settings.cache, earlier)
    return alert_tables(packets_of(resolve_path(path, settings, adapter), adapter), paths, adapter, source)


def _show(alerts: int, found: list[Selection]) -> None:
    table = Table("filter", "selected", "clause", "holds", "alone kept back")
    for one in found:
        if one.missing:
            table.add_row(one.filter.name, "left out", f"not there: {', '.join(one.missing)}", "", "")
            continue
        for number, clause in enumerate(one.filter.clauses):
            head = (one.filter.name, str(len(one.alert_ids))) if number == 0 else ("", "")
            table.add_row(*head, clause.name, str(one.holds[clause.name]), str(one.alone[clause.name]))
        if one.failed:
            table.add_row("", "", f"could not be judged: {len(one.failed)}", "", "")
    Console().print(table)
    say(f"{alerts} alerts, {len([one for one in found if not one.missing])} of {len(found)} filters ran")
