"""`fink jobs list|show|submit|cancel|start|tables|drop|topic|topics`."""

import datetime as dt
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fink_lib.cli.common import HomeOption, load_settings, say
from fink_lib.cli.json_text import json_text
from fink_lib.cli.settled import settle_kafka
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.errors import ConfigError

if TYPE_CHECKING:
    from fink_lib.user_jobs.record import UserJob

app = typer.Typer(no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(help="Name of the job.")]
COLUMNS = (
    Column("name", is_id=True),
    Column("person", is_id=True),
    Column("language"),
    Column("state"),
    Column("asked_at", title="asked (UTC)"),
    Column("rows"),
    Column("title"),
    Column("error", only_json=True),
)
TABLE_COLUMNS = (
    Column("table", is_id=True),
    Column("person", is_id=True),
    Column("rows"),
    Column("bytes"),
    Column("kept_until", title="kept until (UTC)"),
    Column("title"),
    Column("job", only_json=True),
    Column("columns", only_json=True),
)
TOPIC_COLUMNS = (
    Column("topic", is_id=True),
    Column("table", is_id=True),
    Column("rows"),
    Column("readers", shown=", ".join),
    Column("sent_at", title="sent (UTC)"),
)
DAG = "user_jobs"


@app.command("list")
def list_jobs(
    home: HomeOption = None,
    person: Annotated[str | None, typer.Option(help="Those of one person alone.")] = None,
    as_json: Annotated[bool, json_option(COLUMNS)] = False,
) -> None:
    """List the jobs of people, the newest first."""
    from fink_lib.user_jobs.book import Book

    found = [_row(one) for one in Book(load_settings(home)).every() if person in (None, one.person)]
    write_rows(COLUMNS, found, as_json=as_json, empty="no job yet: see `fink jobs submit --help`")


@app.command()
def show(
    name: NameArgument,
    home: HomeOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: the job with name, person, state, code, and log.")
    ] = False,
) -> None:
    """Show a job: how it stands, what it said, its code."""
    from fink_lib.user_jobs.book import Book
    from fink_lib.user_jobs.sandbox.running import LOG, RESULT

    book = Book(load_settings(home))
    job = book.get(name)
    log = book.folder(name) / LOG
    said = log.read_text("utf-8", "replace") if log.is_file() else ""
    if as_json:
        print(json_text({**_row(job), "log": said}))
        return
    say(f"job      {job.name}")
    say(f"person   {job.person}")
    say(f"state    {job.state} {job.error}".rstrip())
    say(f"asks     {', '.join(job.surveys)}, {'the newest rows' if job.version is None else f'version {job.version}'}")
    if (result := book.folder(name) / f"{RESULT}.{job.form}").is_file():
        say(f"result   {job.rows} rows in {result}")
    say(f"\n{said}\n{job.code}")


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(help="File with the code: .sql or .py", exists=True, dir_okay=False)],
    *,
    who: Annotated[str, typer.Option(help="Person who asks, with the right jobs:run.")],
    survey: Annotated[list[str] | None, typer.Option(help="Whose tables; all when not given.")] = None,
    version: Annotated[int | None, typer.Option(help="Version of sources; the newest rows when not given.")] = None,
    form: Annotated[str, typer.Option("--format", help="parquet or csv")] = "parquet",
    title: Annotated[str, typer.Option(help="What it is for.")] = "",
    table: Annotated[str, typer.Option(help="Keep its result as this private table.")] = "",
    group: Annotated[str, typer.Option(help="Group that the table is for; the person alone when not given.")] = "",
    public: Annotated[bool, typer.Option("--public", help="See public rows alone: the result may be shared.")] = False,
    reads: Annotated[list[str] | None, typer.Option(help="Private table that code in Python reads.")] = None,
    home: HomeOption = None,
) -> None:
    """Have a job run by Airflow, as somebody: with his rights, over what he may see."""
    from fink_lib.surveys import running_surveys
    from fink_lib.user_jobs.asking import asked_of, submit
    from fink_lib.user_jobs.people import claims_of_person

    settings = load_settings(home)
    languages = {".sql": "sql", ".py": "python"}
    if file.suffix not in languages:
        raise ConfigError(f"{file.name} is no job: its name must end with .sql or .py")
    said: dict[str, Any] = {"language": languages[file.suffix], "code": file.read_text(encoding="utf-8"),
                            "title": title, "format": form, "surveys": survey, "version": version, "table": table,
                            "group": group, "tables": reads, "public": public}  # fmt: skip
    served = tuple(one.name for one in running_surveys(settings))
    say(submit(settings, asked_of(said, claims_of_person(settings, who), served)).name)


