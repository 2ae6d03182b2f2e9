"""`fink lake`: how the tables lie on disk, and removing what no table needs."""

import dataclasses
import datetime as dt
import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.lake.health import MB

CROWDED_SHOWN = 3
COLUMNS = (
    Column("table", is_id=True),
    Column("files"),
    Column("fewest"),
    Column("bytes", title="MB", shown=lambda size: f"{size / MB:,.1f}"),
    Column("file_mb", title="MB a file", shown=lambda size: f"{size:,.2f}"),
    Column("aim_mb", title="aim"),
    Column("rows", shown=lambda rows: f"{rows:,}"),
    Column("crowded", is_id=True, title="crowded nights", shown=lambda nights: "\n".join(nights[:CROWDED_SHOWN])),
)
app = typer.Typer(no_args_is_help=True, help="The tables: their files beside what they should be, and vacuum.")


@app.command("show")
def show_command(home: HomeOption = None, as_json: Annotated[bool, json_option(COLUMNS)] = False) -> None:
    """Show, for each table, its files and how few would do."""
    from fink_lib.maintenance.run import state_of

    lake = load_settings(home).lake
    rows = [{"table": name, **facts} for name, facts in state_of(lake).items()]
    write_rows(COLUMNS, rows, as_json=as_json, empty=f"no table is in {lake}")


@app.command("vacuum")
def vacuum_command(
    home: HomeOption = None,
    retention_h: Annotated[
        float | None, typer.Option(help="Hours that files are kept [FINK_VACUUM_RETENTION_H]")
    ] = None,
) -> None:
    """Remove files that no table needs, unused checkpoints, old logs, requests and shadows; at least a week is kept."""
    from fink_lib.maintenance.run import keep_house, sentences

    settings = load_settings(home, vacuum_retention_h=retention_h)
    for line in sentences(keep_house(settings, dt.datetime.now(dt.UTC))):
        say(line)


@app.command("upgrade")
def upgrade_command(home: HomeOption = None) -> None:
    """Bring the tables of an older version into the format of this one; a second run finds nothing to do.

    One that was stopped half-way goes on where it stood.
    """
    from fink_lib.maintenance.upgrade import keep_logs, upgrade

    settings = load_settings(home, any_lake=True)
    done = upgrade(settings, note)
    for one in done:
        say(f"{one.table}: {f'{one.rows:,} rows ' if one.rows else ''}{one.what}")
    logs = keep_logs(settings.lake)
    if logs:
        say(f"{len(logs)} tables: their logs are cleaned by maintenance alone from now on")
    if not done and not logs:
        say("nothing to upgrade")


@app.command("digest")
def digest_command(
    tables: Annotated[list[str] | None, typer.Argument(metavar="[TABLE]...", help="Full names; all if none")] = None,
    night: Annotated[str | None, typer.Option(help="Of this night alone, YYYY-MM-DD")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
    home: HomeOption = None,
) -> None:
    """Print what each table says about each night as a digest, equal for two runs over the same messages.

    Row and file order do not count, nor do the broker's clocks and versions, nor the offsets of output topics.
    """
    from fink_lib.lake.content import lake_digests
    from fink_lib.nights import parse_night

    found = lake_digests(load_settings(home, any_lake=True).lake, tables, None if night is None else parse_night(night))
    if as_json:
        print(json.dumps([dataclasses.asdict(one) for one in found], indent=2))
        return
    for one in found:
        say(f"{one.digest}  {one.night:<10}  {one.table}  {one.rows} rows")


@app.command("forget")
def forget_command(topic: Annotated[str, typer.Argument(help="Its name")], home: HomeOption = None) -> None:
    """Take an output topic that was deleted and made anew out of the books; nothing is sent again."""
    from fink_lib.distribute.forget import forget
    from fink_lib.host.stack import connected

    say(f"{forget(connected(load_settings(home)), topic)} rows of {topic} are no longer in published")


@app.command("bench")
def bench_command(
    path: Annotated[str, typer.Option("--from", help="Real packets to derive rows from")] = "sample",
    survey: Annotated[str, typer.Option(help="Whose packets they are")] = "ztf",
    nights: Annotated[int, typer.Option(min=1, help="Nights of the lake")] = 8,
    files: Annotated[int, typer.Option(min=2, help="Files of each night")] = 100,
    rows: Annotated[int, typer.Option(min=1, help="Rows of each file")] = 60,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures as JSON")] = None,
) -> None:
    """Measure queries by object and by cone on a lake of many small files, before and after compaction.

    Exits with 1 when either became less than 5 times faster.
    """
    from fink_lib.bench.queries import WANTED_SPEEDUP, measure
    from fink_lib.lake.spark.session import build_session
    from fink_lib.simulator import resolve_path
    from fink_lib.simulator.reading import read_path
    from fink_lib.surveys import get_survey

    settings = load_settings(any_lake=True)
    adapter = get_survey(survey)
    packets = (file.data for file in read_path(resolve_path(path, settings, adapter)) if file.is_packet)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=settings.cache.parent) as scratch:
        session = build_session("bench-queries", settings.at_home(Path(scratch)))
        try:
            lake = Path(scratch) / "lake"
            found = measure(session, adapter, lake, packets, nights=nights, files=files, rows=rows, say=note)
        finally:
            session.stop()
    if json_file is not None:
        json_file.write_text(found.as_json() + "\n")
    say(found.as_json())
    if found.too_slow:
        told = ", ".join(f"{kind} {times:g} times" for kind, times in found.too_slow.items())
        say(f"compaction is worth less than {WANTED_SPEEDUP:g} times: {told}")
        raise typer.Exit(1)
