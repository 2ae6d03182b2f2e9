"""`fink science tracklets`: glints of satellites and links of moving objects, night by night, over packets in files."""

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
    Column("rate_deg_per_day", title="deg/day", shown=lambda rate: "" if rate is None else f"{rate:.3f}"),
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
    out: Annotated[
        Path | None, typer.Option(help="Parquet file to write, one row an alert of a tracklet or link.")
    ] = None,
    survey: Annotated[str, typer.Option(help="Whose packets they are.")] = "ztf",
) -> None:
    """Find alerts of one exposure on a great circle (TRCK_), and of several on the path of one object (LINK_)."""
    settings, adapter = load_settings(any_lake=True), get_survey(survey)
    nights = night_tracklets(packets_of(resolve_path(path, settings, adapter), adapter), adapter, settings.cache)
    for night, (count, found) in nights.items():
        glints, links = (len({member.tracklet for member in each}) for each in (found.glints, found.links))
        say(
            f"{night}: {glints} tracklets of {len(found.glints)} and {links} links of {len(found.links)} "
            f"among {count} alerts that may move"
        )
    rows = [
        {"night": night, **asdict(member)}
        for night, (_, found) in nights.items()
        for member in (*found.glints, *found.links)
    ]
    write_rows(COLUMNS, rows)
    if out is not None:
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), out)
        say(f"{len(rows)} alerts of tracklets: {out}")
