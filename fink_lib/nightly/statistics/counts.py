"""How many rows of a night stand in which place."""

from collections.abc import Mapping

import pyarrow.compute as pc

from fink_lib.distribute.counter import COUNTER
from fink_lib.lake.rows import Rows
from fink_lib.lake.versions import Table
from fink_lib.streams.spec import Stage

PLACES = ("bronze", "silver", "rejected", "repeats", "quarantine", "quarantine_enrich", "published", "counted")


def night_counts(rows: Mapping[Table, Rows]) -> dict[str, int]:
    """Count the night's rows by place."""
    parts = {
        Table.REJECTED: ("rejected", "repeats", pc.field("is_duplicate")),
        Table.QUARANTINE: ("quarantine", "quarantine_enrich", pc.field("stage") == str(Stage.ENRICH)),
        Table.PUBLISHED: ("published", "counted", pc.field("filter") == COUNTER),
    }
    counts = dict.fromkeys(PLACES, 0)
    counts |= {"bronze": rows[Table.BRONZE].count(), "silver": rows[Table.SILVER].count()}
    for table, (others, chosen, condition) in parts.items():
        counts[chosen] = rows[table].count(condition)
        counts[others] = rows[table].count() - counts[chosen]
    return counts


def shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Return the shares that `night_shares` judges; 0 where there is nothing to share."""

    def share(part: str, *wholes: str) -> float:
        total = sum(counts[whole] for whole in wholes)
        return counts[part] / total if total else 0.0

    return {
        "quarantined_share": share("quarantine", "bronze", "quarantine"),
        "quarantined_enrich_share": share("quarantine_enrich", "bronze"),
        "rejected_share": share("rejected", "bronze"),
        "repeated_share": share("repeats", "bronze"),
    }