@app.command()
def cancel(name: NameArgument, home: HomeOption = None) -> None:
    """End a job that waits or runs."""
    from fink_lib.user_jobs.book import Book

    job = Book(load_settings(home)).cancel(name)
    say(f"job {name} is {job.state}" + (": its runner ends it now" if job.state == "running" else ""))


@app.command()
def start(home: HomeOption = None) -> None:
    """Have Airflow take the job whose turn it is: what the API and the portal do with each job."""
    from fink_lib.cli.dag_run import start_dag

    start_dag(load_settings(home), DAG, {})


@app.command()
def tables(
    home: HomeOption = None,
    person: Annotated[str | None, typer.Option(help="Those that one person made.")] = None,
    as_json: Annotated[bool, json_option(TABLE_COLUMNS)] = False,
) -> None:
    """List the private tables that people made of results of jobs."""
    from fink_lib.served.private_store import PrivateTables

    rows = [
        {"table": one.full_name, "person": one.owner, "rows": one.rows, "bytes": one.size, "job": one.job,
         "kept_until": dt.datetime.fromtimestamp(one.until, dt.UTC), "title": one.title, "columns": list(one.columns)}
        for one in PrivateTables(load_settings(home)).every() if person in (None, one.owner)
    ]  # fmt: skip
    write_rows(TABLE_COLUMNS, rows, as_json=as_json, empty="no table yet: `fink jobs submit --table` makes one")


@app.command()
def drop(
    table: Annotated[str, typer.Argument(help="Schema and name, as `fink jobs tables` tells them.")],
    who: Annotated[str, typer.Option(help="Person who made it.")],
    home: HomeOption = None,
) -> None:
    """Remove a private table."""
    from fink_lib.served.private_store import PrivateTables

    kept = PrivateTables(load_settings(home))
    found = next((one for one in kept.of_person(who) if one.full_name == table), None)
    if found is None:
        raise ConfigError(f"{who} has no table '{table}': see `fink jobs tables`")
    kept.remove(found)
    settle_kafka(load_settings(home))
    say(f"table {table} is gone")


@app.command()
def topic(
    table: Annotated[str, typer.Argument(help="Schema and name, as `fink jobs tables` tells them.")],
    who: Annotated[str, typer.Option(help="Person who made it.")],
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Tell as JSON: topic, table and rows.")] = False,
) -> None:
    """Send the rows of a private table to a topic that only those read who see the table; anew where rows lack."""
    from fink_lib.host.stack import connected
    from fink_lib.served.private_store import PrivateTables
    from fink_lib.served.results.sending import send_table
    from fink_lib.user_jobs.people import claims_of_person

    settings = load_settings(home)
    found = PrivateTables(settings).own(claims_of_person(settings, who), table)
    sent = send_table(connected(settings), found, time.time())
    if as_json:
        print(json_text({"topic": sent.topic, "table": found.full_name, "rows": sent.rows}))
        return
    say(f"{sent.rows} rows of {found.full_name} stand on {sent.topic}")


@app.command()
def topics(home: HomeOption = None, as_json: Annotated[bool, json_option(TOPIC_COLUMNS)] = False) -> None:
    """Settle who may read the topics of private tables, and list them."""
    from fink_lib.accounts.store import Store
    from fink_lib.host.stack import connected
    from fink_lib.served.private_store import PrivateTables
    from fink_lib.served.results.book import ResultTopics
    from fink_lib.served.results.readers import readers_of, settle_readers

    settings = load_settings(home)
    if ResultTopics(settings).is_used:
        settle_readers(connected(settings))
    tables = PrivateTables(settings).every()
    rows = [
        {"topic": one.topic, "table": table.full_name, "rows": one.rows,
         "sent_at": dt.datetime.fromtimestamp(one.sent_at, dt.UTC) if one.sent_at else None,
         "readers": sorted(readers_of(Store(settings.home), table))}
        for one in ResultTopics(settings).every() for table in tables if one.is_of(table)
    ]  # fmt: skip
    write_rows(TOPIC_COLUMNS, rows, as_json=as_json, empty="no topic yet: `fink jobs topic` makes one of a table")


def _row(job: "UserJob") -> dict[str, Any]:
    return {**asdict(job), "asked_at": dt.datetime.fromtimestamp(job.asked_at, dt.UTC)}
