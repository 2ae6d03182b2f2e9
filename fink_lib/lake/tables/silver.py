"""The silver tables of a survey: alerts with their science, what it was made with, and alerts that were rejected."""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import (
    BY_NAME,
    CODE_VERSION,
    ENRICH_TIME,
    IDENTITY_COLUMNS,
    INGEST_TIME,
    KAFKA_COLUMNS,
    KAFKA_KEY,
    SCHEMA_VERSION,
    SKY,
)
from fink_lib.lake.tables.partner import PARTNER_COLUMNS
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import BOOL, TEXT_MAP, TEXTS, TS, S

NO_COLUMNS = pa.schema([])
REPEAT = "repeat"  # the reason of an alert that had arrived before


def silver_alerts(survey: str, packet: pa.Schema, science: pa.Schema = NO_COLUMNS) -> TableSpec:
    """Every alert that passed the cuts, with its science, without cutouts.

    Parameters
    ----------
    survey
        Name of the survey.
    packet
        Columns of a decoded packet at root level, without cutouts.
    science
        Columns that science modules add.
    """
    head = (
        *IDENTITY_COLUMNS,
        *KAFKA_COLUMNS,
        INGEST_TIME,
        ENRICH_TIME,
        SCHEMA_VERSION,
        CODE_VERSION,
        column("science_versions", TEXT_MAP, "Module, catalogue or model that was used → its version."),
        column("science_digest", S, "Names the state of all of them, see science_facts; null for a mix of states."),
        column("science_errors", TEXT_MAP, "Module that has no result for this alert → why."),
        *PARTNER_COLUMNS,
    )
    return TableSpec(
        layer="silver",
        survey=survey,
        name="alerts",
        schema=pa.schema([*head, *science, *packet]),
        key=("alert_id",),
        comment="One row: an alert with its science; cutouts stay in bronze.",
        written_by="enrich; promotions of a reprocessing",
        append_only=False,  # a night that is reprocessed replaces its rows
        indexed_columns=11,
        clustered_by=SKY,
        looked_up_by=BY_NAME,
    )


def science_facts(survey: str) -> TableSpec:
    """Versions that each ``science_digest`` of silver stands for."""
    return TableSpec(
        layer="silver",
        survey=survey,
        name="science_facts",
        schema=pa.schema(
            [
                column("digest", S, "Names one state of all modules, catalogues and models."),
                column("kind", S, "What the row is about: code, module, catalog or model."),
                column("name", S, "Its name."),
                column("version", S, "Its version in that state, or a version and the start of a SHA-256."),
                column("outputs", S, "Columns of silver that it decides, also through others; commas between them."),
                column("reference", S, "What to cite."),
                column("since", TS, "When a stream first started in that state (UTC)."),
            ]
        ),
        key=("digest", "kind", "name", "outputs"),
        comment="One row: the version of a module, catalogue or model, in one state of all of them.",
        written_by="enrich",
        partitioned_by=("digest",),
    )


def silver_rejected(survey: str) -> TableSpec:
    """Every alert that failed a cut, and every repeat of an alert that had arrived before."""
    return TableSpec(
        layer="silver",
        survey=survey,
        name="rejected",
        schema=pa.schema(
            [
                *IDENTITY_COLUMNS,
                *KAFKA_COLUMNS,
                INGEST_TIME,
                ENRICH_TIME,
                column("is_duplicate", BOOL, "True for an alert that had arrived before."),
                column("reasons", TEXTS, f"Names of the cuts that it failed; `{REPEAT}` for a repeat."),
                CODE_VERSION,
            ]
        ),
        key=KAFKA_KEY,
        comment="One row: an alert that failed a cut (every failed cut is named), or a repeat.",
        written_by="enrich; promotions of a reprocessing",
        append_only=False,  # a night that is reprocessed replaces its rows
        indexed_columns=11,
        clustered_by=SKY,
        looked_up_by=BY_NAME,
    )
