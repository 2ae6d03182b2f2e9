"""Count a night: at each stage, by filter, band, class and place on the sky, and how long each stage took.

The numbers go to `gold__statistics` too, one a row; beside them stand those of the nights before, as they were then:
whoever draws the night again later draws the same page.
"""

import logging

import pyarrow.compute as pc

from fink_lib.enrich.cost_file import cost_path, read_cost
from fink_lib.files import JsonObject
from fink_lib.lake.rows import Rows
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import gold_filter_failures
from fink_lib.lake.versions import Table
from fink_lib.nightly.balanced import balanced
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.statistics import group_counts, history, tracklets
from fink_lib.nightly.statistics.counts import night_counts
from fink_lib.nightly.statistics.latency import latencies
from fink_lib.nightly.statistics.packet_nulls import packet_nulls
from fink_lib.nightly.statistics.profile import profile
from fink_lib.nightly.statistics.strange import strange_schemas
from fink_lib.nightly.statistics.summary import summarise
from fink_lib.nightly.statistics.whole_way import by_hour, since_observed
from fink_lib.streams.spec import Stage, StreamSpec

logger = logging.getLogger(__name__)


def run(context: NightContext) -> Outcome:
    """Compute the statistics of the night, and record them in `gold__statistics`."""
    pinned = balanced(context)
    rows = {table: pinned.of_night(table, context.night) for table in Table}
    counts = night_counts(rows)
    result = {
        "survey": context.survey.name,
        "night": context.night.isoformat(),
        "counts": counts,
        **_bronze_facts(context, rows[Table.BRONZE]),
        **_silver_facts(context, rows[Table.SILVER], pinned.versions[Table.SILVER]),
        "rejected": group_counts.reasons(rows[Table.REJECTED]),
        "quarantine": group_counts.damages(rows[Table.QUARANTINE]),
        "filters": group_counts.filters(context.survey.name, rows[Table.PUBLISHED]),
        "filter_failures": filter_failures(context),
        **latencies(rows),
        "latency_observed": since_observed(rows, context.survey.night),
        "latency_hours": by_hour(rows),
        "tracklets": tracklets.link(context, rows[Table.SILVER]),
        "science_cost": science_cost(context),
        "tables": dict(pinned.versions),
    }
    logger.info("night=%s bronze=%d silver=%d", context.label, counts["bronze"], counts["silver"])
    return Outcome(result | recorded(context, result))


def science_cost(context: NightContext) -> JsonObject:
    """Return what the enrich stream spent on the night: alerts, and by science module seconds of computing."""
    stream = StreamSpec(context.survey.name, Stage.ENRICH, context.settings).paths.root
    return read_cost(cost_path(stream, context.night))


def filter_failures(context: NightContext) -> list[JsonObject]:
    """Return, for each filter that raised, on how many alerts of the night, and the first reason."""
    night = pc.field("night") == context.night
    rows = read_rows(gold_filter_failures(context.survey.name), context.settings.lake, night)
    found: dict[str, JsonObject] = {}
    for row in sorted(rows, key=lambda row: (row["filter"], row["alert_id"], row["filter_version"])):
        first = {"filter": row["filter"], "alerts": 0, "alert_id": row["alert_id"], "reason": row["reason"]}
        found.setdefault(row["filter"], first)["alerts"] += 1
    return list(found.values())


def recorded(context: NightContext, result: JsonObject) -> JsonObject:
    """Record the night's summary; return those of the nights before, and the sums over all nights up to this one.

    Parameters
    ----------
    context
        The night.
    result
        Of the step, as `summarise` reads it.

    Returns
    -------
    ``trailing`` (night → summary) and ``cumulative``, for the same result.
    """
    lake, survey, night = context.settings.lake, context.survey.name, context.night
    history.record(lake, survey, night, summarise(result))
    before = history.trailing(lake, survey, night)
    return {
        "trailing": {past.isoformat(): summary for past, summary in before.items()},
        "cumulative": history.cumulative(lake, survey, night),
    }


def _bronze_facts(context: NightContext, bronze: Rows) -> JsonObject:
    schemas = group_counts.by_value(bronze.column("schema_sha256"))
    return {
        **group_counts.totals(bronze, context.survey.report.sky_field),
        "bands": group_counts.by_value(bronze.column("band")),
        "schema_versions": group_counts.by_value(bronze.column("schema_version")),
        "strange_schemas": strange_schemas(context.settings.lake, schemas),
        "sky": group_counts.sky(bronze),
    }


def _silver_facts(context: NightContext, silver: Rows, version: int | None) -> JsonObject:
    profiled = profile(context.survey, silver)
    return {
        **profiled,
        "null_shares": profiled["null_shares"] | packet_nulls(context, version),
        "code_versions": group_counts.by_value(silver.column("code_version")),
        "silver_bands": group_counts.by_value(silver.column("band")),
        "classes": group_counts.classes(silver, group_counts.class_columns(context.survey.name, silver)),
        "science_versions": group_counts.science_versions(silver),
        "science_errors": group_counts.science_errors(silver),
    }
