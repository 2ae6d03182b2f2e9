"""The counts of a night's statistics: each function reads few columns of the night's rows, and counts."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.distribute.counter import COUNTER
from fink_lib.files import JsonObject
from fink_lib.filters.registry import filters_of
from fink_lib.lake.rows import Rows
from fink_lib.nightly.statistics.summary import OTHER, UNKNOWN
from fink_lib.science.framework.base import FAILED, Role
from fink_lib.science.framework.registry import outputs_with

SKY_BIN_DEG = 4.0
MOST_CLASSES = 100


def totals(bronze: Rows, field_path: str) -> JsonObject:
    """Count objects, exposures (different observation times) and fields; tell the first and last times.

    Parameters
    ----------
    bronze
        Rows of the table.
    field_path
        Packet field that says which field of the sky an exposure is of. Empty where packets do not say: there is no
        number of fields then.
    """
    times, arrivals = (pc.min_max(bronze.column(name)).as_py() for name in ("time", "kafka_time"))
    return {
        "objects": _different(bronze.column("object_id")),
        "exposures": _different(bronze.column("time")),
        "fields": _different(bronze.column(field_path)) if field_path else None,
        "first_time": times["min"],
        "last_time": times["max"],
        "first_arrival": _moment(arrivals["min"]),
        "last_arrival": _moment(arrivals["max"]),
    }


def _different(values: pa.ChunkedArray) -> int:
    return int(pc.count_distinct(values, mode="only_valid").as_py())


def _moment(when: dt.datetime | None) -> str | None:
    """Write a time without zeros at its end."""
    if when is None:
        return None
    text = f"{when:%Y-%m-%d %H:%M:%S.%f}"
    return text.rstrip("0").rstrip(".")


def by_value(values: pa.ChunkedArray | pa.Array) -> dict[str, int]:
    """Count values, in their order as texts; nulls are counted under a name of their own."""
    return dict(sorted(_counted(values).items()))


def _counted(values: pa.ChunkedArray | pa.Array) -> Counter[str]:
    found = Counter[str]()
    for one in pc.value_counts(values.cast(pa.string())).to_pylist():
        found[UNKNOWN if one["values"] is None else one["values"]] += one["counts"]
    return found


def sky(bronze: Rows) -> JsonObject:
    """Count alerts in bins of right ascension and declination; each bin is given by its centre, in degrees."""
    size = SKY_BIN_DEG
    places = bronze.read("ra", "dec").drop_null()
    ra, dec = (np.asarray(places[name].to_numpy(), dtype=np.float64) for name in ("ra", "dec"))
    columns = np.floor(ra / size), np.minimum(np.floor((dec + 90) / size), int(180 / size) - 1)
    bins, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    centres = bins * size + size / 2 - np.array([0.0, 90.0])
    told = [[float(x), float(y), int(n)] for (x, y), n in zip(centres, counts, strict=True)]
    return {"bin_deg": size, "bins": told}


def class_columns(survey: str, silver: Rows) -> list[str]:
    """Return the science columns that hold a label.

    Parameters
    ----------
    survey
        Name of the survey.
    silver
        Its rows; columns that these lack are left out.
    """
    labels = outputs_with(survey, Role.LABEL)
    return [name for name in silver.names if name in labels]


def classes(rows: Rows, columns: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count alerts by class, for each column of classes, the most frequent first.

    Of a column with more classes than `MOST_CLASSES` the rarest stand together under one name: none is dropped.

    Parameters
    ----------
    rows
        Alerts of the night.
    columns
        Those of `class_columns`.

    Returns
    -------
    Column → class → alerts.
    """
    return {name: _ranked(_counted(rows.column(name))) for name in columns}


def _ranked(counts: Counter[str]) -> dict[str, int]:
    ordered = sorted(counts.items(), key=_most_first)
    kept = Counter(dict(ordered[:MOST_CLASSES]))
    rest = sum(count for _, count in ordered[MOST_CLASSES:])
    if rest:
        kept[OTHER] += rest
    return dict(sorted(kept.items(), key=_most_first))


def _most_first(one: tuple[str, int]) -> tuple[int, str]:
    return -one[1], one[0]


def entries(column: pa.ChunkedArray) -> Iterable[tuple[str, str | None, int]]:
    """Yield key, value and number of the entries of maps of texts, sorted."""
    entry = pa.struct([pa.field("key", pa.string()), pa.field("value", pa.string())])
    flat = [chunk.cast(pa.list_(entry)).flatten() for chunk in column.chunks]
    found = Counter[tuple[str, str | None]]()
    for part in flat:
        pairs = pa.table({"key": pc.struct_field(part, "key"), "value": pc.struct_field(part, "value")})
        for one in pairs.group_by(["key", "value"]).aggregate([([], "count_all")]).to_pylist():
            found[one["key"], one["value"]] += one["count_all"]
    return sorted((key, value, count) for (key, value), count in found.items())


def science_versions(silver: Rows) -> dict[str, dict[str, int]]:
    """Count alerts by version of each science module and of its models and catalogues."""
    found: dict[str, dict[str, int]] = {}
    for name, version, count in entries(silver.column("science_versions")):
        found.setdefault(name, {})[str(version)] = count
    return found


def science_errors(silver: Rows) -> dict[str, dict[str, int]]:
    """Count by science module the alerts that it failed on, and those that it did not apply to."""
    found: dict[str, Counter[str]] = {}
    for name, why, count in entries(silver.column("science_errors")):
        kind = "failed" if str(why).startswith(FAILED) else "not_run"
        found.setdefault(name, Counter())[kind] += count
    return {name: dict(sorted(kinds.items())) for name, kinds in found.items()}


def reasons(rejected: Rows) -> dict[str, int]:
    """Count rejected alerts by reason; an alert with two reasons counts under both."""
    return by_value(pc.list_flatten(rejected.chosen(~pc.field("is_duplicate")).column("reasons")))


def damages(quarantine: Rows) -> list[JsonObject]:
    """Count quarantined messages by stage and kind of damage."""
    kinds = quarantine.read("stage", "error_class").group_by(["stage", "error_class"])
    counted = kinds.aggregate([([], "count_all")]).to_pylist()
    told = [{"stage": one["stage"], "error_class": one["error_class"], "count": one["count_all"]} for one in counted]
    return sorted(told, key=lambda one: (str(one["stage"]), str(one["error_class"])))


def filters(survey: str, published: Rows) -> list[JsonObject]:
    """Count messages, alerts and objects by filter; filters that sent nothing are there with 0.

    Parameters
    ----------
    survey
        Name of the survey.
    published
        Rows of the night; the topic of counters is left out.

    Returns
    -------
    One a filter, its version and its topic, sorted by these; ``topic`` is None where nothing was sent.
    """
    key = ["filter", "filter_version", "topic"]
    sent = published.chosen(pc.field("filter") != COUNTER).read(*key, "object_id").group_by(key)
    counted = sent.aggregate([([], "count_all"), ("object_id", "count_distinct")]).to_pylist()
    found: list[JsonObject] = [
        {**{name: one[name] for name in key}, "messages": one["count_all"], "objects": one["object_id_count_distinct"]}
        for one in counted
    ]
    heard = {one["filter"] for one in found}
    nothing = {"topic": None, "messages": 0, "objects": 0}
    silent = [one for one in filters_of(survey) if one.name not in heard]
    found += [{"filter": one.name, "filter_version": one.version, **nothing} for one in silent]
    return sorted(found, key=lambda row: (row["filter"], row["filter_version"], str(row["topic"])))
