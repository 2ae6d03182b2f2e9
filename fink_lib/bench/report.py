"""What a benchmark reports, and the arithmetic from batches to rates."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Batch(NamedTuple):
    """One micro-batch with rows.

    Attributes
    ----------
    rows
        Alerts in it.
    seconds
        How long it took.
    ended_s
        Unix time of its end.
    """

    rows: int
    seconds: float
    ended_s: float


@dataclass(frozen=True)
class Report:
    """Figures of one run.

    Attributes
    ----------
    what, alerts, derived_from
        Which benchmark; how many packets, derived from how many real ones.
    rate_steady, rate_total
        Alerts per second after the first batch, and from the start of the stream to the end of the last batch;
        of a chain from the first stage's first batch to the last stage's last one.
    decode_rate
        The yard-stick, alerts per second in steady state: Kafka, header cut off, `from_avro`, Parquet files;
        no check, no Delta, no exactly-once.
    ratio
        `rate_steady` over `decode_rate`.
    latency_s
        p50, p95 and p99; see `latency_of` for what they are of.
    latency_of
        ``kafka_to_topic``: arrival in Kafka to the time stamp on the output topic, at a given rate.
        ``batch``: time of the micro-batch an alert was in, the whole input being there at the start.
    latency_alerts
        Messages that the latency was measured on.
    latency_rate
        Alerts per second offered while it was measured.
    peak_rss_mb
        Highest resident memory of each driver with its JVM and Python workers, shared pages counted for each.
    peak_own_mb
        The same with shared pages counted once, and of all processes together at one moment.
    bytes_per_message
        ``distribute`` alone: what a message costs on the broker's disk, see `bench.on_disk`.
    filters
        Rates with few and with many filters, where that was asked for, see `bench.filters`.
    burst_s
        ``burst`` alone: from the first alert's arrival in Kafka until all were on topics.
    small_batch_s
        ``night`` alone, at a rate so low that there are such: median time of batches of a few alerts, by stage.
    """

    what: str
    alerts: int
    derived_from: int
    rate_steady: float
    rate_total: float
    decode_rate: float
    latency_s: Mapping[str, float]
    latency_of: str
    latency_alerts: int
    peak_rss_mb: Mapping[str, float]
    peak_own_mb: Mapping[str, float] = field(default_factory=dict)
    latency_rate: float | None = None
    stages: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    bytes_per_message: Mapping[str, Any] = field(default_factory=dict)
    filters: Mapping[str, Any] = field(default_factory=dict)
    burst_s: float | None = None
    small_batch_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Steady rate over the plain decode rate."""
        return round(self.rate_steady / self.decode_rate, 3) if self.decode_rate else 0.0

    def as_json(self) -> str:
        """Return everything as a JSON object."""
        return json.dumps({**asdict(self), "ratio": self.ratio}, indent=1)


def rate_steady(batches: Sequence[Batch]) -> float:
    """Return alerts per second after the first batch; of the only batch when there is one.

    Time between batches counts: a stream that waits for its trigger is not faster for it.
    """
    if len(batches) == 1:
        return rate(batches[0].rows, batches[0].seconds)
    return rate(sum(batch.rows for batch in batches[1:]), batches[-1].ended_s - batches[0].ended_s)


def rate(rows: float, seconds: float) -> float:
    """Return rows per second, rounded to a tenth.

    Parameters
    ----------
    rows
        How many.
    seconds
        In which time; without any, the rate is 0.
    """
    return round(rows / seconds, 1) if seconds > 0 else 0.0


def percentiles(seconds: Sequence[float], weights: Sequence[int] | None = None) -> dict[str, float]:
    """Return p50, p95 and p99, each value counted `weights` times; zeros when there is none.

    Parameters
    ----------
    seconds
        The values.
    weights
        One a value; None counts each once.

    Returns
    -------
    ``p50``, ``p95`` and ``p99`` → seconds, rounded to ms.
    """
    values = np.repeat(np.asarray(seconds, dtype=float), weights) if weights is not None else np.asarray(seconds)
    if not values.size:
        return {"p50": 0.0, "p95": 0.0, "p99": 0.0}
    return {f"p{p}": round(float(np.percentile(values, p)), 3) for p in (50, 95, 99)}


def scaled(batches: Sequence[Batch], total: int) -> list[Batch]:
    """Make the rows of batches add up to what the tables hold: Spark counts a row again whenever it is read again.

    Parameters
    ----------
    batches
        As Spark counted them.
    total
        Rows of the tables.

    Returns
    -------
    The batches in their order; none where Spark counted no row.
    """
    counted = sum(batch.rows for batch in batches)
    return [batch._replace(rows=round(batch.rows * total / counted)) for batch in batches] if counted else []
