"""Judge a night: the suites of bronze and silver over the night's rows alone, and its shares as a whole."""

import logging
from collections.abc import Callable
from types import ModuleType

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from expectations import bronze_alerts, night_shares, silver_alerts
from fink_lib.errors import ExpectationFailed
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.judge import empty_suite, judge, quiet_context, rule_columns
from fink_lib.nightly.results import JsonObject
from fink_lib.nightly.snapshot import Snapshot, Table
from fink_lib.streaming.spec import Stage

logger = logging.getLogger(__name__)

SUITES: dict[Table, ModuleType] = {Table.BRONZE: bronze_alerts, Table.SILVER: silver_alerts}


def run(context: NightContext) -> Outcome:
    """Run the suites; the outcome's failure is set when a critical expectation failed."""
    snapshot = Snapshot.now(context.session, context.survey, context.settings.lake)
    night = F.col("night") == F.lit(context.night)
    counts = night_counts(snapshot, context)
    found = judge_night(context, counts, lambda table: snapshot.frame(table).where(night))
    failed = [f"{suite['suite']}.{name}" for suite in found for name in suite["critical_failed"]]
    result = {
        "survey": context.survey.name,
        "night": context.night.isoformat(),
        "empty": counts["bronze"] + counts["quarantine"] == 0,
        "suites": found,
        "passed": sum(suite["passed"] for suite in found),
        "failed": sum(suite["failed"] for suite in found),
        "critical_failed": failed,
        "tables": dict(snapshot.versions),
    }
    logger.info("night=%s passed=%d failed=%d", context.label, result["passed"], result["failed"])
    return Outcome(result, _failure(context, found))


def judge_night(
    context: NightContext, counts: dict[str, int], rows_of: Callable[[Table], DataFrame]
) -> list[JsonObject]:
    """Run each suite on the rows that it is about."""
    survey, gx = context.survey, None
    found: list[JsonObject] = []
    for table, module in SUITES.items():
        if counts[str(table)] == 0:
            found.append(empty_suite(f"{table}_{survey.name}__alerts"))
            continue
        gx = gx or quiet_context()
        frame = rule_columns(rows_of(table), module.rules(survey), module.COLUMNS).cache()
        try:
            found.append(judge(gx, frame, module.suite(survey)))
        finally:
            frame.unpersist()
    if gx is not None:
        facts = context.session.createDataFrame([shares(counts)])
        found.append(judge(gx, facts, night_shares.suite(survey)))
    return found


def night_counts(snapshot: Snapshot, context: NightContext) -> dict[str, int]:
    """Count the night's rows by place, in one job."""
    stage = F.col("stage") == str(Stage.ENRICH)
    places = {
        Table.BRONZE: F.lit("bronze"),
        Table.SILVER: F.lit("silver"),
        Table.REJECTED: F.when(F.col("is_repeat"), F.lit("repeats")).otherwise(F.lit("rejected")),
        Table.QUARANTINE: F.when(stage, F.lit("quarantine_enrich")).otherwise(F.lit("quarantine")),
    }
    counts = dict.fromkeys(("bronze", "silver", "rejected", "repeats", "quarantine", "quarantine_enrich"), 0)
    whole: DataFrame | None = None
    for table, place in places.items():
        rows = snapshot.frame(table).where(F.col("night") == F.lit(context.night)).select(place.alias("place"))
        whole = rows if whole is None else whole.unionAll(rows)
    assert whole is not None  # noqa: S101 - there are four places
    return counts | {row["place"]: row["count"] for row in whole.groupBy("place").count().collect()}


def shares(counts: dict[str, int]) -> dict[str, float]:
    """Return the shares that `night_shares` judges; 0 where there is nothing to share."""

    def share(part: str, *wholes: str) -> float:
        total = sum(counts[whole] for whole in wholes)
        return counts[part] / total if total else 0.0

    return {
        "quarantined_share": share("quarantine", "bronze", "quarantine"),
        "quarantined_enrich_share": share("quarantine_enrich", "bronze"),
        "rejected_share": share("rejected", "bronze"),
        "repeated_share": share("repeats", "bronze"),
    }


def _failure(context: NightContext, found: list[JsonObject]) -> ExpectationFailed | None:
    told = [
        f"{suite['suite']}.{one['name']} ({one['observed']})"
        for suite in found
        for one in suite["expectations"]
        if not one["success"] and one["severity"] == "critical"
    ]
    if not told:
        return None
    return ExpectationFailed(
        f"{len(told)} critical expectation{'s' * (len(told) > 1)} failed on the night {context.label}: "
        + ", ".join(told)
    )
