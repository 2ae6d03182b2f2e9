"""`fink community`: what people say about alerts, and what they ask of facilities, from a terminal.

The command works on the lake itself, as an operator may: `--as` names the account that answers for what is said, and
its groups and rights are those of the home's accounts.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from fink_lib.cli.asking import add_asking
from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.json_text import json_text
from fink_lib.cli.speakers import As, person, reader
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.cli.terminal import say_folded
from fink_lib.errors import ConfigError

app = typer.Typer(no_args_is_help=True)
add_asking(app)
COLUMNS = (
    Column("at", title="at (UTC)"),
    Column("kind"),
    Column("object_id", is_id=True),
    Column("author"),
    Column("label"),
    Column("probability"),
    Column("visibility"),
    Column("statement_id", is_id=True),
    *(Column(name, only_json=True) for name in ("body", "survey", "about_statement", "replaced_by", "cites")),
)
BOARD = (
    Column("object_id", is_id=True),
    Column("state"),
    Column("priority"),
    Column("on_it", shown=", ".join),
    Column("source"),
    Column("changed_by"),
    Column("comments"),
)
Survey = Annotated[str, typer.Option(help="Whose object.")]


@app.command("list")
def list_(
    object_id: Annotated[str | None, typer.Argument(metavar="[OBJECT]", help="Of this object alone.")] = None,
    *,
    kind: Annotated[str, typer.Option(help="Kinds, with commas.")] = "",
    history: Annotated[bool, typer.Option(help="What was replaced too.")] = False,
    as_: As = "",
    home: HomeOption = None,
    as_json: Annotated[bool, json_option(COLUMNS)] = False,
) -> None:
    """List statements, the oldest first."""
    from fink_lib.community.kinds import Kind
    from fink_lib.community.log import Log
    from fink_lib.community.objects import told

    settings = load_settings(home)
    try:
        kinds = [Kind(one) for one in kind.split(",") if one]
    except ValueError as error:
        raise ConfigError(f"{error}: kinds are {', '.join(Kind)}") from error
    equal = {} if object_id is None else {"object_id": object_id}
    rows = Log.of(settings).now().select(reader(settings, as_), kinds, history=history, **equal)
    write_rows(COLUMNS, [told(row) for row in rows], as_json=as_json, empty="nobody has said anything")


@app.command()
def show(
    object_id: str,
    *,
    survey: Survey = "ztf",
    as_: As = "",
    home: HomeOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: claims, labels, consensus, comments, ….")
    ] = False,
) -> None:
    """Show what is said about an object: what its labels come to, then each statement that stands."""
    import datetime as dt

    from fink_lib.community.log import Log
    from fink_lib.community.objects import object_view, told

    settings = load_settings(home)
    state, now = Log.of(settings).now(), dt.datetime.now(dt.UTC)
    view = object_view(state, reader(settings, as_), survey, object_id, now)
    if as_json:
        print(json_text(view))
        return
    for one in view["consensus"]:
        say_folded(json_text(one))
    rows = state.select(reader(settings, as_), survey=survey, object_id=object_id)
    write_rows(COLUMNS, [told(row) for row in rows], empty=f"nobody has said anything about {object_id}")


@app.command("say")
def say_(
    file: Annotated[Path, typer.Argument(help="JSON of a statement or of a list of them; - reads standard input.")],
    *,
    as_: Annotated[str, typer.Option("--as", help="Account that answers for it.")],
    home: HomeOption = None,
    as_json: Annotated[bool, json_option(COLUMNS)] = False,
) -> None:
    """Say what a file says; the shape is that of the API (docs/community.md)."""
    import json

    from fink_lib.community.draft import Draft
    from fink_lib.community.log import Log
    from fink_lib.community.objects import told
    from fink_lib.community.saying import say as write

    settings = load_settings(home)
    try:
        said = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} is no JSON that can be read: {error}") from error
    drafts = [Draft.of(one) for one in (said if isinstance(said, list) else [said])]
    rows = write(Log.of(settings), person(settings, as_), drafts)
    write_rows(COLUMNS, [told(row) for row in rows], as_json=as_json)


@app.command()
def withdraw(
    statement_id: str, *, as_: Annotated[str, typer.Option("--as", help="Who withdraws it.")], home: HomeOption = None
) -> None:
    """Withdraw a statement: it stays in the history."""
    from fink_lib.community.draft import Draft
    from fink_lib.community.log import Log
    from fink_lib.community.saying import say as write

    settings = load_settings(home)
    log = Log.of(settings)
    old = log.now().get(statement_id)
    visibility = "public" if old is None else old["visibility"]
    draft = Draft.of({"kind": "withdrawal", "supersedes": statement_id, "visibility": visibility})
    write(log, person(settings, as_), [draft])
    say(f"{statement_id} is withdrawn")


@app.command()
def upload(
    kind: Annotated[str, typer.Argument(help="photometry, spectrum, watch_list or watch_map")],
    file: Path,
    facts: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE…")] = None,
    *,
    as_: Annotated[str, typer.Option("--as", help="Whose it is.")],
    home: HomeOption = None,
) -> None:
    """Upload a file: survey=, object_id=, instrument=, observed_at=, list_name=, visibility= say what it is of."""
    from fink_lib.community.log import Log
    from fink_lib.community.saying import say as write
    from fink_lib.community.uploads import draft_of_upload

    settings = load_settings(home)
    told = dict(one.partition("=")[::2] for one in facts or ())
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    row = write(Log.of(settings), person(settings, as_), [draft_of_upload(kind, raw, told)])[0]
    say(row["statement_id"])


@app.command()
def board(
    name: str, *, as_: As = "", home: HomeOption = None, as_json: Annotated[bool, json_option(BOARD)] = False
) -> None:
    """Show the board of a group: what is open first, by priority."""
    import datetime as dt

    from fink_lib.community.board import board as board_of
    from fink_lib.community.log import Log
    from fink_lib.community.objects import shown

    settings = load_settings(home)
    found = board_of(Log.of(settings).now(), reader(settings, as_), name, dt.datetime.now(dt.UTC))
    rows = [{**vars(one), "consensus": [shown(each) for each in one.consensus]} for one in found]
    write_rows(BOARD, rows, as_json=as_json, empty=f"there is nothing on the board of {name}")


@app.command()
def training(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet")],
    *,
    evidence: Annotated[str, typer.Option(help="spectroscopic, human, machine, with commas; all.")] = "",
    as_: As = "",
    home: HomeOption = None,
) -> None:
    """Write the labels that stand as a Parquet file, a row a label, with who, when, and on what evidence."""
    import pyarrow.parquet as pq

    from fink_lib.community.log import Log
    from fink_lib.community.training import training_set

    settings = load_settings(home)
    chosen = [one for one in evidence.split(",") if one]
    found = training_set(Log.of(settings).now(), reader(settings, as_), chosen)
    pq.write_table(found, file)
    note(f"{found.num_rows} labels in {file}")


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(help="tns")],
    file: Annotated[Path, typer.Argument(help="The public file of objects of TNS, unpacked.")],
    *,
    home: HomeOption = None,
) -> None:
    """Import the classifications of TNS as spectroscopic labels; the same file again adds nothing."""
    from fink_lib.community.kinds import Origin
    from fink_lib.community.log import Log
    from fink_lib.community.people import Person
    from fink_lib.community.saying import say as write
    from fink_lib.followup.reports.tns_import import labels_of

    if source != "tns":
        raise ConfigError(f"'{source}' is no source: tns is")
    try:
        drafts = list(labels_of(file.read_bytes()))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    log = Log.of(load_settings(home))
    before = log.now().rows.num_rows
    for first in range(0, len(drafts), 1_000):
        write(log, Person("tns", is_program=True), drafts[first : first + 1_000], Origin.TNS)
    say(f"{len(drafts)} labels of objects of these surveys, {log.now().rows.num_rows - before} of them new")


@app.command("match")
def match_(
    night: Annotated[str, typer.Argument(help="YYYY-MM-DD")],
    *,
    survey: Annotated[str, typer.Option(help="Whose night.")] = "ztf",
    watch: Annotated[str | None, typer.Option(help="This watch list or map alone, by its statement.")] = None,
    home: HomeOption = None,
) -> None:
    """Match a past night with what people watch; an object is told of once for each list."""
    from fink_lib.community.log import Log
    from fink_lib.community.watching import match_night
    from fink_lib.nights import parse_night

    settings = load_settings(home)
    found = match_night(Log.of(settings), settings.lake, survey, parse_night(night), watch)
    for name, count in sorted(found.items()):
        say(f"{name}: {count} objects are new")
    if not found:
        note(f"{survey} {night}: nothing that is watched is new")


@app.command("round")
def round_(home: HomeOption = None) -> None:
    """Match new nights, fill boards, move requests on, as the DAG `community` does."""
    from fink_lib.followup.round import do_round

    for line in do_round(load_settings(home)) or ["nothing was to do"]:
        say(line)


@app.command()
def check(home: HomeOption = None) -> None:
    """Tell which statements are not what they must be, over the whole log; the nightly suite looks at the last days."""
    from fink_lib.community.checked import checked_rows

    rows = checked_rows(load_settings(home).lake)
    names = ("label_in_taxonomy", "subject", "replaces_what_it_may", "relations", "body_of_its_kind")
    wrong = [(row["statement_id"], [name for name in names if not row[name]]) for row in rows]
    for statement_id, broken in wrong:
        if broken:
            say(f"{statement_id}: {', '.join(broken)}")
    note(f"{sum(bool(broken) for _, broken in wrong)} of {len(rows)} statements are not what they must be")
