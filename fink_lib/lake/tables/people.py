"""The tables that all surveys share of what people decide and are told: reprocessings, their filters, notices."""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import CODE_VERSION, NIGHT
from fink_lib.lake.tables.closing import SURVEY
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import DATE, IDS, TS, D, L, S


def gold_decisions() -> TableSpec:
    """One row for each decision on a reprocessing."""
    return TableSpec(
        layer="gold",
        survey="",
        name="decisions",
        schema=pa.schema(
            [
                SURVEY,
                column("request_id", S, "The reprocessing."),
                column("first_night", DATE, "First night that it covers."),
                column("last_night", DATE, "Last night that it covers, included."),
                column("action", S, "promote, discard or undo."),
                column("decided_by", S, "Who decided so."),
                column("decided_at", TS, "When (UTC)."),
                column("reason", S, "For what reason."),
                column("facts", S, "Versions of the tables before and after, and digests of their nights, as JSON."),
            ]
        ),
        key=("request_id", "action"),
        comment="One row: a decision on a reprocessing: who, when, why, and what became of the tables (JSON).",
        written_by="reprocess",
        partitioned_by=("survey",),
    )


def gold_user_filters() -> TableSpec:
    """One row for each thing that was done with a user's filter; the newest ones say what runs."""
    return TableSpec(
        layer="gold",
        survey="",
        name="user_filters",
        schema=pa.schema(
            [
                SURVEY,
                column("name", S, "Name of the filter."),
                column("event", L, "Number of the event in the life of the filter, from 1."),
                column("action", S, "add, activate or pause."),
                column("version", L, "Number of the predicate: each `add` makes the next one."),
                column("owner", S, "Who answers for this version."),
                column("description", S, "What it selects, in one sentence."),
                column("predicate", S, "SQL over the columns of silver."),
                column("by", S, "Who caused the event; broker where a filter was switched off for its time."),
                column("at", TS, "When (UTC)."),
                column("reason", S, "For what reason; may be empty."),
                column("match_rate", D, "Share of a night's public alerts that it selected when activated; else null."),
                CODE_VERSION,
            ]
        ),
        key=("survey", "name", "event"),
        comment="One row: a user's filter added, activated or paused; by whom, when, why, at which match rate.",
        written_by="`fink filters`; distribute, for a filter that is slow",
        partitioned_by=("survey",),
    )


def gold_notices() -> TableSpec:
    """One row for each step of a notice: queued, tried, delivered."""
    return TableSpec(
        layer="gold",
        survey="",
        name="notices",
        schema=pa.schema(
            [
                column("subscription", S, "Name of the subscription that is told."),
                column("key", S, "Names the event: the same event has the same key."),
                SURVEY,
                NIGHT,
                column("step", L, "Number of the step in the life of the notice, from 1."),
                column("action", S, "queued or kept, sending, delivered, failed, uncertain."),
                column("at", TS, "When (UTC)."),
                column("subject", S, "One line for people; in the first step alone, as what follows."),
                column("text", S, "Some lines for people."),
                column("facts", S, "The same for programs, as JSON."),
                column("alert_ids", IDS, "Alerts that it tells of."),
                column("error", S, "What a try that failed said; else empty."),
                CODE_VERSION,
            ]
        ),
        key=("subscription", "key", "step"),
        comment="One row: a step of a notice to a subscription: queued or kept, sending, delivered, failed, uncertain.",
        written_by="notices",
        partitioned_by=("survey",),
    )
