"""Which alerts of a night are the best of each science case. Pure: columns in, alert ids out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.filters.base import Filter

BEST_OF_EACH = 3


@dataclass(frozen=True)
class Choice:
    """An alert that a filter sent and that ranks high.

    Attributes
    ----------
    filter
        Name of the filter.
    alert_id, object_id
        The alert.
    place
        1 for the best.
    score
        Real-bogus score, None where the packet has none.
    """

    filter: str
    alert_id: int
    object_id: str | None
    place: int
    score: float | None


def ranking_columns(filters: Sequence[Filter], scores: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of silver that rank alerts, as dotted paths; `scores` as for `choose`.

    Parameters
    ----------
    filters
        Whose ``best`` names columns.
    scores
        Dotted paths of the scores that come after those.
    """
    own = (name.removeprefix("-") for one in filters for name in one.best)
    return tuple(dict.fromkeys((*own, *scores)))


def choose(
    sent: pa.Table, silver: pa.Table, filters: Sequence[Filter], scores: Sequence[str], most: int = BEST_OF_EACH
) -> list[Choice]:
    """Return the best alerts of each filter, one an object.

    Parameters
    ----------
    sent
        Columns ``filter`` and ``alert_id``: what was published.
    silver
        Columns ``alert_id``, ``object_id`` and those that `ranking_columns` names.
    filters
        The survey's filters; their order is that of the result.
    scores
        Packet fields with real-bogus scores, in order of trust: the first that is there ranks an alert.
    most
        At most so many of each.
    """
    score = _score(silver, scores)
    table = silver.append_column("score", score)
    chosen: list[Choice] = []
    for one in filters:
        ids = pc.filter(sent["alert_id"], pc.equal(sent["filter"], one.name))
        mine = table.filter(pc.is_in(table["alert_id"], value_set=pc.unique(ids)))
        chosen += _best(mine, one, most)
    return chosen


def _best(rows: pa.Table, one: Filter, most: int) -> list[Choice]:
    keys = [(name.removeprefix("-"), "descending" if name.startswith("-") else "ascending") for name in one.best]
    keys = [key for key in keys if not pa.types.is_null(rows[key[0]].type)]
    order = pc.sort_indices(rows, sort_keys=[*keys, ("score", "descending"), ("alert_id", "ascending")])
    found: list[Choice] = []
    seen: set[str] = set()
    for row in order.to_pylist():
        name = rows["object_id"][row].as_py()
        if name is not None and name in seen:
            continue
        seen.add(name)
        found.append(Choice(one.name, rows["alert_id"][row].as_py(), name, len(found) + 1, rows["score"][row].as_py()))
        if len(found) == most:
            break
    return found


def _score(silver: pa.Table, scores: Sequence[str]) -> Mapping[str, object]:
    columns = [pc.cast(silver[name], pa.float64()) for name in scores if name in silver.column_names]
    score: Mapping[str, object] = pc.coalesce(*columns) if columns else pa.nulls(silver.num_rows, pa.float64())
    return score
