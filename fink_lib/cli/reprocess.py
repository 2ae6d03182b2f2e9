"""`fink reprocess`: compute nights again, see what would change, decide, and take it back."""

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.config import Settings

if TYPE_CHECKING:
    from fink_lib.reprocess.folder import RequestFolder
    from fink_lib.reprocess.promote import Person
    from fink_lib.reprocess.request import Request

COLUMNS = (
    Column("request", is_id=True),
    Column("survey"),
    Column("nights"),
    Column("state"),
    Column("since"),
    Column("headline", title="what would change"),
    *(Column(name, only_json=True) for name in ("first_night", "last_night", "report")),
)
app = typer.Typer(no_args_is_help=True, help="Compute nights again, see what would change, decide, take it back.")

IdArgument = Annotated[str, typer.Argument(help="Name of the request, or its beginning; see `fink reprocess list`")]
FirstOption = Annotated[str, typer.Option("--first-night", help="YYYY-MM-DD")]
LastOption = Annotated[str | None, typer.Option("--last-night", help="YYYY-MM-DD, included; the first when not given")]
SurveyOption = Annotated[str, typer.Option(help="Whose nights")]
ModuleOption = Annotated[list[str] | None, typer.Option("--module", help="Only this science module; may be repeated")]
CatalogOption = Annotated[list[str] | None, typer.Option("--catalog", help="NAME=VERSION that must be in force")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="NAME=VALUE for this run alone, as 'cut.rb=candidate.rb >= 0.65'")
]
BronzeOption = Annotated[int | None, typer.Option("--bronze-version", help="Version of bronze to read; the newest")]
DryOption = Annotated[bool, typer.Option("--dry-run/--no-dry-run", help="Compare only; nothing can go live")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Kept with the decision")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who decides; the user of this shell when not given")]


@app.command("plan")
def plan_command(
    first_night: FirstOption,
    last_night: LastOption = None,
    survey: SurveyOption = "ztf",
    module: ModuleOption = None,
    catalog: CatalogOption = None,
    settings_override: SetOption = None,
    bronze_version: BronzeOption = None,
    dry_run: DryOption = True,
    reason: ReasonOption = "",
    home: HomeOption = None,
) -> None:
    """Look at the tables, keep a plan as a new request, and show it: rows, versions, cost."""
    from fink_lib.reprocess import steps

    request = _request(
        survey=survey, first_night=first_night, last_night=last_night, modules=module, catalogs=_pairs(catalog),
        overrides=_pairs(settings_override), bronze_version=bronze_version, dry_run=dry_run, reason=reason,
    )  # fmt: skip
    folder = steps.plan(load_settings(home), request)
    show_plan(folder)
    say(f"next      fink reprocess run {folder.request_id}")


