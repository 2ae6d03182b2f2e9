"""What every DAG has in common: owner, tags, pools, retries. Names once, so that a test can hold DAGs to them."""

import datetime as dt
from enum import StrEnum
from typing import Any

OWNER = "fink"
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)  # any date in the past: no schedule here is a clock


class Tag(StrEnum):
    """The tags that a DAG may carry, next to the name of its survey."""

    STREAMING = "streaming"
    NIGHTLY = "nightly"
    MAINTENANCE = "maintenance"


class Pool(StrEnum):
    """Pools, made by `fink up`; a deferred stream holds its slot."""

    STREAMS = "spark_streams"
    BATCH = "spark_batch"


# A stream is retried for as long as its night lasts: from its checkpoint, with a pause that grows to a minute.
STREAM_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "pool": Pool.STREAMS.value,
    "retries": 500,
    "retry_delay": dt.timedelta(seconds=3),
    "retry_exponential_backoff": 1.5,
    "max_retry_delay": dt.timedelta(minutes=1),
}

# A nightly step is idempotent, so one retry costs nothing; what fails twice needs a person.
NIGHTLY_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "pool": Pool.BATCH.value,
    "retries": 1,
    "retry_delay": dt.timedelta(seconds=10),
}
