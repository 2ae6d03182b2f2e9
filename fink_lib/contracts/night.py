"""The manifest of a night: what it was, in one object; each closing that says something else makes a new version."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from fink_lib.contracts.base import Contract

FORMAT = 2  # 1 is that of v0.1.0, which said nothing of its format and had no `content`
Count = Annotated[int, Field(ge=0)]
Night = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]


class Expectations(Contract):
    """How many expectations on the tables of a night held."""

    name: ClassVar[str] = "expectations"
    passed: Count
    failed: Count


class NightManifest(Contract):
    """What a night was when it was closed, or could not be."""

    name: ClassVar[str] = "night-manifest"

    format: Annotated[int, Field(ge=1, le=FORMAT, description="Version of this shape.")] = 1
    survey: Annotated[str, Field(description="Whose night.")]
    night: Annotated[Night, Field(description="YYYY-MM-DD.")]
    version: Annotated[int, Field(ge=1, description="Counts the closings that said something else.")]
    closed_at: Annotated[str, Field(description="When, ISO 8601, UTC.")]
    run_id: Annotated[str, Field(description="Run in Airflow that closed it.")]
    code_version: str
    offered: Annotated[Count, Field(description="Messages that Kafka offered.")]
    bronze: Count
    quarantine: Count
    silver: Count
    rejected: Count
    repeats: Annotated[Count, Field(description="Alerts that arrived before; they stand among `rejected`.")]
    quarantine_enrich: Count
    partition_rows: dict[str, Count]
    published: Annotated[dict[str, Count], Field(description="Messages by output topic.")]
    equation_holds: bool
    equations: list[str]
    lost: Annotated[list[int | str], Field(description="Alerts or places of messages that stand nowhere.")]
    latency_s: Annotated[dict[str, dict[str, float | None]], Field(description="Percentiles by stage, seconds.")]
    expectations: Expectations
    critical_failed: Annotated[list[str], Field(description="Critical expectations that failed.")]
    catalogs: Annotated[dict[str, str | int], Field(description="Version of each catalogue that was matched.")]
    not_computed: Annotated[dict[str, str], Field(description="Step → why it has no result.")]
    ok: Annotated[bool, Field(description="Equations hold, nothing critical failed, every step was computed.")]
    tables: Annotated[
        dict[str, int | None],
        Field(description="Version of each table that the night was counted in; null where there was none."),
    ]
    offsets: Annotated[dict[str, list[Any]], Field(description="Topic → what each partition offered.")]
    content: Annotated[
        dict[str, Any], Field(default_factory=dict, description="Digest of what the enriched tables say.")
    ]
