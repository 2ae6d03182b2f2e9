"""Judge a night: the suites of its tables over the night's rows alone, its shares as a whole, and its drift.

Every result goes to `gold__quality_results` and to Data Docs in the night's folder, also when the night is stopped.
"""

import logging
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from expectations import bronze_alerts, drift, night_shares, published, quarantine, silver_alerts, silver_rejected
from fink_lib.errors import ExpectationFailed
from fink_lib.nightly import history, tallies
from fink_lib.nightly.counts import night_counts, shares
from fink_lib.nightly.docs import DocsFolder
from fink_lib.nightly.drift import MIN_NIGHTS, measure
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.judge import count_rules, empty_suite, judge, judge_row, judge_rows, quiet_context
from fink_lib.nightly.matches import judge_matches
from fink_lib.nightly.packet_nulls import packet_nulls
from fink_lib.nightly.profile import profile
from fink_lib.nightly.quality_results import recent_rows, record_results
from fink_lib.nightly.results import JsonObject
from fink_lib.nightly.snapshot import Snapshot, Table
from fink_lib.nightly.summary import CLASS, OUTSIDE, SCORE, Summary, filter_yields

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

logger = logging.getLogger(__name__)

SUITES: dict[Table, ModuleType] = {
    Table.BRONZE: bronze_alerts,
    Table.QUARANTINE: quarantine,
    Table.SILVER: silver_alerts,
    Table.REJECTED: silver_rejected,
    Table.PUBLISHED: published,
}
# Table → the counts that its rows of a night add up to
PARTS: Mapping[Table, tuple[str, ...]] = {
    Table.BRONZE: ("bronze",),
    Table.QUARANTINE: ("quarantine", "quarantine_enrich"),
    Table.SILVER: ("silver",),
    Table.REJECTED: ("rejected", "repeats"),
    Table.PUBLISHED: ("published", "counted"),
}


def run(context: NightContext) -> Outcome:
    """Run the suites; the outcome's failure is set when a critical expectation failed."""
    snapshot = Snapshot.now(context.session, context.survey, context.settings.lake)
    night = F.col("night") == F.lit(context.night)
    counts = night_counts(snapshot, context)
    empty = counts["bronze"] + counts["quarantine"] == 0
    docs = DocsFolder(context.folder)
    found = judge_night(context, counts, lambda table: snapshot.frame(table).where(night), docs)
    failed = [f"{suite['suite']}.{name}" for suite in found for name in suite["critical_failed"]]
    record_results(context, found)
    result = {
        "survey": context.survey.name,
        "night": context.night.isoformat(),
        "empty": empty,
        "suites": found,
        "passed": sum(suite["passed"] for suite in found),
        "failed": sum(suite["failed"] for suite in found),
        "critical_failed": failed,
        "docs": docs.write_index(f"{context.label}: {len(failed)} critical expectations failed"),
        "tables": dict(snapshot.versions),
    }
    logger.info("night=%s passed=%d failed=%d", context.label, result["passed"], result["failed"])
    if result["docs"]:
        logger.info("night=%s data docs: %s", context.label, (context.folder / result["docs"]).absolute().as_uri())
    return Outcome(result, _failure(context, found))


def judge_night(
    context: NightContext,
    counts: Mapping[str, int],
    rows_of: Callable[[Table], DataFrame],
    docs: DocsFolder | None = None,
) -> list[JsonObject]:
    """Run each suite on the rows that it is about; a table without rows in the night is not judged."""
    survey = context.survey
    if not any(counts[part] for parts in PARTS.values() for part in parts):
        return [empty_suite(_name(table, survey.name)) for table in SUITES]
    gx = quiet_context()
    found: list[JsonObject] = []
    for table, module in SUITES.items():
        if not sum(counts[part] for part in PARTS[table]):
            found.append(empty_suite(_name(table, survey.name)))
            continue
        rules = module.rules(survey)
        counted = count_rules(rows_of(table), rules, module.KEYS)
        found.append(judge(gx, counted, rules, module.suite(survey), docs))
    found.append(judge_row(gx, shares(counts), night_shares.suite(survey), docs))
    found.append(judge_matches(context, gx, docs))
    return [*found, *_small_tables(context, gx, docs), *_drift(context, gx, counts, rows_of, docs)]


def _small_tables(context: NightContext, gx: "AbstractDataContext", docs: DocsFolder | None) -> list[JsonObject]:
    found = []
    for suite, rows in recent_rows(context):
        found.append(judge_rows(gx, rows, suite, docs) if rows else empty_suite(suite.name))
    return found


def _drift(
    context: NightContext,
    gx: "AbstractDataContext",
    counts: Mapping[str, int],
    rows_of: Callable[[Table], DataFrame],
    docs: DocsFolder | None,
) -> list[JsonObject]:
    """Compare the night with those before it; with too few of them nothing is judged."""
    survey = context.survey.name
    trailing = list(history.trailing(context.settings.lake, survey, context.night).values())
    if len(trailing) < MIN_NIGHTS:
        return [empty_suite(f"{survey}__drift")]
    now = tonight(survey, counts, rows_of)
    now["null_share"] |= packet_nulls(context)
    measures = measure(now, trailing)
    if not measures:
        return [empty_suite(f"{survey}__drift")]
    return [judge_row(gx, {one.name: one.value for one in measures}, drift.suite(survey, measures), docs)]


def tonight(survey: str, counts: Mapping[str, int], rows_of: Callable[[Table], DataFrame]) -> Summary:
    """Return the part of the night's summary that its drift is measured by."""
    silver = rows_of(Table.SILVER)
    profiled = profile(survey, silver)
    labels = tallies.class_columns(survey, silver)
    classes = tallies.classes(silver.select("band", *labels), ["band", *labels])
    bands = classes.pop("band", {})
    return {
        "count": {name: float(count) for name, count in counts.items()},
        "null_share": profiled["null_shares"],
        "silver_band": _floats(bands),
        OUTSIDE: _floats(profiled["scores_outside"]),
        **{f"{CLASS}{column}": _floats(found) for column, found in classes.items()},
        **{f"{SCORE}{column}": _floats(found) for column, found in profiled["scores"].items()},
        **filter_yields(tallies.filters(survey, rows_of(Table.PUBLISHED))),
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


def _name(table: Table, survey: str) -> str:
    names = {
        Table.BRONZE: f"bronze_{survey}__alerts",
        Table.QUARANTINE: f"bronze_{survey}__quarantine",
        Table.SILVER: f"silver_{survey}__alerts",
        Table.REJECTED: f"silver_{survey}__rejected",
        Table.PUBLISHED: f"gold_{survey}__published",
    }
    return names[table]


def _floats(counts: Mapping[str, int]) -> dict[str, float]:
    return {name: float(count) for name, count in counts.items()}
