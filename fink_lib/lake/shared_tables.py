"""The tables that all surveys share: what closing a night says, and what people and upkeep did."""

import pyspark.sql.types as T

from fink_lib.lake.column_types import DATE, TS, D, L, N, S, struct
from fink_lib.lake.table import TableSpec


def gold_nights() -> TableSpec:
    """One row for each time that a night was closed; the highest version is the one in force."""
    return TableSpec(
        layer="gold",
        survey="",
        name="nights",
        schema=struct(
            ("survey", S),
            ("night", DATE),
            ("version", N),
            ("closed_at", TS),
            ("run_id", S),
            ("equation_holds", T.BooleanType()),
            ("offered", L),
            ("bronze", L),
            ("quarantine", L),
            ("silver", L),
            ("rejected", L),
            ("repeats", L),
            ("manifest", S),
        ),
        key=("survey", "night", "version"),
        comment="One row: a night closed, with its manifest as JSON.",
        partitioned_by=("survey",),
    )


def gold_decisions() -> TableSpec:
    """One row for each decision on a reprocessing."""
    return TableSpec(
        layer="gold",
        survey="",
        name="decisions",
        schema=struct(
            ("survey", S),
            ("request_id", S),
            ("first_night", DATE),
            ("last_night", DATE),
            ("action", S),
            ("decided_by", S),
            ("decided_at", TS),
            ("reason", S),
            ("facts", S),
        ),
        key=("request_id", "action"),
        comment="One row: a decision on a reprocessing: who, when, why, and what became of the tables (JSON).",
        partitioned_by=("survey",),
    )


def gold_user_filters() -> TableSpec:
    """One row for each thing that was done with a user's filter; the newest ones say what runs."""
    return TableSpec(
        layer="gold",
        survey="",
        name="user_filters",
        schema=struct(
            ("survey", S),
            ("name", S),
            ("event", L),
            ("action", S),
            ("version", L),
            ("owner", S),
            ("description", S),
            ("predicate", S),
            ("by", S),
            ("at", TS),
            ("reason", S),
            ("match_rate", D),
            ("code_version", S),
        ),
        key=("survey", "name", "event"),
        comment="One row: a user's filter added, activated or paused; by whom, when, why, at which match rate.",
        partitioned_by=("survey",),
    )


def gold_notices() -> TableSpec:
    """One row for each step of a notice: queued, tried, delivered."""
    return TableSpec(
        layer="gold",
        survey="",
        name="notices",
        schema=struct(
            ("subscription", S),
            ("key", S),
            ("survey", S),
            ("night", DATE),
            ("step", L),
            ("action", S),
            ("at", TS),
            ("subject", S),
            ("text", S),
            ("facts", S),
            ("alert_ids", T.ArrayType(L)),
            ("error", S),
            ("code_version", S),
        ),
        key=("subscription", "key", "step"),
        comment="One row: a step of a notice to a subscription: queued or kept, sending, delivered, failed, uncertain.",
        partitioned_by=("survey",),
    )


def gold_statistics() -> TableSpec:
    """Every number of every night, one a row; sums over nights are cumulative statistics."""
    return TableSpec(
        layer="gold",
        survey="",
        name="statistics",
        schema=struct(("survey", S), ("night", DATE), ("measure", S), ("name", S), ("value", D)),
        key=("survey", "night", "measure", "name"),
        comment="One row: a number of a night, for example measure `class:vsx`, name `RRAB`.",
        partitioned_by=("survey", "night"),
        append_only=False,
    )


def gold_quality_results() -> TableSpec:
    """Every result of every expectation, night by night."""
    return TableSpec(
        layer="gold",
        survey="",
        name="quality_results",
        schema=struct(
            ("survey", S),
            ("night", DATE),
            ("suite", S),
            ("expectation", S),
            ("severity", S),
            ("success", T.BooleanType()),
            ("observed", S),
            ("rows", L),
            ("unexpected", L),
            ("meaning", S),
            ("run_id", S),
        ),
        key=("survey", "night", "suite", "expectation"),
        comment="One row: what an expectation found in a night, as it was last judged.",
        partitioned_by=("survey", "night"),
        append_only=False,
    )


def gold_upkeep() -> TableSpec:
    """Every table's files on the days that the lake was tidied up."""
    return TableSpec(
        layer="gold",
        survey="",
        name="upkeep",
        schema=struct(
            ("day", DATE),
            ("at", TS),
            ("table", S),
            ("files", L),
            ("bytes", L),
            ("rows", L),
            ("partitions", L),
            ("fewest", L),
            ("crowded", L),
            ("removed", L),
            ("removed_bytes", L),
            ("kept_because", S),
        ),
        key=("day", "table"),
        comment="One row: a table's files on a day, how few would do, and what vacuum removed.",
        partitioned_by=("day",),
        append_only=False,
    )
