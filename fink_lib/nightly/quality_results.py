"""The table `gold__quality_results`, and the rows of the small tables that the night's suites look at."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from expectations import catalogs, records, small_tables
from fink_lib.crossmatch.tables import gold_catalogs, gold_crossmatched
from fink_lib.lake import tables
from fink_lib.lake.small import partitions, read_rows, replace_rows
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
    """Yield each suite of a small table with the rows that it is about: those of the night, or of the last ones."""
    yield from _of_closing(context)
    yield from _of_records(context)
    yield from _of_catalogs(context)


def _of_closing(context: NightContext) -> Iterator[tuple["ExpectationSuite", list[JsonObject]]]:
    lake, survey = context.settings.lake, context.survey.name
    upto = (pc.field("survey") == survey) & (pc.field("night") <= pa.scalar(context.night))
    yield small_tables.nights(), read_rows(tables.gold_nights(), lake, upto)
    for suite, spec in (
        (small_tables.statistics(), tables.gold_statistics()),
        (small_tables.quality_results(), tables.gold_quality_results()),
    ):
        yield suite, history.recent(spec, lake, survey, context.night)
    days = sorted(part["day"] for part in partitions(tables.gold_upkeep(), lake))[-history.TRAILING_NIGHTS :]
    chosen = pc.field("day").isin([dt.date.fromisoformat(day) for day in days])
    yield small_tables.upkeep(), read_rows(tables.gold_upkeep(), lake, chosen) if days else []


def _of_records(context: NightContext) -> Iterator[tuple["ExpectationSuite", list[JsonObject]]]:
    """Yield what people and streams noted down: of the night where it bears one, else of the survey."""
    lake, survey = context.settings.lake, context.survey
    tonight, mine = pc.field("night") == pa.scalar(context.night), pc.field("survey") == survey.name
    undated = pc.field("night").is_null()
    yield records.releases(survey), read_rows(tables.releases(survey), lake, tonight | undated)
    yield records.science_facts(survey), read_rows(tables.science_facts(survey), lake)
    yield records.decisions(), read_rows(tables.gold_decisions(), lake, mine)
    yield records.user_filters(), read_rows(tables.gold_user_filters(), lake, mine)
    yield records.notices(), read_rows(tables.gold_notices(), lake, mine & tonight)


def _of_catalogs(context: NightContext) -> Iterator[tuple["ExpectationSuite", list[JsonObject]]]:
    lake, survey = context.settings.lake, context.survey
    spec = gold_catalogs()
    names = [name for name in spec.schema.names if name != "changed_cells"]  # thousands of cells a row
    yield catalogs.catalogs(), read_rows(spec, lake, columns=names)
    tonight = pc.field("night") == pa.scalar(context.night)
    yield catalogs.crossmatched(survey), read_rows(gold_crossmatched(survey), lake, tonight)
