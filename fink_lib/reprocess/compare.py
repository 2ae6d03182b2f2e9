"""How two versions of the same values differ: pure functions over arrays."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import ks_2samp

from fink_lib.enrich.duplicates import Flags, Ints
from fink_lib.lake.digest import value_hashes
from fink_lib.reprocess.records import look_up

EXAMPLES = 5
MOST_FLIPS = 40
BINS = 40
EXACT_PAIRS = 10_000
NOWHERE = "nowhere"

JsonObject = dict[str, Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """Rows of two tables by their Kafka position.

    Attributes
    ----------
    old, new
        Rows that stand for the same packet, of equal length.
    only_old, only_new
        Rows without a partner.
    """

    old: Ints
    new: Ints
    only_old: Ints
    only_new: Ints


def align(old: pa.Table, new: pa.Table) -> Alignment:
    """Pair the rows of two tables that hold the Kafka position, each position once.

    Parameters
    ----------
    old, new
        Rows with the columns of `KAFKA_KEY`.
    """
    if not len(old) or not len(new):
        nothing = np.empty(0, dtype=np.int64)
        return Alignment(nothing, nothing, np.arange(len(old)), np.arange(len(new)))
    found, place = look_up(old, new)
    rows = np.arange(len(old), dtype=np.int64)
    partners = place[found]
    rest = np.setdiff1d(np.arange(len(new), dtype=np.int64), partners)
    return Alignment(rows[found], partners, rows[~found], rest)


def changed(old: pa.Array, new: pa.Array) -> Flags:
    """Return which values differ; null equals null and NaN equals NaN.

    Parameters
    ----------
    old, new
        Values of the same alerts, in the same order.

    Returns
    -------
    One flag an alert.
    """
    return np.asarray(value_hashes(old) != value_hashes(new), dtype=bool)


def moves(old: pa.Table, new: pa.Table) -> list[JsonObject]:
    """Return the packets that stand elsewhere now, by where they stood and stand: ``from``, ``to``, ``alert_ids``.

    Parameters
    ----------
    old, new
        Kafka position, `alert_id` and `place` of every packet.
    """
    paired = align(old, new)
    before = [*_texts(old, paired.old), *_texts(old, paired.only_old), *[NOWHERE] * len(paired.only_new)]
    after = [*_texts(new, paired.new), *[NOWHERE] * len(paired.only_old), *_texts(new, paired.only_new)]
    ids = [*_ids(old, paired.old), *_ids(old, paired.only_old), *_ids(new, paired.only_new)]
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for way, alert_id in zip(zip(before, after, strict=True), ids, strict=True):
        if way[0] != way[1]:
            groups[way].append(alert_id)
    return [
        {"from": way[0], "to": way[1], "count": len(found), "alert_ids": sorted(found)}
        for way, found in sorted(groups.items())
    ]


def _texts(table: pa.Table, rows: Ints) -> list[str]:
    return list(table["place"].take(pa.array(rows)).to_pylist())


def _ids(table: pa.Table, rows: Ints) -> list[int]:
    return list(table["alert_id"].take(pa.array(rows)).to_pylist())


class Flips:
    """How labels changed, gathered night by night: every change is counted, a few alerts of each are named."""

    def __init__(self) -> None:
        self._groups: dict[tuple[Any, Any], list[int]] = defaultdict(list)
        self._counts: Counter[tuple[Any, Any]] = Counter()

    @property
    def total(self) -> int:
        """How many labels changed, in all."""
        return self._counts.total()

    def add(self, old: pa.Array, new: pa.Array, ids: Ints) -> None:
        """Take the labels of some alerts on both sides.

        Parameters
        ----------
        old, new
            Labels of the same alerts, in the same order; null is a label too.
        ids
            Their ids.
        """
        differ = changed(old, new)
        chosen = pa.array(differ)
        pairs = zip(old.filter(chosen).to_pylist(), new.filter(chosen).to_pylist(), ids[differ].tolist(), strict=True)
        found: dict[tuple[Any, Any], list[int]] = defaultdict(list)
        for before, after, alert_id in pairs:
            found[before, after].append(alert_id)
        for way, names in found.items():
            self._counts[way] += len(names)
            self._groups[way] = heapq.nsmallest(EXAMPLES, [*self._groups[way], *names])

    def ranked(self) -> list[JsonObject]:
        """Return the most frequent changes, the first first: ``from``, ``to``, ``count`` and a few ``alert_ids``."""
        ordered = sorted(self._counts.items(), key=lambda group: (-group[1], str(group[0])))
        return [
            {"from": way[0], "to": way[1], "count": count, "alert_ids": self._groups[way]}
            for way, count in ordered[:MOST_FLIPS]
        ]


def drift(before: Floats, after: Floats) -> JsonObject | None:
    """Compare two distributions of a number; None when nothing can be compared.

    Parameters
    ----------
    before, after
        Finite numbers of each side, of whatever lengths.

    Returns
    -------
    JsonObject
        Counts, medians, the two-sample Kolmogorov-Smirnov statistic with its p-value (Hodges 1958, Ark. Mat. 3,
        469, as scipy computes it), and a histogram of both over common edges.
    """
    if not len(before) or not len(after):
        return None
    few = len(before) * len(after) <= EXACT_PAIRS  # the asymptotic formula divides by zero for one value against one
    test = ks_2samp(before, after, method="exact" if few else "asymp")
    edges = common_edges(np.concatenate([before, after]))
    return {
        "n_old": len(before),
        "n_new": len(after),
        "median_old": float(np.median(before)),
        "median_new": float(np.median(after)),
        "ks": float(test.statistic),
        "p_value": float(test.pvalue),
        "edges": [float(edge) for edge in edges],
        "counts_old": np.histogram(before, edges)[0].tolist(),
        "counts_new": np.histogram(after, edges)[0].tolist(),
    }


def common_edges(values: Floats) -> Floats:
    """Return the edges of `BINS` bins over some finite numbers, also where these differ by rounding alone, or by all.

    Fewer numbers than bins may lie between nearly equal ones, and the width of the widest range is no number.
    """
    low, high = values.min() / 2, values.max() / 2
    least = BINS * float(np.spacing(max(abs(low), abs(high))))
    if high - low < least:
        middle, half = low + (high - low) / 2, max(0.25, least)
        most = np.finfo(np.float64).max / 2
        low, high = max(middle - half, -most), min(middle + half, most)
    edges: Floats = np.linspace(low, high, BINS + 1) * 2
    edges[0], edges[-1] = min(edges[0], values.min()), max(edges[-1], values.max())
    return edges


def finite(column: pa.Array) -> Floats:
    """Return the finite values of a column of numbers."""
    values = column.cast(pa.float64()).drop_null().to_numpy(zero_copy_only=False)
    return np.asarray(values[np.isfinite(values)], dtype=np.float64)


def examples(old: pa.Array, new: pa.Array, ids: Ints, differ: Flags) -> list[JsonObject]:
    """Return the first few alerts whose value differs, with both values as short text.

    Parameters
    ----------
    old, new
        Values of the same alerts, in the same order.
    ids
        Their ids.
    differ
        Which differ, as `changed` tells.
    """
    rows = np.flatnonzero(differ)[:EXAMPLES]
    return [
        {"alert_id": int(ids[row]), "old": _short(old[int(row)].as_py()), "new": _short(new[int(row)].as_py())}
        for row in rows
    ]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - the width of a cell


def gains(old: Mapping[str, Sequence[int]], new: Mapping[str, Sequence[int]]) -> dict[str, JsonObject]:
    """Return, for each filter, how many alerts it selects on both sides, and all that it gains and loses.

    Parameters
    ----------
    old, new
        Filter → ids of the alerts that it selects on that side; one that a side lacks selects none there.
    """
    return {
        name: {
            "old": len(old.get(name, ())),
            "new": len(new.get(name, ())),
            "gained": sorted(set(new.get(name, ())) - set(old.get(name, ()))),
            "lost": sorted(set(old.get(name, ())) - set(new.get(name, ()))),
        }
        for name in sorted({*old, *new})
    }


def leaves(name: str, column: pa.Array) -> dict[str, pa.Array]:
    """Return the numbers that a column holds: itself, or the fields of a struct.

    Parameters
    ----------
    name
        Of the column; a field is named by its dotted path.
    column
        One of another type (a text, an array) gives nothing.
    """
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return {name: column}
    if not pa.types.is_struct(column.type):
        return {}
    fields = [column.type.field(number).name for number in range(column.type.num_fields)]
    found: dict[str, pa.Array] = {}
    for field in fields:
        found |= leaves(f"{name}.{field}", pc.struct_field(column, field))
    return found
