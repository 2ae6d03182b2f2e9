"""The table `gold__quality_results`, and the rows of the small tables that the night's suites look at."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from expectations import small_tables
from fink_lib.lake import tables
from fink_lib.lake.small import read_rows, replace_rows
from fink_lib.nightly import history
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.results import JsonObject, to_json

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

SUITES: Mapping[str, Callable[[], "ExpectationSuite"]] = {
    tables.gold_nights().full_name: small_tables.nights,
    tables.gold_statistics().full_name: small_tables.statistics,
    tables.gold_quality_results().full_name: small_tables.quality_results,
}


def record_results(context: NightContext, suites: Iterable[JsonObject]) -> int:
    """Replace the results of the night; return the version of the table.

    A night that is judged as before keeps its rows, with the run that first judged it so: the table then says what it
    said, as the manifest does.
    """
    rows = [
        {
            "survey": context.survey.name,
            "night": context.night,
            "suite": suite["suite"],
            "expectation": one["name"],
            "severity": one["severity"],
            "success": one["success"],
            "observed": one["observed"],
            "rows": one["rows"],
            "unexpected": one["unexpected"],
            "meaning": one["meaning"],
            "run_id": context.run_id,
        }
        for suite in suites
        for one in suite["expectations"]
    ]
    spec, lake = tables.gold_quality_results(), context.settings.lake
    mine = (pc.field("survey") == context.survey.name) & (pc.field("night") == pa.scalar(context.night))
    if rows and _verdicts(read_rows(spec, lake, mine)) == _verdicts(rows):
        return int(DeltaTable(str(spec.path(lake))).version())
    return replace_rows(spec, lake, rows, {"survey": context.survey.name, "night": context.night.isoformat()})


def _verdicts(rows: Iterable[JsonObject]) -> list[str]:
    """Return what rows say, whoever judged and in whatever order they stand."""
    return sorted(to_json({name: value for name, value in row.items() if name != "run_id"}) for row in rows)


def recent_rows(context: NightContext) -> Iterator[tuple["ExpectationSuite", list[JsonObject]]]:
    """Yield each suite of a small table with the rows that it is about."""
    for table, rows in rows_before(context).items():
        yield SUITES[table](), rows


def rows_before(context: NightContext) -> dict[str, list[JsonObject]]:
    """Return, by table, the rows of the nights before.

    The night's own rows are left out: there are none when it is closed first, and it must be judged alike each time.
    """
    lake, survey = context.settings.lake, context.survey.name
    before = (pc.field("survey") == survey) & (pc.field("night") < pa.scalar(context.night))
    nights, others = tables.gold_nights(), (tables.gold_statistics(), tables.gold_quality_results())
    found = {nights.full_name: read_rows(nights, lake, before)}
    return found | {spec.full_name: history.recent(spec, lake, survey, context.night) for spec in others}
