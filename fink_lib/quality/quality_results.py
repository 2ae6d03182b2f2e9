"""The table `gold__quality_results`, and the rows of the small tables that the night's suites look at."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.community.checked import checked_rows
from fink_lib.files import JsonObject, to_json
from fink_lib.lake import tables
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.small import partitions, read_rows, replace_rows
from fink_lib.lake.tables.catalogs import gold_catalogs, gold_crossmatched
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.statistics import history
from fink_lib.quality.suites import SmallSuites

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

MOST_ROWS = 20_000  # of a table of objects that are judged


def record_results(context: NightContext, suites: Iterable[JsonObject]) -> int:
    """Replace the results of the night; return the version of the table.

    A night that is judged as before keeps its rows, with the run that first judged it so: the table then says what it
    said, as the manifest does.

    Parameters
    ----------
    context
        The night and its run.
    suites
        What each suite found, as `judge` returns it; together they take the place of all rows of the night.
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
        return int(delta_table(spec.path(lake)).version())
    return replace_rows(spec, lake, rows, {"survey": context.survey.name, "night": context.night.isoformat()})


def _verdicts(rows: Iterable[JsonObject]) -> list[str]:
    """Return what rows say, whoever judged and in whatever order they stand."""
    return sorted(to_json({name: value for name, value in row.items() if name != "run_id"}) for row in rows)


def recent_rows(context: NightContext, suites: SmallSuites) -> Iterator[tuple["ExpectationSuite", list[JsonObject]]]:
    """Yield each suite of a small table with the rows that it is about.

    What closing a night writes is judged for the nights before. The night's own rows are left out: there are none
    when it is closed first, and it must be judged alike each time.

    Parameters
    ----------
    context
        The night that is closed.
    suites
        Those of the small tables.
    """
    of_closings = {
        tables.gold_nights().full_name: suites.nights,
        tables.gold_statistics().full_name: suites.statistics,
        tables.gold_quality_results().full_name: suites.quality_results,
    }
    for table, rows in rows_before(context).items():
        yield of_closings[table](), rows
    yield from _of_records(context, suites)
    yield from _of_catalogs(context, suites)
    yield from _of_objects(context, suites)
    yield from _of_events(context, suites)


def rows_before(context: NightContext) -> dict[str, list[JsonObject]]:
    """Return, by table, what closings of the last nights before wrote."""
    lake, survey = context.settings.lake, context.survey.name
    before = (pc.field("survey") == survey) & _lately(context)
    nights, others = tables.gold_nights(), (tables.gold_statistics(), tables.gold_quality_results())
    found = {nights.full_name: read_rows(nights, lake, before)}
    return found | {spec.full_name: history.recent(spec, lake, survey, context.night) for spec in others}


def _lately(context: NightContext, night_column: str = "night") -> pc.Expression:
    """Return the condition of the nights that a closing looks back to: what it reads does not grow with all others."""
    lake, survey, night = context.settings.lake, context.survey.name, context.night
    known = history.nights_before(tables.gold_quality_results(), lake, survey, night)
    first = known[0] if known else night - dt.timedelta(days=history.TRAILING_NIGHTS)
    return (pc.field(night_column) < pa.scalar(night)) & (pc.field(night_column) >= pa.scalar(first))


def _of_records(context: NightContext, suites: SmallSuites) -> Iterator[tuple["ExpectationSuite", list[JsonObject]]]:
    """Yield what people and streams noted down: of the night where it bears one, else of the survey."""
    lake, survey = context.settings.lake, context.survey
    tonight, mine = pc.field("night") == pa.scalar(context.night), pc.field("survey") == survey.name
    undated = pc.field("night").is_null()
    yield suites.releases(survey), read_rows(tables.releases(survey.name), lake, tonight | undated)
    yield suites.topics(survey), read_rows(tables.bronze_topics(survey.name), lake)
    yield suites.known_losses(survey), read_rows(tables.gold_known_losses(survey.name), lake)
    yield suites.science_facts(survey), read_rows(tables.science_facts(survey.name), lake)
    yield suites.schemas(), read_rows(tables.bronze_schemas(), lake, mine)
    yield suites.decisions(), read_rows(tables.gold_decisions(), lake, mine)
    yield suites.user_filters(), read_rows(tables.gold_user_filters(), lake, mine)
    yield suites.notices(), read_rows(tables.gold_notices(), lake, mine & _lately(context))
    yield suites.community(), _of_people(context)
    yield suites.community_refused(), read_rows(tables.bronze_community_refused(), lake, _arrived_lately(context))
    yield suites.filter_failures(survey), read_rows(tables.gold_filter_failures(survey.name), lake, tonight)
    for of, spec in ((suites.tracklets, tables.gold_tracklets), (suites.asteroid_links, tables.gold_asteroid_links)):
        yield of(survey), history.recent(spec(survey.name), lake, survey.name, context.night)
    days = sorted(part["day"] for part in partitions(tables.gold_table_stats(), lake))[-history.TRAILING_NIGHTS :]
    chosen = pc.field("day").isin([dt.date.fromisoformat(day) for day in days])
    yield suites.table_stats(), read_rows(tables.gold_table_stats(), lake, chosen) if days else []


