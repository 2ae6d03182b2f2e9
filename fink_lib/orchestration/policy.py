"""What every DAG has in common: owner, tags, pools, retries. Names once, so that a test can hold DAGs to them."""

import datetime as dt
from enum import StrEnum
from typing import Any

OWNER = "fink"
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)  # any date in the past: no schedule here is a clock

FIRST_NIGHT = dt.datetime(2017, 10, 1, tzinfo=dt.UTC)  # no survey here has an earlier one


class Tag(StrEnum):
    """The tags that a DAG may carry, next to the name of its survey."""

    STREAMING = "streaming"
    NIGHTLY = "nightly"
    MAINTENANCE = "maintenance"
    ON_DEMAND = "on_demand"


class Pool(StrEnum):
    """Pools, made by `fink up`; a deferred stream holds its slot."""

    STREAMS = "spark_streams"
    BATCH = "spark_batch"
    RERUN = "spark_rerun"


# A stream is retried for as long as its night lasts: from its checkpoint, with a pause that grows to a minute.
STREAM_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "pool": Pool.STREAMS.value,
    "retries": 500,
    "retry_delay": dt.timedelta(seconds=3),
    "retry_exponential_backoff": 1.5,
    "max_retry_delay": dt.timedelta(minutes=1),
}

# A nightly step is idempotent, so one retry costs nothing; what fails twice needs a person. What the step itself
# knows that a retry cannot mend, a broken equation say, is not tried again (`fink_lib.job_run`).
NIGHTLY_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "pool": Pool.BATCH.value,
    "retries": 1,
    "retry_delay": dt.timedelta(seconds=10),
}
