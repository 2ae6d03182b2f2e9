"""What another version of a catalogue changes in the matches of a night: all are counted, a few told as examples."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

NAMED_AT_MOST = 1000
KINDS = ("gained", "lost", "changed")
WHAT = ("source_id", "label")


@dataclass(frozen=True)
class Flips:
    """The alerts whose match is another one.

    Attributes
    ----------
    counts
        All of them, by kind.
    named
        The first of them, by alert id: kind, alert, object, match before and after.
    """

    counts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    named: list[dict[str, Any]] = field(default_factory=list)


def flips_of(old: pa.Table, new: pa.Table) -> Flips:
    """Compare two sets of matches, each alert once in each: gained, lost or changed; a shifted position alone is none.

    Parameters
    ----------
    old, new
        ``alert_id``, ``object_id``, ``source_id``, ``label``.
    """
    pairs = _side(old, "before").join(_side(new, "after"), "alert_id", join_type="full outer")
    gained, lost = pc.is_null(pairs["in_before"]), pc.is_null(pairs["in_after"])
    kind = pc.if_else(gained, "gained", pc.if_else(lost, "lost", "changed"))
    differs = pc.or_(gained, lost)
    for name in WHAT:
        differs = pc.or_(differs, _unlike(pairs[f"{name}_before"], pairs[f"{name}_after"]))
    flipped = pairs.append_column("kind", kind).filter(differs)
    counts = {one["values"].as_py(): one["counts"].as_py() for one in pc.value_counts(flipped["kind"])}
    first = flipped.sort_by("alert_id").slice(0, NAMED_AT_MOST).to_pylist()
    return Flips({kind: int(counts.get(kind, 0)) for kind in KINDS}, [_told(row) for row in first])


def _side(matches: pa.Table, when: str) -> pa.Table:
    """Return the columns that are compared, and one that is null where the other side has no such alert."""
    columns = {f"{name}_{when}": matches[name] for name in ("object_id", *WHAT)}
    there = pa.repeat(pa.scalar(value=True), matches.num_rows)
    return pa.table({"alert_id": matches["alert_id"], **columns, f"in_{when}": there})


def _unlike(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
    """Tell which values differ; two that are missing do not."""
    known = pc.fill_null(pc.not_equal(one, other), fill_value=False)
    return pc.or_(known, pc.xor(pc.is_null(one), pc.is_null(other)))


def _told(row: dict[str, Any]) -> dict[str, Any]:
    sides = {
        when: {name: row[f"{name}_{when}"] for name in WHAT} if row[f"in_{when}"] else None
        for when in ("before", "after")
    }
    object_id = row["object_id_after"] if row["object_id_before"] is None else row["object_id_before"]
    return {"kind": row["kind"], "alert_id": row["alert_id"], "object_id": object_id, **sides}