def _arrived_lately(context: NightContext) -> pc.Expression:
    """Return the condition of what arrived in the days before the night, whichever table it is of."""
    last = dt.datetime.combine(context.night, dt.time(), dt.UTC)
    first = last - dt.timedelta(days=history.TRAILING_NIGHTS)
    return (pc.field("received_at") >= pa.scalar(first)) & (pc.field("received_at") < pa.scalar(last))


def _of_people(context: NightContext) -> list[JsonObject]:
    """Return what was said in the days before the night; the log only grows, so that it is judged alike each time."""
    last = dt.datetime.combine(context.night, dt.time(), dt.UTC)
    return checked_rows(context.settings.lake, last - dt.timedelta(days=history.TRAILING_NIGHTS), last)


def _of_catalogs(context: NightContext, suites: SmallSuites) -> Iterator[tuple["ExpectationSuite", list[JsonObject]]]:
    lake, survey = context.settings.lake, context.survey
    spec = gold_catalogs()
    names = [name for name in spec.schema.names if name != "changed_cells"]  # thousands of cells a row
    yield suites.catalogs(), read_rows(spec, lake, columns=names)
    matched = history.recent(gold_crossmatched(survey.name), lake, survey.name, context.night)
    yield suites.crossmatched(survey), matched


def _of_objects(context: NightContext, suites: SmallSuites) -> Iterator[tuple["ExpectationSuite", list[JsonObject]]]:
    """Yield the objects and pairs that the last nights found; of very many the first."""
    survey, found = context.survey, _lately(context, "first_night")
    yield suites.objects(survey), _first_rows(context, tables.gold_objects(survey.name), found)
    yield suites.moving_objects(survey), _first_rows(context, tables.gold_moving_objects(survey.name), found)
    mine = (pc.field("survey_a") == survey.name) | (pc.field("survey_b") == survey.name)
    yield (
        suites.object_pairs(),
        _first_rows(context, tables.gold_object_pairs(), _lately(context, "since_night") & mine),
    )
    yield suites.phase_curves(), _first_rows(context, tables.gold_phase_curves(), pc.scalar(True))
    yield suites.periods(), _first_rows(context, tables.gold_periods(), pc.field("survey") == survey.name)


def _of_events(context: NightContext, suites: SmallSuites) -> Iterator[tuple["ExpectationSuite", list[JsonObject]]]:
    """Yield the notices of the last days, and what the last nights made of their events."""
    survey, first = context.survey, pa.scalar(context.night - dt.timedelta(days=history.TRAILING_NIGHTS))
    lately = pc.field("received_at") >= first.cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    yield suites.event_notices(), _first_rows(context, tables.bronze_event_notices(), lately)
    yield suites.events(), _first_rows(context, tables.gold_events(), lately)
    for make, spec in (
        (suites.event_searches, tables.gold_event_searches(survey.name)),
        (suites.event_matches, tables.gold_event_matches(survey.name)),
    ):
        yield make(survey), _first_rows(context, spec, _lately(context))


def _first_rows(context: NightContext, spec: TableSpec, where: pc.Expression) -> list[JsonObject]:
    path = spec.path(context.settings.lake)
    if not is_delta_table(path):
        return []
    plain = [one.name for one in spec.schema if not (pa.types.is_nested(one.type) or pa.types.is_binary(one.type))]
    rows: list[JsonObject] = dataset_of(delta_table(path)).head(MOST_ROWS, columns=plain, filter=where).to_pylist()
    return rows
