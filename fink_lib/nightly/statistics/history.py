"""The nights before: their summaries out of `gold__statistics`, read and replaced without a JVM."""

import datetime as dt
from typing import Any

import pyarrow.compute as pc

from fink_lib.lake import tables
from fink_lib.lake.cumulative import cumulative as sums
from fink_lib.lake.small import partitions, read_rows, replace_rows
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.nightly.statistics.summary import Summary, from_rows, to_rows
from fink_lib.storage import LakePath

TRAILING_NIGHTS = 14


def record(lake: LakePath, survey: str, night: dt.date, summary: Summary) -> int:
    """Replace the numbers of a night; return the version of the table.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    night
        Whose numbers.
    summary
        All of them: numbers that are not among these go.
    """
    rows = to_rows(survey, night, summary)
    return replace_rows(tables.gold_statistics(), lake, rows, {"survey": survey, "night": night.isoformat()})


def trailing(lake: LakePath, survey: str, night: dt.date, count: int = TRAILING_NIGHTS) -> dict[dt.date, Summary]:
    """Return the summaries of the last nights before one, the earliest first.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    night
        Itself not among them.
    count
        So many nights at most; nights without numbers do not count.
    """
    return from_rows(recent(tables.gold_statistics(), lake, survey, night, count))


def recent(
    spec: TableSpec, lake: LakePath, survey: str, night: dt.date, count: int = TRAILING_NIGHTS
) -> list[dict[str, Any]]:
    """Return the rows of the last nights before one, out of a table that is partitioned by night.

    Parameters
    ----------
    spec
        The table; where it is shared by all surveys it has the column ``survey``.
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    night
        Itself not among them.
    count
        So many nights at most; nights without rows do not count.
    """
    chosen = nights_before(spec, lake, survey, night, count)
    if not chosen:
        return []
    of_nights = pc.field("night").isin(chosen)
    return read_rows(spec, lake, of_nights if spec.survey else (pc.field("survey") == survey) & of_nights)


def nights_before(
    spec: TableSpec, lake: LakePath, survey: str, night: dt.date, count: int = TRAILING_NIGHTS
) -> list[dt.date]:
    """Return the last nights before one that a table has rows of, out of its log alone.

    Parameters
    ----------
    spec
        A table that is partitioned by night, and by survey where all surveys share it.
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    night
        Itself not among them.
    count
        So many at most.

    Returns
    -------
    The earliest first.
    """
    parts = [part for part in partitions(spec, lake) if part.get("survey", survey) == survey]
    before = {part["night"] for part in parts if part["night"] and part["night"] < night.isoformat()}
    return sorted(map(dt.date.fromisoformat, before))[-count:]


def cumulative(lake: LakePath, survey: str, night: dt.date) -> dict[str, Any]:
    """Return ``nights`` and the sums over all nights up to one, this one included: measure → name → total.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    night
        The last one that counts.

    Returns
    -------
    ``nights`` is how many there are; ``totals`` is empty where there is none.
    """
    known = {part["night"] for part in partitions(tables.gold_statistics(), lake) if part["survey"] == survey}
    nights = sum(one <= night.isoformat() for one in known)
    totals: dict[str, dict[str, float]] = {}
    for row in sums(survey, upto=night, lake=lake).to_pylist() if nights else []:
        totals.setdefault(row["measure"], {})[row["name"]] = round(row["total"], 6)
    return {"nights": nights, "totals": totals}
