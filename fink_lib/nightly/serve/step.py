"""Write a night into the tables made for reading: `sources`, and `alert_ids` and `latest` out of it.

A night is written into the run that surrounds it, or makes one of its own; where there are then too many runs, two
neighbours become one. `sources` notes how many rows of silver it has looked at: a night that has more is open, and
readers take it from silver. `alert_ids` and `latest` follow: whatever runs they lack, or have too many, is mended.
The HATS catalogues of alerts and objects are made anew.
"""

import datetime as dt
import logging
from collections.abc import Callable

import pyarrow as pa

from fink_lib.errors import ExpectationFailed
from fink_lib.files import JsonObject
from fink_lib.lake.delta import delta_table
from fink_lib.lake.parquet import parquet_schema
from fink_lib.lake.small import until_committed
from fink_lib.lake.tables import TableSpec
from fink_lib.lake.versions import Table
from fink_lib.nightly.balanced import balanced
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.serve.writing import ensure, named_columns, ordered, read_sql, replace_runs, sorting
from fink_lib.served.columns import RUN_NAME, served_specs
from fink_lib.served.hats.catalogues import renew
from fink_lib.served.opened import COVERED, Opened
from fink_lib.served.rows import sources_of
from fink_lib.served.runs import MOST_RUNS, Run, around, joined, pair_to_merge, run_of
from fink_lib.storage import LakePath

logger = logging.getLogger(__name__)

BrokenRows = Callable[[NightContext], list[str]]


def run(context: NightContext, broken_rows: BrokenRows, most: int = MOST_RUNS) -> Outcome:
    """Write the night, in the version of silver that reconcile balanced, and see that its rows are as they must be.

    Parameters
    ----------
    context
        The night.
    broken_rows
        Names the critical rules that the night breaks in these tables, each with how many rows do.
    most
        How many runs a table may have.
    """
    pinned, lake = balanced(context), context.settings.lake
    silver = pinned.of_night(Table.SILVER, context.night)
    (sources, order), *followers = served_specs(context.survey, silver.dataset.schema)
    facts: JsonObject = {"survey": context.survey.name, "night": context.night.isoformat(), "silver": silver.count()}

    def write_night() -> None:
        table = ensure(sources, lake)
        put = Opened(table)
        old, mine = around(put.rows_by_run, context.night), run_of(put.rows_by_run, context.night)
        with sorting(lake) as connection:
            connection.register("arrived", sources_of(context.survey, silver))
            parts = [_arrived(sources, mine), *_kept(sources, put, old, mine, context.night)]
            covers = {f"{COVERED}{context.night.isoformat()}": facts["silver"]}
            replace_runs(sources, table, ordered(connection, parts, order), {*old, mine}, covers)

    until_committed(sources, write_night)
    while until_committed(sources, lambda: merge_once(sources, order, lake, most)):
        pass
    for spec, by in followers:
        until_committed(spec, lambda spec=spec, by=by: follow(sources, spec, by, lake, context.night))  # type: ignore[misc]
    with sorting(lake) as connection:
        renew(connection, context.survey.name, Opened(delta_table(sources.path(lake))), context.settings.home)
    facts["tables"] = {spec.name: _state(spec, lake) for spec, _ in ((sources, order), *followers)}
    logger.info("night=%s tables=%s", context.label, facts["tables"])
    broken = broken_rows(context)
    failure = ExpectationFailed(f"the night {context.label} was served wrong: {', '.join(broken)}")
    return Outcome(facts, failure if broken else None)


def _arrived(spec: TableSpec, mine: Run) -> str:
    there = set(spec.schema.names) - {RUN_NAME}
    return f"SELECT {named_columns(spec, there, mine)} FROM arrived"  # noqa: S608  # ours


def _kept(spec: TableSpec, put: Opened, old: tuple[Run, ...], mine: Run, without: dt.date | None) -> list[str]:
    """Return the selections of what stays of some runs, in the run that they become."""
    names = {run.name for run in old}
    files = [file.path for file in put.files if file.partition[RUN_NAME] in names]
    if not files:
        return []
    left_out = "" if without is None else f" WHERE night <> DATE '{without.isoformat()}'"
    there = _in_files(put.schema, files)
    return [f"SELECT {named_columns(spec, there, mine)} FROM {read_sql(files)}{left_out}"]  # noqa: S608  # ours


def _in_files(schema: pa.Schema, files: list[LakePath]) -> set[str]:
    """Return the columns that some file has: a column that came later is in none that was written before."""
    return {name for file in files for name in parquet_schema(file).names} & set(schema.names)


def merge_once(spec: TableSpec, order: str, lake: LakePath, most: int) -> bool:
    """Merge two runs where there are too many; tell whether there were.

    Parameters
    ----------
    spec
        A table made of runs.
    order
        Columns that its rows are sorted by within a run, as SQL.
    lake
        Root folder of the tables.
    most
        As many runs a table may have.
    """
    table = ensure(spec, lake)
    put = Opened(table)
    pair = pair_to_merge(put.rows_by_run, most)
    if pair is None:
        return False
    together = joined(pair)
    with sorting(lake) as connection:
        parts = _kept(spec, put, pair, together, None)
        replace_runs(spec, table, ordered(connection, parts, order), {*pair, together}, {})
    return True


def follow(sources: TableSpec, spec: TableSpec, order: str, lake: LakePath, night: dt.date) -> None:
    """Make a table have the runs of `sources`, and the rows of a night as they are there.

    Parameters
    ----------
    sources
        The table `sources`, which has the night.
    spec
        The table that follows it.
    order
        Columns that its rows are sorted by within a run, as SQL.
    lake
        Root folder of the tables.
    night
        Whose run is written anew; others only where the table lacks them.
    """
    table = ensure(spec, lake)
    first, mine = Opened(delta_table(sources.path(lake))), Opened(table)
    wanted, there = set(first.rows_by_run), set(mine.rows_by_run)
    changed = {run_of(wanted, night)} | (wanted - there)
    with sorting(lake) as connection:
        parts = [part for run in sorted(changed) for part in _kept(spec, first, (run,), run, None)]
        empty = f"SELECT {named_columns(spec, (), next(iter(changed)))} LIMIT 0"
        replace_runs(spec, table, ordered(connection, parts or [empty], order), changed | (there - wanted), {})


def _state(spec: TableSpec, lake: LakePath) -> JsonObject:
    put = Opened(delta_table(spec.path(lake)))
    rows = put.rows_by_run
    return {"version": put.version, "rows": sum(rows.values()), "runs": len(rows)}
