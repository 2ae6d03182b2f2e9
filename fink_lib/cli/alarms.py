"""`fink alarms`: what fires now, and every alarm with what it means."""

import time
from dataclasses import asdict
from typing import Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, note
from fink_lib.cli.tables import Column, json_option, write_rows

app = typer.Typer(no_args_is_help=True)
FIRING = (
    Column("name", is_id=True),
    Column("severity"),
    Column("for_s", title="since (s)"),
    Column("sentence"),
    Column("page"),
    Column("labels", only_json=True),
)
KNOWN = (
    Column("name", is_id=True),
    Column("severity"),
    Column("fires_when"),
    Column("for_s", title="for (s)"),
    Column("means"),
    Column("do"),
)
OLD_S = 60.0


@app.command("list")
def list_(*, home: HomeOption = None, as_json: Annotated[bool, json_option(FIRING)] = False) -> None:
    """List what fires now."""
    from fink_lib.monitoring.alarms import read_alarms

    at, firing = read_alarms(load_settings(home))
    rows = [
        {**asdict(one), "labels": dict(one.labels), "page": one.page, "for_s": round(at - one.since)} for one in firing
    ]
    age_s = time.time() - at
    if not at:
        note("nothing is known: the monitor never looked at this home (`fink up` starts it)")
    elif age_s > OLD_S:
        note(f"this is {age_s:.0f} s old: the monitor does not run (`fink up` starts it)")
    write_rows(FIRING, rows, as_json=as_json, empty="no alarm fires" if at else "")


@app.command()
def rules(*, as_json: Annotated[bool, json_option(KNOWN)] = False) -> None:
    """List every alarm, what it means and what to do."""
    from fink_lib.monitoring.prometheus import expression
    from fink_lib.monitoring.rules import RULES

    rows = [
        {"name": one.name, "severity": str(one.severity), "fires_when": expression(one), "for_s": one.for_s,
         "means": one.means, "do": one.do}
        for one in RULES
    ]  # fmt: skip
    write_rows(KNOWN, rows, as_json=as_json)
