"""How long an alert took in each stage, in seconds, from the time stamps that the stages left on it.

Quantiles are exact but for the grain of the seconds: 1 ms below 10 s, four digits of what is longer. So a stage has
nine thousand different values a decade at most, however many alerts, and the same night has the same quantiles in
whatever order its rows are read.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.distribute.counter import COUNTER
from fink_lib.files import JsonObject
from fink_lib.filters.base import REACTION_PREFIX
from fink_lib.lake.rows import Rows
from fink_lib.lake.versions import Table

Micros: TypeAlias = npt.NDArray[np.int64]
QUANTILES = (*(round(0.05 * step, 2) for step in range(21)), 0.99)
NAMED = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
FINEST, COARSEST = 3, -2  # decimals
FINE_BELOW_S = 10.0
MICROSECONDS = 1_000_000  # in a second
STAGES = ("ingest", "enrich", "distribute", "total", "to_silver")


def latencies(rows: Mapping[Table, Rows]) -> JsonObject:
    """Return p50, p95 and p99 by stage, and finer quantiles for the picture.

    ``ingest``: arrival in Kafka to bronze; ``enrich``: bronze to silver or rejected; ``distribute``: silver to
    topic; ``total``: arrival to topic, for what was published; ``to_silver``: arrival to silver, for what was not.
    """
    histograms: dict[str, Counter[float]] = defaultdict(Counter)
    for stage, _, micros in stage_spans(rows):
        histograms[stage].update(histogram_of(micros))
    found = {stage: histograms[stage] for stage in STAGES if histograms.get(stage)}
    curves = {
        stage: dict(zip(QUANTILES, quantiles(histogram, QUANTILES), strict=True)) for stage, histogram in found.items()
    }
    return {
        "latency_s": {
            stage: {name: round(curve[at], 3) for name, at in NAMED.items()} for stage, curve in curves.items()
        },
        "latency_curve": {
            stage: [[at, round(seconds, 3)] for at, seconds in sorted(curve.items())] for stage, curve in curves.items()
        },
        "latency_alerts": {stage: sum(histogram.values()) for stage, histogram in found.items()},
    }


def histogram_of(micros: npt.NDArray[np.int64]) -> dict[float, int]:
    """Return how often each time, in seconds, comes among times in microseconds."""
    values, counts = np.unique(grained(micros), return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def named(histogram: Mapping[float, int]) -> JsonObject:
    """Return p50, p95 and p99 of a histogram, and how many alerts it counts."""
    found = zip(NAMED, quantiles(histogram, tuple(NAMED.values())), strict=True)
    return {"alerts": sum(histogram.values()), **{name: round(seconds, 3) for name, seconds in found}}


def grained(micros: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Round times in microseconds to their grain, half away from zero; return them in seconds."""
    size = np.abs(micros)
    decimals = np.full(len(size), COARSEST)
    for scale in range(COARSEST + 1, FINEST + 1):
        decimals[size < FINE_BELOW_S * 10.0 ** (FINEST - scale) * MICROSECONDS] = scale
    grain = 10 ** (6 - decimals)
    rounded = (size + grain // 2) // grain * grain
    return np.asarray(np.sign(micros) * np.round(rounded / MICROSECONDS, FINEST), dtype=np.float64)


def quantiles(histogram: Mapping[float, int], at: Sequence[float]) -> list[float]:
    """Return quantiles of values that come so many times each, between neighbours on a straight line.

    Parameters
    ----------
    histogram
        Value → how many times it comes; at least one value.
    at
        Quantiles, 0 to 1.

    Returns
    -------
    One a quantile, in the unit of the values.
    """
    values = np.sort(np.fromiter(histogram, dtype=np.float64))
    upto = np.cumsum([histogram[value] for value in values.tolist()])
    ranks = np.asarray(at, dtype=np.float64) * (upto[-1] - 1)
    below, above = (values[np.searchsorted(upto, edge, side="right")] for edge in (np.floor(ranks), np.ceil(ranks)))
    return [float(each) for each in below + (above - below) * (ranks - np.floor(ranks))]


def stage_spans(rows: Mapping[Table, Rows]) -> Iterator[tuple[str, Micros, Micros]]:
    """Yield a stage, when each alert began it and how long it took, in microseconds, of those that tell both."""
    bronze, silver, rejected = (rows[table] for table in (Table.BRONZE, Table.SILVER, Table.REJECTED))
    # What leaves because somebody said something left late on purpose
    is_late = pc.starts_with(pc.field("filter"), REACTION_PREFIX)
    published = rows[Table.PUBLISHED].chosen((pc.field("filter") != COUNTER) & ~is_late)
    yield "ingest", *between(bronze, "kafka_time", "ingest_time")
    yield "enrich", *between(silver, "ingest_time", "enrich_time")
    yield "enrich", *between(rejected, "ingest_time", "enrich_time")
    yield "distribute", *between(published, "enrich_time", "publish_time")
    yield "total", *between(published, "kafka_time", "publish_time")
    sent = pc.unique(published.column("alert_id"))
    yield "to_silver", *between(silver.chosen(~pc.field("alert_id").isin(sent)), "kafka_time", "enrich_time")


def between(rows: Rows, start: str, end: str) -> tuple[Micros, Micros]:
    """Return a moment of each alert, and how long after it another one was, in microseconds.

    Parameters
    ----------
    rows
        Alerts; those that lack one of the two are left out.
    start, end
        Names of columns of time stamps.

    Returns
    -------
    ``start`` in microseconds since 1970 (UTC), and ``end`` less ``start``, one an alert; negative where it was
    before.
    """
    moments = rows.read(start, end).drop_null()
    first, last = (moments[name].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy() for name in (start, end))
    return np.asarray(first, dtype=np.int64), np.asarray(last - first, dtype=np.int64)
