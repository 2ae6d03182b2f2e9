"""Count a night: at each stage, by filter, band, class and place on the sky, and how long each stage took.

The numbers go to `gold__statistics` too, one a row; beside them stand those of the nights before, as they were then:
whoever draws the night again later draws the same page.
"""

import logging

import pyarrow.compute as pc
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from fink_lib.enrich.cost import cost_path, read_cost
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import gold_filter_failures
from fink_lib.nightly import history, tallies, tracklets
from fink_lib.nightly.counts import night_counts
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.latency import latencies
from fink_lib.nightly.packet_nulls import packet_nulls
from fink_lib.nightly.profile import profile
from fink_lib.nightly.results import JsonObject
from fink_lib.nightly.snapshot import Snapshot, Table
from fink_lib.nightly.summary import summarise
from fink_lib.streaming.spec import Stage, StreamSpec

logger = logging.getLogger(__name__)


def run(context: NightContext) -> Outcome:
    """Compute the statistics of the night, and record them in `gold__statistics`."""
    snapshot = Snapshot.balanced(context)
    night = F.col("night") == F.lit(context.night)
    frames = {table: snapshot.frame(table).where(night) for table in Table}
    counts = night_counts(snapshot, context)
    result = {
        "survey": context.survey.name,
        "night": context.night.isoformat(),
        "counts": counts,
        **_bronze_facts(frames[Table.BRONZE]),
        **_silver_facts(context, frames[Table.SILVER], snapshot.versions[Table.SILVER]),
        "rejected": tallies.reasons(frames[Table.REJECTED]),
        "quarantine": tallies.damages(frames[Table.QUARANTINE]),
        "filters": tallies.filters(context.survey.name, frames[Table.PUBLISHED]),
        "filter_failures": filter_failures(context),
        **latencies(frames),
        "tracklets": tracklets.link(context, frames[Table.SILVER]),
        "science_cost": science_cost(context),
        "tables": dict(snapshot.versions),
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
    rows = read_rows(gold_filter_failures(context.survey), context.settings.lake, night)
    found: dict[str, JsonObject] = {}
    for row in sorted(rows, key=lambda row: (row["filter"], row["alert_id"], row["filter_version"])):
        first = {"filter": row["filter"], "alerts": 0, "alert_id": row["alert_id"], "reason": row["reason"]}
        found.setdefault(row["filter"], first)["alerts"] += 1
    return list(found.values())


def recorded(context: NightContext, result: JsonObject) -> JsonObject:
    """Record the night's summary; return those of the nights before, and the sums over all nights up to this one."""
    lake, survey, night = context.settings.lake, context.survey.name, context.night
    history.record(lake, survey, night, summarise(result))
    before = history.trailing(lake, survey, night)
    return {
        "trailing": {past.isoformat(): summary for past, summary in before.items()},
        "cumulative": history.cumulative(lake, survey, night),
    }


def _bronze_facts(bronze: DataFrame) -> JsonObject:
    rows = tallies.bronze_columns(bronze).cache()
    try:
        return {
            **tallies.totals(rows),
            "bands": tallies.by_value(rows, "band"),
            "schema_versions": tallies.by_value(rows, "schema_version"),
            "sky": tallies.sky(rows),
        }
    finally:
        rows.unpersist()


def _silver_facts(context: NightContext, silver: DataFrame, version: int | None) -> JsonObject:
    survey = context.survey.name
    classes = tallies.class_columns(survey, silver)
    rows = silver.select("band", "code_version", "science_versions", "science_errors", *classes).cache()
    try:
        profiled = profile(survey, silver)
        return {
            **profiled,
            "null_shares": profiled["null_shares"] | packet_nulls(context, version),
            "code_versions": tallies.by_value(rows, "code_version"),
            "silver_bands": tallies.by_value(rows, "band"),
            "classes": tallies.classes(rows, classes),
            "science_versions": tallies.science_versions(rows),
            "science_errors": tallies.science_errors(rows),
        }
    finally:
        rows.unpersist()
