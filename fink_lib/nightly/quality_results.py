"""The table `gold__quality_results`, and the rows of the small tables that the night's suites look at."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from expectations import small_tables
from fink_lib.lake import tables
from fink_lib.lake.small import read_rows, replace_rows
from fink_lib.nightly import history
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.results import JsonObject

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite


def record_results(context: NightContext, suites: Iterable[JsonObject]) -> int:
    """Replace the results of the night; return the version of the table."""
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
    where = {"survey": context.survey.name, "night": context.night.isoformat()}
    return replace_rows(tables.gold_quality_results(), context.settings.lake, rows, where)


def recent_rows(context: NightContext) -> Iterator[tuple["ExpectationSuite", list[JsonObject]]]:
    """Yield each suite of a small table with the rows that it is about: those of the last nights."""
    lake, survey = context.settings.lake, context.survey.name
    upto = (pc.field("survey") == survey) & (pc.field("night") <= pa.scalar(context.night))
    yield small_tables.nights(), read_rows(tables.gold_nights(), lake, upto)
    for suite, spec in (
        (small_tables.statistics(), tables.gold_statistics()),
        (small_tables.quality_results(), tables.gold_quality_results()),
    ):
        yield suite, history.recent(spec, lake, survey, context.night)
