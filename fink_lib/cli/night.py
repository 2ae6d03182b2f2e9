"""`fink night`: play nights through the whole broker, and look at their books."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.json_text import json_text
from fink_lib.cli.night_summary import book_lines, list_rows
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.config import Settings

if TYPE_CHECKING:
    from fink_lib.host.play import NightPlay
    from fink_lib.simulator import Fault
    from fink_lib.surveys import Survey

COLUMNS = (
    Column("night", is_id=True),
    *(Column(name) for name in ("offered", "bronze", "quarantine", "silver", "rejected", "repeats", "lost")),
    Column("ok", shown=lambda ok: "yes" if ok else "NO"),
)
app = typer.Typer(no_args_is_help=True, help="Play nights through the whole broker, and look at their books.")


@app.command("play")
def play_command(
    path: Annotated[str, typer.Argument(help="A packet, folder or archive; `sample` is the night of the demo")],
    survey: Annotated[str, typer.Option(help="Whose packets they are")] = "ztf",
    home: HomeOption = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the books here, as JSON")] = None,
    rate: Annotated[float | None, typer.Option(help="Alerts a second; as fast as possible when not given")] = None,
    exposure_s: Annotated[float | None, typer.Option(help="Seconds between exposures, each sent as a burst")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the services running afterwards")] = False,
    truth: Annotated[Path | None, typer.Option(help="Write what was sent here, a line a message")] = None,
    duplicates: Annotated[int, typer.Option(help="Send so many packets twice")] = 0,
    truncated: Annotated[int, typer.Option(help="Add so many truncated packets")] = 0,
    corrupt: Annotated[int, typer.Option(help="Add so many corrupt packets")] = 0,
    unknown_schema: Annotated[int, typer.Option(help="Add so many packets of an unknown schema")] = 0,
    out_of_order: Annotated[int, typer.Option(help="Send so many packets late")] = 0,
    seed: Annotated[int, typer.Option(help="Of every random choice")] = 0,
    timeout_s: Annotated[
        float | None, typer.Option(help="How long to wait for nights to close while nothing moves")
    ] = None,
) -> None:
    """Start what is not running, play PATH, wait until its nights are closed, print their books.

    Exits with 1 when an equation fails, a stream died, a critical expectation failed or a night is still open.
    """
    from fink_lib.host.play import NightPlay

    settings = load_settings(home)
    adapter, packets = _what_to_play(path, survey, settings)
    faults = _faults(
        duplicate=duplicates,
        truncated=truncated,
        corrupt=corrupt,
        unknown_schema=unknown_schema,
        out_of_order=out_of_order,
    )
    wanted = NightPlay(packets, adapter, rate, exposure_s, faults, seed, truth, timeout_s)
    books = _play(wanted, settings, json_file, keep=keep)
    raise typer.Exit(0 if books["ok"] else 1)


def _what_to_play(path: str, name: str, settings: Settings) -> "tuple[Survey, Path]":
    """Return the survey and the packets; both are looked at before anything is started."""
    from fink_lib.errors import ConfigError
    from fink_lib.simulator import ensure_schemas, require_packets, resolve_path
    from fink_lib.surveys import get_survey, running_surveys

    survey = get_survey(name)
    if survey not in running_surveys(settings):
        wanted = f"FINK_SURVEYS={settings.surveys},{name}"
        raise ConfigError(f"no streams of survey '{name}' run here, which could carry a night: {wanted} starts them")
    ensure_schemas(settings, survey, note)
    packets = resolve_path(path, settings, survey, note)
    require_packets(packets, survey)
    return survey, packets


def _play(wanted: "NightPlay", settings: Settings, json_file: Path | None, *, keep: bool) -> dict[str, Any]:
    """Play and tell; what is known of the nights is written also when something fails on the way."""
    from fink_lib.cli.simulate import Report
    from fink_lib.errors import FinkError
    from fink_lib.host.play import play_night
    from fink_lib.host.stack import kafka_listeners, start_stack, stop_stack

    stack = start_stack(settings, note)
    try:
        books = play_night(wanted, stack, note, Report())
    except FinkError as error:
        write_books({"nights": [], "ok": False, "error": str(error)}, json_file)
        raise
    finally:
        if not keep and stack.started:
            stop_stack(stack.settings, note)
    write_books(books, json_file)
    for line in book_lines(stack.settings, books):
        say(line)
    if keep:
        login = stack.login()
        say(f"Airflow   {login.url}   user {login.user}   password {login.password}")
        say(f"Portal    {stack.api}/")
        say(f"API       {stack.api}/api/v1   (routes: {stack.api}/docs)")
        say(f"Kafka     {kafka_listeners(stack.settings)}")
        say(f"stop all  fink down --home {stack.settings.home}   (or make down, after make demo)")
    return books


def _faults(**counts: int) -> "dict[Fault, int]":
    """Name the faults that the options ask for."""
    from fink_lib.simulator import Fault

    return {Fault(name): count for name, count in counts.items() if count}


def write_books(books: dict[str, Any], json_file: Path | None) -> None:
    """Write the books where asked."""
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(books, indent=1, default=str) + "\n")


@app.command("list")
def list_command(
    home: HomeOption = None,
    survey: Annotated[str, typer.Option(help="Whose nights")] = "ztf",
    as_json: Annotated[bool, json_option(COLUMNS)] = False,
) -> None:
    """List the closed nights."""
    from fink_lib.host.night_watch import offered_so_far, read_manifest

    settings = load_settings(home)
    found = [read_manifest(settings, survey, night) for night in offered_so_far(settings, survey)]
    none = f"no night of {survey} was closed in {settings.home}: `fink night play sample` plays one"
    write_rows(COLUMNS, list_rows(manifest for manifest in found if manifest), as_json=as_json, empty=none)


@app.command("show")
def show_command(
    night: Annotated[str, typer.Argument(help="YYYY-MM-DD")],
    home: HomeOption = None,
    survey: Annotated[str, typer.Option(help="Whose night")] = "ztf",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: the manifest, ids also as text, under NAME_text.")
    ] = False,
) -> None:
    """Print the manifest in force of one night, as it stands in its file."""
    from fink_lib.errors import ConfigError
    from fink_lib.host.night_watch import read_manifest
    from fink_lib.nights import parse_night

    settings = load_settings(home)
    manifest = read_manifest(settings, survey, parse_night(night))
    if manifest is None:
        raise ConfigError(f"{survey} {night} was never closed in {settings.home}: see `fink night list`")
    print(json_text(manifest) if as_json else json.dumps(manifest, indent=1))
