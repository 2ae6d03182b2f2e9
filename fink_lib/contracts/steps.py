"""What each nightly step leaves behind: a model a step, whose files the report, the manifest and people read."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from fink_lib.contracts.base import Contract
from fink_lib.contracts.night import Count, Night, NightManifest

FORMAT = 1  # v0.1.0 said nothing of it
Versions = Annotated[dict[str, int | None], Field(description="Version of each table that was read; null: none.")]
Rows = Annotated[list[dict[str, Any]], Field(description="Rows as the page shows them.")]
Counts = dict[str, Count]


class StepResult(Contract):
    """What every step says."""

    name: ClassVar[str] = "step-result"

    format: Annotated[int, Field(ge=1, le=FORMAT, description="Version of this shape.")] = FORMAT
    survey: str
    night: Night


class NightCounts(Contract):
    """How many messages or alerts are in which place."""

    name: ClassVar[str] = "night-counts"

    offered: Count
    bronze: Count
    quarantine: Count
    silver: Count
    rejected: Count
    repeats: Count
    quarantine_enrich: Count


class EquationResult(Contract):
    """One equation of a night, with both sides and what is at fault."""

    name: ClassVar[str] = "equation"

    which: Annotated[str, Field(alias="name", description="Which equation.")]
    total: int
    parts: dict[str, int]
    holds: bool
    text: Annotated[str, Field(description="The equation as people read it.")]
    differences: Annotated[list[dict[str, Any]], Field(description="Faults, with the messages that they are of.")]


class TopicResult(Contract):
    """What one input topic offered, and where it went."""

    name: ClassVar[str] = "topic"

    topic: str
    offered: Count
    adds_up: bool
    by_night: dict[str, Counts]
    partitions: list[dict[str, Any]]


class ReconcileResult(StepResult):
    """The three equations of a night."""

    name: ClassVar[str] = "step-reconcile"

    holds: bool
    counts: NightCounts
    partition_rows: Counts
    published: Annotated[Counts, Field(description="Messages of the night by output topic.")]
    lost: Annotated[list[int | str], Field(description="Alerts, or places of messages, that stand nowhere.")]
    equations: list[EquationResult]
    topics: list[TopicResult]
    output_topics: list[dict[str, Any]]
    tables: Versions


class SuiteResult(Contract):
    """What a suite found."""

    name: ClassVar[str] = "suite-result"

    suite: str
    empty: Annotated[bool, Field(description="True where there was nothing to judge.")]
    expectations: list[dict[str, Any]]
    passed: Count
    failed: Count
    critical_failed: list[str]


class QualityResult(StepResult):
    """What the suites of a night found."""

    name: ClassVar[str] = "step-quality"

    empty: bool
    suites: list[SuiteResult]
    passed: Count
    failed: Count
    critical_failed: list[str]
    docs: Annotated[str, Field(description="Data Docs, relative to the night's folder; empty where there are none.")]
    tables: Versions


class CrossmatchResult(StepResult):
    """What was matched with which catalogue."""

    name: ClassVar[str] = "step-crossmatch"

    catalogs: Rows
    previous: Annotated[
        dict[str, int] | None, Field(description="Version of each catalogue for the night before; null: none was.")
    ]
    tables: Versions = Field(default_factory=dict)


class PairedResult(Contract):
    """What the pairing of objects did."""

    name: ClassVar[str] = "paired"

    cells: Count
    pairs: Count


class ObjectsResult(StepResult):
    """Which nights were merged into the objects, and what came of it."""

    name: ClassVar[str] = "step-objects"

    nights: list[Night]
    objects: Count
    moving: Count
    nameless: Count
    paired: PairedResult
    tables: Versions


class EventsResult(StepResult):
    """Events of other messengers that the night was searched for."""

    name: ClassVar[str] = "step-events"

    notices: Counts
    events: Rows
    searched: Count
    trials: Count
    matches: Count
    best: Rows
    messages: Annotated[Counts, Field(description="Messages that this run sent to each topic of counterparts.")]
    looked_back: Annotated[Rows, Field(description="Past nights that were searched again, and what changed.")]
    window_days: float
    tables: Versions


class NightFiles(Contract):
    """Files of a night in a table."""

    name: ClassVar[str] = "night-files"

    files: Count
    bytes: Count
    rows: Count


class CompactedTable(Contract):
    """What became of a night's files in one table."""

    name: ClassVar[str] = "compacted-table"

    before: NightFiles
    after: NightFiles
    fewest: Annotated[Count, Field(description="Files that would do.")]
    file_mb: Count
    version: int | None


class CompactResult(StepResult):
    """What compaction did."""

    name: ClassVar[str] = "step-compact"

    tables: dict[str, CompactedTable]


class ServedTable(Contract):
    """A table made for reading."""

    name: ClassVar[str] = "served-table"

    version: int
    rows: Count
    runs: Count


class ServeResult(StepResult):
    """The night in the tables made for reading."""

    name: ClassVar[str] = "step-serve"

    silver: Annotated[Count, Field(description="Rows of silver that were looked at.")]
    tables: dict[str, ServedTable]


RESULTS: Mapping[str, type[Contract]] = {
    "reconcile": ReconcileResult,
    "quality": QualityResult,
    "crossmatch": CrossmatchResult,
    "objects": ObjectsResult,
    "events": EventsResult,
    "compact": CompactResult,
    "serve": ServeResult,
    "manifest": NightManifest,
}
"""Step → what its file holds; the numbers of `statistics` and `report` are those that their page shows."""
