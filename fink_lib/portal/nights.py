"""Nights for people: those that are closed with their equations, and those that still grow."""

import datetime as dt
import json
from typing import Any

import pyarrow.compute as pc

from fink_lib.api.lake import Lake, Snapshot
from fink_lib.api.queries.records import public_alerts, statistics
from fink_lib.config import Settings
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables import gold_nights
from fink_lib.storage import LakePath

REPORTS = "/fink-nights"  # where Airflow's server has them, for those who are logged in there
HIDDEN_TERM = "silver"  # of the equation that counts alerts
Row = dict[str, Any]


def closings(lake: LakePath, survey: str | None = None) -> list[Row]:
    """Return the closing in force of each night, the newest night first; ``manifest`` is read.

    Parameters
    ----------
    lake
        Root of the lake.
    survey
        Name of one; all surveys if none.
    """
    path = gold_nights().path(lake)
    if not is_delta_table(path):
        return []
    mine = None if survey is None else pc.field("survey") == survey
    rows = dataset_of(delta_table(path)).to_table(filter=mine).to_pylist()
    newest = {(row["survey"], row["night"]): row for row in sorted(rows, key=lambda row: row["version"])}
    ordered = sorted(newest.values(), key=lambda row: (row["night"], row["survey"]), reverse=True)
    return [{**row, "manifest": json.loads(row["manifest"]), "is_closed": True} for row in ordered]


def nights(lake: Lake) -> list[Row]:
    """Return every night of every survey that is served, the newest first; a night that grows has only its rows."""
    snapshots = {name: one.now() for name, one in lake.surveys.items()}
    seen = {name: alerts_by_night(one) for name, one in snapshots.items()}
    closed = [
        row if snapshots[row["survey"]].access.is_whole else _short(row, seen[row["survey"]])
        for row in closings(lake.settings.lake)
        if row["survey"] in snapshots
    ]
    known = {(row["survey"], row["night"]) for row in closed}
    grown = [
        {"survey": name, "night": night, "silver": count, "is_closed": False}
        for name, counts in seen.items()
        for night, count in counts.items()
        if (name, night) not in known
    ]
    return sorted([*closed, *grown], key=lambda row: (row["night"], row["survey"]), reverse=True)


def alerts_by_night(snapshot: Snapshot) -> dict[dt.date, int]:
    """Return how many alerts of each night there are that whoever asks may see."""
    if snapshot.access.is_whole:
        return snapshot.silver.rows_by_night if snapshot.silver else {}
    return public_alerts(snapshot)


def _short(row: Row, seen: dict[dt.date, int]) -> Row:
    """Return a closing without numbers from which alerts could be counted that whoever asks may not see."""
    equations = [text for text in row["manifest"]["equations"] if HIDDEN_TERM not in text]
    hidden = dict.fromkeys(("rejected", "repeats"))
    manifest = {**row["manifest"], "equations": equations}
    return {**row, **hidden, "silver": seen.get(row["night"], 0), "manifest": manifest, "is_short": True}


def night_facts(lake: Lake, survey: str, night: dt.date) -> Row | None:
    """Return a night with its numbers; None where there is none.

    Parameters
    ----------
    lake
        The lake as the API reads it.
    survey
        Name of a survey that is served.
    night
        Date that the night is named by.
    """
    found = [row for row in nights(lake) if (row["survey"], row["night"]) == (survey, night)]
    if not found:
        return None
    told = statistics(lake.surveys[survey].now(), lake.settings.lake, f"{night:%Y%m%d}").to_pylist()
    numbers = {name: value for row in told for name, value in row.items() if name != "night" and value is not None}
    return {**found[0], "numbers": numbers, "report": report_address(lake.settings, survey, night)}


def report_address(settings: Settings, survey: str, night: dt.date) -> str:
    """Return the address of a night's report; empty where none was drawn, or Airflow's is not known.

    Parameters
    ----------
    settings
        Say where reports lie, and where Airflow answers.
    survey
        Name of the survey.
    night
        Date that the night is named by.
    """
    base = settings.airflow_url or (f"http://127.0.0.1:{settings.airflow_port}" if settings.airflow_port else "")
    drawn = (settings.night_dir(survey, night.isoformat()) / "report.html").is_file()
    return f"{base.rstrip('/')}{REPORTS}/{survey}/{night}/report.html" if base and drawn else ""