@app.command("run")
def run_command(
    request_id: Annotated[str | None, typer.Argument(help="A planned request; or give the options of `plan`")] = None,
    first_night: Annotated[str | None, typer.Option("--first-night", help="YYYY-MM-DD")] = None,
    last_night: LastOption = None,
    survey: SurveyOption = "ztf",
    module: ModuleOption = None,
    catalog: CatalogOption = None,
    settings_override: SetOption = None,
    bronze_version: BronzeOption = None,
    dry_run: DryOption = True,
    reason: ReasonOption = "",
    airflow: Annotated[
        bool, typer.Option("--airflow", help="Have Airflow do it: it asks there for the approval")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Write the candidate tables of a request and compare them with the live ones; live tables stay as they are."""
    from fink_lib.cli.dag_run import start_dag
    from fink_lib.errors import ConfigError
    from fink_lib.reprocess import steps
    from fink_lib.reprocess.folder import find

    settings = load_settings(home)
    if request_id is not None and first_night is None and not airflow:
        folder = find(settings, request_id)
    elif request_id is None and first_night is not None:
        request = _request(
            survey=survey, first_night=first_night, last_night=last_night, modules=module, catalogs=_pairs(catalog),
            overrides=_pairs(settings_override), bronze_version=bronze_version, dry_run=dry_run, reason=reason,
        )  # fmt: skip
        if airflow:
            conf = {name: value for name, value in request.as_json().items() if name != "survey"}
            start_dag(settings, f"{request.survey}_reprocess", conf)
            return
        folder = steps.plan(settings, request)
    else:
        raise ConfigError("give either the name of a planned request, or --first-night (and --airflow, if you like)")
    _compute(folder)
    show_diff(folder)


@app.command("diff")
def diff_command(request_id: IdArgument, home: HomeOption = None) -> None:
    """Compare the candidate with the live tables once more, and show what would change."""
    from fink_lib.reprocess.folder import find
    from fink_lib.reprocess.job import write_summary

    folder = find(load_settings(home), request_id)
    write_summary(folder)
    show_diff(folder)


@app.command("approve")
def approve_command(
    request_id: IdArgument, reason: ReasonOption = "", by: ByOption = None, home: HomeOption = None
) -> None:
    """Make the candidate live: the nights of silver and rejected are replaced; `undo` takes it back.

    A run of the DAG that waits for this approval is answered.
    """
    from fink_lib.cli.approval import answer_in_airflow
    from fink_lib.reprocess import promote
    from fink_lib.reprocess.folder import find

    settings = load_settings(home)
    folder = find(settings, request_id)
    _show_tables(promote.promote(folder, _person(by, reason)))
    say(f"undo      fink reprocess undo {folder.request_id}")
    if not answer_in_airflow(settings, folder, "Approve", reason):  # the run has the nights closed again
        _close_again(settings, folder)


@app.command("discard")
def discard_command(
    request_id: IdArgument, reason: ReasonOption = "", by: ByOption = None, home: HomeOption = None
) -> None:
    """Delete the candidate tables of a request that is not live; what was found stays.

    A run of the DAG that waits for an approval of it is answered.
    """
    from fink_lib.cli.approval import answer_in_airflow
    from fink_lib.reprocess import promote
    from fink_lib.reprocess.folder import find

    settings = load_settings(home)
    folder = find(settings, request_id)
    promote.discard(folder, _person(by, reason))
    say(f"discarded {folder.request_id}")
    answer_in_airflow(settings, folder, "Reject", reason)


@app.command("undo")
def undo_command(
    request_id: IdArgument, reason: ReasonOption = "", by: ByOption = None, home: HomeOption = None
) -> None:
    """Put back what a promotion replaced, byte for byte."""
    from fink_lib.reprocess import promote
    from fink_lib.reprocess.folder import find

    settings = load_settings(home)
    folder = find(settings, request_id)
    _show_tables(promote.undo(folder, _person(by, reason)))
    _close_again(settings, folder)


@app.command("list")
def list_command(home: HomeOption = None, as_json: Annotated[bool, json_option(COLUMNS)] = False) -> None:
    """List the requests and how they stand."""
    from fink_lib.reprocess.folder import listed

    rows = [_row(folder) for folder in listed(load_settings(home))]
    write_rows(COLUMNS, rows, as_json=as_json, empty="no request yet: see `fink reprocess plan --help`")


@app.command("digest")
def digest_command(
    table: Annotated[str, typer.Argument(help="Name of a table, as silver_ztf__alerts")],
    night: Annotated[str | None, typer.Option(help="Of this night alone, YYYY-MM-DD")] = None,
    version: Annotated[int | None, typer.Option(help="Version of the table; the newest when not given")] = None,
    home: HomeOption = None,
) -> None:
    """Print the digest of what a table says, whatever its files and the order of its rows."""
    from fink_lib.lake.digest import table_digest
    from fink_lib.nights import parse_night

    where = None if night is None else f"night = DATE '{parse_night(night).isoformat()}'"
    typer.echo(table_digest(load_settings(home).lake / table, version, where))


def _request(**given: Any) -> "Request":
    from fink_lib.reprocess.request import request_from_json

    return request_from_json(given)


def _pairs(texts: list[str] | None) -> dict[str, str]:
    """Read NAME=VALUE."""
    from fink_lib.errors import ConfigError

    pairs = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise ConfigError(f"'{text}' is not NAME=VALUE")
        pairs[name.strip()] = value.strip()
    return pairs


def _person(by: str | None, reason: str) -> "Person":
    from fink_lib.reprocess.promote import Person
    from fink_lib.reprocess.steps import utc_now

    return Person(by or getpass.getuser(), reason, utc_now())


def _close_again(settings: Settings, folder: "RequestFolder") -> None:
    from fink_lib.cli.closing import close_again

    close_again(settings, folder.request().survey, folder.read("plan")["nights"])


def _compute(folder: "RequestFolder") -> None:
    from fink_lib.reprocess.job import run_candidate, write_summary

    note(f"run       {folder.request_id}: candidate tables in the folders of the live ones")
    run_candidate(folder, note)
    write_summary(folder)


def show_plan(folder: "RequestFolder") -> None:
    """Print a plan."""
    plan = folder.read("plan")
    cost = plan["cost"]
    say(f"request   {folder.request_id}")
    columns = [Column("night", is_id=True), *(Column(name, shown=lambda rows: f"{rows:,}") for name in plan["rows"])]
    counts = plan["rows"].items()
    write_rows(columns, [{"night": one} | {name: rows.get(one, 0) for name, rows in counts} for one in plan["nights"]])
    source = f"from {cost['rate_from_runs']} recorded runs" if cost["rate_from_runs"] else "assumed: no run is recorded"
    say(f"versions  {', '.join(f'{name} {version}' for name, version in plan['versions'].items())}")
    say(f"modules   {plan['modules'] if isinstance(plan['modules'], str) else ', '.join(plan['modules'])}")
    for name, version in sorted(plan["science_versions"].items()):
        live = plan["live_science_versions"].get(name, [])
        if live != [version]:
            say(f"          {name}: {', '.join(live) or 'not there'} becomes {version}")
    for name, keep in sorted(plan["cuts"].items()):
        say(f"cut       {name}: {keep}{'   (changed)' if name in plan['cuts_changed'] else ''}")
    say(f"cost      {cost['alerts']:,} alerts, about {cost['seconds']:.0f} s at {cost['alerts_per_s']}/s ({source}), "
        f"{cost['candidate_bytes'] / 1e6:.1f} MB")  # fmt: skip


def show_diff(folder: "RequestFolder") -> None:
    """Print the comparison's short form."""
    say((folder.root / "diff.md").read_text(encoding="utf-8"))
    say(f"promote   fink reprocess approve {folder.request_id}")


def _show_tables(done: dict[str, Any]) -> None:
    for table, facts in done.items():
        say(f"{table:<10}version {facts['before']} → {facts['after']}   digest {facts['digest']}")


def _row(folder: "RequestFolder") -> dict[str, Any]:
    request, state = folder.request(), folder.read("state")
    return {
        "request": folder.request_id,
        "survey": request.survey,
        "first_night": request.first_night,
        "last_night": request.last_night,
        "nights": f"{request.first_night} … {request.last_night}",
        "state": state["state"],
        "since": state["history"][-1]["at"],
        "headline": folder.read("diff")["headline"] if folder.has("diff") else "",
        "report": str(folder.report) if folder.report.exists() else "",
    }
