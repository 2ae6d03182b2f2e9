"""The table of periods: how objects that stay in their place repeat."""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import CODE_VERSION
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import BOOL, D, L, S


def gold_periods() -> TableSpec:
    """Every object with points enough, with its best period."""
    return TableSpec(
        layer="gold",
        survey="",
        name="periods",
        schema=pa.schema(
            [
                column("survey", S, "Whose object it is."),
                column("object_id", S, "The survey's own name of the object."),
                column("period_days", D, "Where the periodogram is highest.", "day"),
                column("power", D, "How high: share of the chi squared about the means that it takes away, 0 to 1."),
                column("false_alarm_probability", D, "That noise alone would be as high at some period."),
                column("rival_period_days", D, "The highest peak but that one.", "day"),
                column("rival_power", D, "How high it is."),
                column("is_ambiguous", BOOL, "The rival is at least 0.9 times as high."),
                column(
                    "is_day_alias",
                    BOOL,
                    "The period is one that observing by night, or a trend, makes by itself: a whole or half number "
                    "of days' frequency, or fewer than two cycles in the span.",
                ),
                column("points", L, "Points that were used: of bands with at least 5."),
                column("bands", L, "Bands that were used."),
                column("span_days", D, "From the first point to the last.", "day"),
                column("alerts", L, "Alerts of the object when it was searched; it is searched again when they grow."),
                column("method", S, "Version of the search."),
                CODE_VERSION,
            ]
        ),
        key=("survey", "object_id"),
        comment="One row: an object with at least 20 points, and the period that fits them best, right or not.",
        written_by="the DAG `periods`",
        partitioned_by=("survey",),
        append_only=False,
    )
