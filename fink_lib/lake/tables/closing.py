"""The tables that all surveys share of what is done by night and by day: closing, numbers, verdicts, files."""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import NIGHT
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import BOOL, DATE, TS, D, L, N, S

SURVEY = column("survey", S, "Name of the survey.")
RUN_ID = column("run_id", S, "Run that wrote the row.")


def gold_nights() -> TableSpec:
    """One row for each time that a night was closed; the highest version is the one in force."""
    return TableSpec(
        layer="gold",
        survey="",
        name="nights",
        schema=pa.schema(
            [
                SURVEY,
                NIGHT,
                column("version", N, "1 for the first closing of a night, one more for each that says something new."),
                column("closed_at", TS, "When the night was closed (UTC)."),
                RUN_ID,
                column("equation_holds", BOOL, "True when every message is in exactly one place."),
                column("offered", L, "Messages that the survey offered."),
                column("bronze", L, "Of those, in bronze."),
                column("quarantine", L, "Of those, set aside by ingest."),
                column("silver", L, "Alerts of bronze in silver."),
                column("rejected", L, "Alerts of bronze that failed a cut."),
                column("repeats", L, "Alerts of bronze that had arrived before."),
                column("manifest", S, "Everything that closing found, as JSON."),
            ]
        ),
        key=("survey", "night", "version"),
        comment="One row: a night closed, with its manifest as JSON.",
        written_by="the closing of a night (manifest)",
        partitioned_by=("survey",),
    )


def gold_statistics() -> TableSpec:
    """Every number of every night, one a row; sums over nights are cumulative statistics."""
    return TableSpec(
        layer="gold",
        survey="",
        name="statistics",
        schema=pa.schema(
            [
                SURVEY,
                NIGHT,
                column("measure", S, "What was counted or measured, for example `count` or `class:vsx`."),
                column("name", S, "Of which stage, class, filter, column or module."),
                column("value", D, "The number.", "s for `latency:…` and `science_s`, else none"),
            ]
        ),
        key=("survey", "night", "measure", "name"),
        comment="One row: a number of a night, for example measure `class:vsx`, name `RRAB`.",
        written_by="the closing of a night (statistics)",
        partitioned_by=("survey", "night"),
        append_only=False,
    )


def gold_quality_results() -> TableSpec:
    """Every result of every expectation, night by night."""
    return TableSpec(
        layer="gold",
        survey="",
        name="quality_results",
        schema=pa.schema(
            [
                SURVEY,
                NIGHT,
                column("suite", S, "Table, or aspect of the night, that was judged."),
                column("expectation", S, "Name of the expectation."),
                column("severity", S, "critical stops the night; warning and info are reported."),
                column("success", BOOL, "True when the night fulfils it."),
                column("observed", S, "What was found."),
                column("rows", L, "Rows that were looked at."),
                column("unexpected", L, "Of those, rows that break it."),
                column("meaning", S, "The expectation in one sentence."),
                RUN_ID,
            ]
        ),
        key=("survey", "night", "suite", "expectation"),
        comment="One row: what an expectation found in a night, as it was last judged.",
        written_by="the closing of a night (quality)",
        partitioned_by=("survey", "night"),
        append_only=False,
    )


def gold_table_stats() -> TableSpec:
    """Every table's files on the days that the lake was tidied up."""
    return TableSpec(
        layer="gold",
        survey="",
        name="table_stats",
        schema=pa.schema(
            [
                column("day", DATE, "Day of the run (UTC)."),
                column("at", TS, "Time of the run (UTC)."),
                column("table", S, "Name of the table."),
                column("files", L, "Files of its newest version."),
                column("bytes", L, "Size of those files.", "byte"),
                column("rows", L, "Rows in those files."),
                column("partitions", L, "Partitions that they are in."),
                column("fewest", L, "How few files would hold as much at the size aimed at."),
                column("crowded", L, "Partitions with clearly more files than that."),
                column("removed", L, "Files that vacuum removed."),
                column("removed_bytes", L, "Size of the files removed.", "byte"),
                column("kept_because", S, "Why nothing was removed; empty where vacuum ran."),
            ]
        ),
        key=("day", "table"),
        comment="One row: a table's files on a day, how few would do, and what vacuum removed.",
        written_by="maintenance",
        partitioned_by=("day",),
        append_only=False,
    )
