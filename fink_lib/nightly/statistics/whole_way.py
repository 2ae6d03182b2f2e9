"""The way of an alert from the sky to a topic, and each stage by the hour: beside the stages of `latency`.

Packets do not tell when their survey published them; the first moment after the observation is the arrival in Kafka.
What these say of a night that is played again is how long ago it was observed.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from fink_lib.files import JsonObject
from fink_lib.lake.rows import Rows
from fink_lib.lake.versions import Table
from fink_lib.nightly.statistics.latency import MICROSECONDS, Micros, histogram_of, named, stage_spans
from fink_lib.nights import SECONDS_PER_DAY, NightRule

HOUR = 3600 * MICROSECONDS


def since_observed(rows: Mapping[Table, Rows], rule: NightRule) -> JsonObject:
    """Return how long after its observation an alert arrived in Kafka (``arrival``) and was in silver (``silver``).

    Parameters
    ----------
    rows
        Those of a night.
    rule
        How the survey writes the time of an observation.

    Returns
    -------
    JsonObject
        By moment: number of alerts, and quantiles in seconds.
    """
    spans = {
        "arrival": _since(rows[Table.BRONZE], "kafka_time", rule),
        "silver": _since(rows[Table.SILVER], "enrich_time", rule),
    }
    return {moment: named(histogram_of(micros)) for moment, micros in spans.items() if len(micros)}


def by_hour(rows: Mapping[Table, Rows]) -> JsonObject:
    """Return the quantiles of each stage by the hour (UTC) in which the alert began it."""
    found: dict[str, dict[int, Counter[float]]] = defaultdict(lambda: defaultdict(Counter))
    for stage, starts, micros in stage_spans(rows):
        hours = starts // HOUR
        for hour in np.unique(hours).tolist():
            found[stage][hour].update(histogram_of(micros[hours == hour]))
    return {stage: {_name(hour): named(of[hour]) for hour in sorted(of)} for stage, of in found.items()}


def _since(rows: Rows, moment: str, rule: NightRule) -> Micros:
    read = rows.read("time", moment).drop_null()
    observed = read["time"].cast(pa.float64()).to_numpy() * SECONDS_PER_DAY + rule.unix_s(0.0)
    at = read[moment].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    return np.asarray(at - np.round(observed * MICROSECONDS).astype(np.int64), dtype=np.int64)


def _name(hour: int) -> str:
    return dt.datetime.fromtimestamp(hour * 3600, dt.UTC).strftime("%Y-%m-%dT%H")
