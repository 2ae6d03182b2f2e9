"""The comparison of a reprocessing, or of a shadow, with what is live: what a person reads before deciding."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from fink_lib.contracts.base import Contract
from fink_lib.contracts.night import Count, Night

FORMAT = 1
Counts = dict[str, Count]
Ids = Annotated[list[int], Field(description="The first of these alerts; `changes.parquet` has all.")]


class Move(Contract):
    """Alerts that stand elsewhere."""

    name: ClassVar[str] = "move"

    before: Annotated[str, Field(alias="from")]
    after: Annotated[str, Field(alias="to")]
    count: Count
    alert_ids: Ids


class Flip(Contract):
    """A label that changed into another one."""

    name: ClassVar[str] = "flip"

    before: Annotated[Any, Field(alias="from")]
    after: Annotated[Any, Field(alias="to")]
    count: Count
    alert_ids: Ids


class ColumnChange(Contract):
    """Alerts whose value of a column differs."""

    name: ClassVar[str] = "column-change"

    changed: Count
    examples: list[dict[str, Any]]


class Drift(Contract):
    """How the distribution of a number differs: the two-sample Kolmogorov-Smirnov statistic, and histograms."""

    name: ClassVar[str] = "drift"

    n_old: Count
    n_new: Count
    median_old: float
    median_new: float
    ks: float
    p_value: float
    edges: list[float]
    counts_old: list[int]
    counts_new: list[int]
    one_in: Annotated[int, Field(ge=1, description="The drift is told by one alert in so many.")]


class FilterChange(Contract):
    """What a filter selects on both sides."""

    name: ClassVar[str] = "filter-change"

    old: Count
    new: Count
    n_gained: Count
    n_lost: Count
    gained: Ids
    lost: Ids


class Comparison(Contract):
    """Two sides of the same nights, compared."""

    name: ClassVar[str] = "comparison"

    format: Annotated[int, Field(ge=1, le=FORMAT, description="Version of this shape.")] = FORMAT
    survey: str
    nights: list[Night]
    sides: Annotated[dict[str, dict[str, Any]], Field(description="Side → alerts by place, and versions of tables.")]
    moves: list[Move]
    alerts_changed: Count
    alert_ids: Ids
    columns: Annotated[dict[str, dict[str, ColumnChange]], Field(description="Table → column → what changed.")]
    provenance: Annotated[dict[str, Counts], Field(description="Table → column → alerts that differ in it.")]
    flips: dict[str, list[Flip]]
    flipped: Counts
    drift: dict[str, Drift]
    filters: dict[str, FilterChange]
    same: Annotated[bool, Field(description="True when no alert, and no filter's choice, differs.")]


class ReprocessingDiff(Comparison):
    """The comparison of a candidate with the live tables."""

    name: ClassVar[str] = "reprocessing-diff"

    changes: Annotated[str, Field(description="File that names every alert that changes.")]
    request_id: str
    request: dict[str, Any]
    plan: dict[str, Any]
    headline: Annotated[str, Field(description="What would change, in one sentence.")]
