"""`fink quarantine`: messages that could not be used: list, show, replay after a fix, discard with a reason."""

import getpass
from typing import Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.json_text import json_text
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.cli.terminal import say_folded
from fink_lib.errors import ConfigError
from fink_lib.nights import parse_night
from fink_lib.quarantine.browse import Place, Selection, chosen, hex_dump, inspect
from fink_lib.surveys import get_survey

app = typer.Typer(no_args_is_help=True)
SurveyOption = Annotated[str, typer.Option(help="Whose quarantine.")]
NightOption = Annotated[str | None, typer.Option(help="Messages of one night.")]
StageOption = Annotated[str | None, typer.Option(help="Stage that refused them: ingest or enrich.")]
ErrorOption = Annotated[str | None, typer.Option(help="Kind of damage, for example unknown_schema.")]
TopicOption = Annotated[str | None, typer.Option(help="Messages of one Kafka topic.")]
Messages = Annotated[list[str] | None, typer.Argument(help="Messages, each as topic:partition:offset.")]
WhyOption = Annotated[str, typer.Option(help="The reason, kept with each release.")]
WhoOption = Annotated[str | None, typer.Option(help="Who decides so; your login name when not given.")]
EverythingOption = Annotated[bool, typer.Option("--everything", help="The whole quarantine.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")]
COLUMNS = (
    Column("message", is_id=True),
    Column("night", is_id=True),
    Column("alert_id", is_id=True, title="alert"),
    Column("stage"),
    Column("error_class", is_id=True, title="error"),
    Column("reason"),
)


@app.command("list")
def show_all(
    *,
    survey: SurveyOption = "ztf",
    night: NightOption = None,
    stage: StageOption = None,
    error_class: ErrorOption = None,
    topic: TopicOption = None,
    released: Annotated[bool, typer.Option("--all", help="With those that were released.")] = False,
    home: HomeOption = None,
    as_json: Annotated[
        bool, json_option(COLUMNS, "a list of objects with the columns of the table in the lake, and")
    ] = False,
) -> None:
    """List messages, where each stood in Kafka, and what is wrong with it."""
    settings, selection = load_settings(home), _selection(None, night, stage, error_class, topic, released=released)
    rows = chosen(settings.lake, get_survey(survey), selection).to_pylist()
    write_rows(COLUMNS, [{**row, "message": str(Place.of(row))} for row in rows], as_json=as_json)
    if not as_json:
        note(f"{len(rows)} messages")


@app.command()
def show(
    message: Annotated[str, typer.Argument(help="topic:partition:offset")],
    *,
    survey: SurveyOption = "ztf",
    most: Annotated[int, typer.Option("--bytes", min=0, help="Bytes shown in hexadecimal.")] = 256,
    home: HomeOption = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print JSON: a list of its rows, with what decodes now, its releases, bytes and, as hexadecimal, raw.",
        ),
    ] = False,
) -> None:
    """Show one message: its row, its first bytes, what of it decodes now, and its releases."""
    rows = inspect(load_settings(home).lake, get_survey(survey), Place.parse(message))
    if as_json:
        print(json_text([{**row, "message": message, "bytes": len(row["raw"] or b"")} for row in rows]))
        return
    for row in rows:
        raw = row.pop("raw") or b""
        row.pop("raw_key")
        for name, value in row.items():
            say_folded(f"{name}: {value}")
        say(f"bytes: {len(raw)}")
        for line in hex_dump(raw, most):
            say(line)


@app.command()
def replay(
    messages: Messages = None,
    *,
    why: WhyOption = "",
    who: WhoOption = None,
    survey: SurveyOption = "ztf",
    night: NightOption = None,
    error_class: ErrorOption = None,
    topic: TopicOption = None,
    everything: EverythingOption = False,
    dry_run: DryOption = False,
    home: HomeOption = None,
) -> None:
    """Decode messages anew and append the good ones to bronze, each exactly once, with the place they had in Kafka.

    Alerts of error class unforeseen are in bronze: enrich is asked to try them again.
    """
    selection = _asked(_selection(messages, night, None, error_class, topic), everything=everything)
    _act("replay", selection, survey, (who, why), home=home, dry_run=dry_run, everything=everything)


@app.command()
def discard(
    messages: Messages = None,
    *,
    why: WhyOption = "",
    who: WhoOption = None,
    survey: SurveyOption = "ztf",
    night: NightOption = None,
    stage: StageOption = None,
    error_class: ErrorOption = None,
    topic: TopicOption = None,
    dry_run: DryOption = False,
    home: HomeOption = None,
) -> None:
    """Record that messages will not be used, and why; their bytes are kept and they stay counted as quarantined."""
    selection = _asked(_selection(messages, night, stage, error_class, topic), everything=False)
    _act("discard", selection, survey, (who, why), home=home, dry_run=dry_run)


def _act(
    verb: str,
    selection: Selection,
    survey: str,
    decision: tuple[str | None, str],
    *,
    home: HomeOption,
    dry_run: bool,
    everything: bool = False,
) -> None:
    from fink_lib.quarantine.job import VERBS, perform, plan, told
    from fink_lib.quarantine.release import Decision

    settings, whose = load_settings(home), get_survey(survey)
    if dry_run:
        for line in plan(settings, whose, selection):
            say(line)
        return
    who, why = decision
    decided = Decision(who or getpass.getuser(), why)
    say(told(perform(settings, whose, VERBS[verb], selection, decided, everything=everything)))


def _selection(
    messages: list[str] | None,
    night: str | None,
    stage: str | None,
    error_class: str | None,
    topic: str | None,
    *,
    released: bool = False,
) -> Selection:
    places = tuple(Place.parse(text) for text in messages or ())
    return Selection(places, parse_night(night) if night else None, stage, error_class, topic, released)


def _asked(selection: Selection, *, everything: bool) -> Selection:
    if selection.is_everything and not everything:
        raise ConfigError("nothing is selected: name messages, --night, --error-class or --topic")
    return selection
