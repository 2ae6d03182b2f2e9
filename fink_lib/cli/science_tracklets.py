"""`fink science tracklets`: link the alerts of moving objects, night by night, over packets in files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from fink_lib.cli.common import load_settings, say
from fink_lib.cli.tables import Column, write_rows
from fink_lib.offline.packets import packets_of
from fink_lib.offline.tracklets import night_tracklets
from fink_lib.simulator import resolve_path
from fink_lib.surveys import get_survey

COLUMNS = (
    Column("tracklet", is_id=True),
    Column("members", title="alerts"),
    Column("rate_deg_per_day", title="deg/day", shown=lambda rate: f"{rate:.3f}"),
    Column("mag", shown=lambda mag: f"{mag:.2f}"),
    Column("ra", title="RA", shown=lambda ra: f"{ra:.5f}"),
    Column("dec", title="Dec", shown=lambda dec: f"{dec:+.5f}"),
    Column("alert_id", is_id=True, title="alert"),
)
SCHEMA = pa.schema(
    [
        ("night", pa.date32()), ("tracklet", pa.string()), ("alert_id", pa.int64()), ("object_id", pa.string()),
        ("time", pa.float64()), ("ra", pa.float64()), ("dec", pa.float64()), ("mag", pa.float64()),
        ("band", pa.string()), ("members", pa.int64()), ("rate_deg_per_day", pa.float64()),
    ]
)  # fmt: skip


def tracklets(
    path: Annotated[str, typer.Argument(help="Packets: a file, folder, archive or Delta table, or `sample`.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Parquet file to write, one row an alert of a tracklet.")] = None,
    survey: Annotated[str, typer.Option(help="Whose packets they are.")] = "ztf",
) -> None:
    """Link the alerts of each night that lie on the path of one object that moves and is not known."""
    settings, adapter = load_settings(), get_survey(survey)
    nights = night_tracklets(packets_of(resolve_path(path, settings, adapter), adapter), adapter, settings.cache)
    for night, (count, members) in nights.items():
        names = {member.tracklet for member in members}
        say(f"{night}: {len(names)} tracklets of {len(members)} among {count} alerts that may move")
    rows = [{"night": night, **asdict(member)} for night, (_, members) in nights.items() for member in members]
    write_rows(COLUMNS, rows)
    if out is not None:
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), out)
        say(f"{len(rows)} alerts of tracklets: {out}")
