"""The log of what people and programs say about alerts: one append-only table, of which nothing is ever changed."""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import CODE_VERSION
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import DATE, TS, B, D, L, N, S

CITES = pa.list_(pa.field("element", pa.struct([pa.field("uri", S), pa.field("relation", S)])))


def gold_community() -> TableSpec:
    """One row for each statement by somebody about an object, an alert, a night or another statement."""
    return TableSpec(
        layer="gold",
        survey="",
        name="community",
        schema=pa.schema(
            [
                column("month", DATE, "First day of the month of `at`."),
                column("statement_id", S, "UUID of version 7 (RFC 9562); statements sort by time."),
                column("kind", S, "What is said: classification, vote, comment, claim, followup_request, …."),
                column("at", TS, "When it was written (UTC); later than that of every row before."),
                column("survey", S, "Whose object or alert; null for what is about no survey."),
                column("object_id", S, "The object that it is about."),
                column("alert_id", L, "The alert that it is about."),
                column("about_night", DATE, "The night that it is about."),
                column("about_statement", S, "The statement that it is about."),
                column("ra", D, "Right ascension of its place (ICRS).", "deg"),
                column("dec", D, "Declination of its place (ICRS).", "deg"),
                column("author", S, "Account that answers for it."),
                column("origin", S, "person, program, facility, tns, gcn or hopskotch."),
                column("agent_version", S, "Program that said it, with its version; null for a person."),
                column("taxonomy", S, "Taxonomy of the label with its version, as name/version."),
                column("label", S, "Class, or tag."),
                column("probability", D, "Probability of the label, 0 to 1."),
                column("visibility", S, "Who may see it: public, group:NAME, rights:NAME or person:NAME."),
                column("supersedes", S, "The statement that it replaces or withdraws."),
                column("cites", CITES, "What it cites, each with its relation (VOEvent's or DataCite's)."),
                column("ivorn", S, "Identifier of a public statement in the Virtual Observatory."),
                column("idempotency_key", S, "An author's name for the request: the same key again adds nothing."),
                CODE_VERSION,
                column("body", S, "What is said beyond the columns, as JSON; its shape is that of the kind."),
                column("content_type", S, "Media type of `content`."),
                column("content", B, "The uploaded file as it came."),
            ]
        ),
        key=("statement_id",),
        comment="One row: a statement about an object, alert, night or statement; by whom, for whom, replacing which.",
        written_by="the API, `fink community`",
        partitioned_by=("month",),
    )


def bronze_community_refused() -> TableSpec:
    """One row for each message of `community_in` that could not be used."""
    return TableSpec(
        layer="bronze",
        survey="",
        name="community_refused",
        schema=pa.schema(
            [
                column("kafka_topic", S, "Topic that the message arrived on."),
                column("kafka_topic_id", S, "Id that Kafka gave that topic; null where it gives none."),
                column("kafka_partition", N, "Partition of that topic."),
                column("kafka_offset", L, "Offset in that partition."),
                column("received_at", TS, "When Kafka took it (UTC)."),
                column("author", S, "Whose token it bore; null where it bore none that holds."),
                column("reason", S, "Why it was refused."),
                column("value", B, "The message as it came, without its headers."),
                CODE_VERSION,
            ]
        ),
        key=("kafka_topic", "kafka_topic_id", "kafka_partition", "kafka_offset"),
        comment="One row: a message of `community_in` that could not be used, as it came, and why.",
        written_by="the DAG `community_topics`",
        partitioned_by=(),
    )
