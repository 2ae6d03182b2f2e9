"""Judge a night: the suites of its tables over the night's rows alone, its shares as a whole, and its drift.

Every result goes to `gold__quality_results` and to Data Docs in the night's folder, also when the night is stopped.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fink_lib.errors import ExpectationFailed
from fink_lib.files import JsonObject
from fink_lib.lake.rows import Rows
from fink_lib.lake.versions import Table
from fink_lib.nightly.balanced import newest
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.statistics import group_counts, history
from fink_lib.nightly.statistics.counts import night_counts, shares
from fink_lib.nightly.statistics.packet_nulls import packet_nulls
from fink_lib.nightly.statistics.profile import profile
from fink_lib.nightly.statistics.summary import CLASS, OUTSIDE, SCORE, Summary, filter_yields
from fink_lib.quality.docs import DocsFolder
from fink_lib.quality.drift import MIN_NIGHTS, measure
from fink_lib.quality.matches import judge_matches
from fink_lib.quality.quality_results import recent_rows, record_results
from fink_lib.quality.run_suites import count_rules, empty_suite, judge, judge_row, judge_rows, quiet_context
from fink_lib.quality.suites import Suites
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import night_specs

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

logger = logging.getLogger(__name__)

# Table → the counts that its rows of a night add up to
PARTS: Mapping[Table, tuple[str, ...]] = {
    Table.BRONZE: ("bronze",),
    Table.QUARANTINE: ("quarantine", "quarantine_enrich"),
    Table.SILVER: ("silver",),
    Table.REJECTED: ("rejected", "repeats"),
    Table.PUBLISHED: ("published", "counted"),
}


def run(context: NightContext, suites: Suites) -> Outcome:
    """Run the suites; the outcome's failure is set when a critical expectation failed.

    Parameters
    ----------
    context
        The night; its tables are judged at their newest versions.
    suites
        Everything that it is judged by.
    """
    pinned = newest(context)
    rows = {table: pinned.of_night(table, context.night) for table in Table}
    counts = night_counts(rows)
    empty = counts["bronze"] + counts["quarantine"] == 0
    docs = DocsFolder(context.folder)
    found = judge_night(context, suites, rows, docs)
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
        "tables": dict(pinned.versions),
    }
    logger.info("night=%s passed=%d failed=%d", context.label, result["passed"], result["failed"])
    if result["docs"]:
        logger.info("night=%s data docs: %s", context.label, (context.folder / result["docs"]).absolute().as_uri())
    return Outcome(result, _failure(context, found))


def judge_night(
    context: NightContext,
    suites: Suites,
    rows: Mapping[Table, Rows],
    docs: DocsFolder | None = None,
) -> list[JsonObject]:
    """Run each suite on the rows that it is about; a table without rows in the night is not judged.

    Parameters
    ----------
    context
        The night.
    suites
        Everything that it is judged by.
    rows
        Rows of the night in each table.
    docs
        Takes the page of each suite; None draws none.

    Returns
    -------
    What each suite found.
    """
    survey, specs, counts = context.survey, night_specs(context.survey), night_counts(rows)
    if not any(counts[part] for parts in PARTS.values() for part in parts):
        return [empty_suite(specs[table].full_name) for table in suites.rows]
    gx = quiet_context()
    found: list[JsonObject] = []
    for table, expected in suites.rows.items():
        if not sum(counts[part] for part in PARTS[table]):
            found.append(empty_suite(specs[table].full_name))
            continue
        rules = expected.rules(survey)
        counted = count_rules(rows[table].with_columns(specs[table].plain_schema), rules, expected.keys)
        found.append(judge(gx, counted, rules, expected.suite(survey), docs))
    found.append(judge_row(gx, shares(counts), suites.shares(survey), docs))
    found.append(judge_matches(context, suites.matches, gx, docs))
    found += _small_tables(context, suites, gx, docs)
    return [*found, *_drift(context, suites, gx, rows, counts, docs=docs)]


def _small_tables(
    context: NightContext, suites: Suites, gx: "AbstractDataContext", docs: DocsFolder | None
) -> list[JsonObject]:
    found = []
    for suite, rows in recent_rows(context, suites.small):
        found.append(judge_rows(gx, rows, suite, docs) if rows else empty_suite(suite.name))
    return found


def _drift(
    context: NightContext,
    suites: Suites,
    gx: "AbstractDataContext",
    rows: Mapping[Table, Rows],
    counts: Mapping[str, int],
    *,
    docs: DocsFolder | None,
) -> list[JsonObject]:
    """Compare the night with those before it; with too few of them nothing is judged."""
    survey = context.survey.name
    trailing = list(history.trailing(context.settings.lake, survey, context.night).values())
    if len(trailing) < MIN_NIGHTS:
        return [empty_suite(f"{survey}__drift")]
    now = tonight(context.survey, rows, counts)
    now["null_share"] |= packet_nulls(context)
    measures = measure(now, trailing)
    if not measures:
        return [empty_suite(f"{survey}__drift")]
    return [judge_row(gx, {one.name: one.value for one in measures}, suites.drift(survey, measures), docs)]


def tonight(survey: Survey, rows: Mapping[Table, Rows], counts: Mapping[str, int]) -> Summary:
    """Return the part of the night's summary that its drift is measured by.

    Parameters
    ----------
    survey
        Whose night.
    rows
        Rows of the night in each table.
    counts
        Alerts by stage, as `night_counts` counts them.
    """
    silver = rows[Table.SILVER]
    profiled = profile(survey, silver)
    labels = group_counts.class_columns(survey.name, silver)
    classes = group_counts.classes(silver, ["band", *labels])
    bands = classes.pop("band", {})
    return {
        "count": {name: float(count) for name, count in counts.items()},
        "null_share": profiled["null_shares"],
        "silver_band": _floats(bands),
        OUTSIDE: _floats(profiled["scores_outside"]),
        **{f"{CLASS}{column}": _floats(found) for column, found in classes.items()},
        **{f"{SCORE}{column}": _floats(found) for column, found in profiled["scores"].items()},
        **filter_yields(group_counts.filters(survey.name, rows[Table.PUBLISHED])),
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


def _floats(counts: Mapping[str, int]) -> dict[str, float]:
    return {name: float(count) for name, count in counts.items()}
