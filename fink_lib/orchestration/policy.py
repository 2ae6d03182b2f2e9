"""What every DAG has in common: owner, tags, pools, retries. Names once, so that a test can hold DAGs to them."""

import datetime as dt
from enum import StrEnum
from typing import Any

from airflow.sdk import RetryPolicy
from airflow.sdk.definitions.retry_policy import RetryDecision

from fink_lib.errors import FinkError, StreamBroken

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
    USERS = "user_jobs"


class UnlessUseless(RetryPolicy):
    """Tries again as often as a task may, unless the error itself says that only a person can mend it.

    Parameters
    ----------
    kind
        Errors that are asked; what any other one says is not heeded.
    """

    def __init__(self, kind: type[FinkError] = FinkError) -> None:
        self.kind = kind

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,  # noqa: ARG002 - Airflow's signature
        max_tries: int,  # noqa: ARG002 - the same
        context: object = None,  # noqa: ARG002 - the same
    ) -> RetryDecision:
        """Return whether a retry is of use.

        Parameters
        ----------
        exception
            What ended the try.
        try_number, max_tries, context
            Not used.
        """
        if isinstance(exception, self.kind) and not exception.retryable:
            return RetryDecision.fail(f"a retry cannot mend it: {exception}")
        return RetryDecision.default()


# A stream is retried for as long as its night lasts: from its checkpoint, with a pause that grows to a minute. A red
# run is followed by the next at once, so that only an end that is known to last, and is waited after, makes one.
STREAM_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "pool": Pool.STREAMS.value,
    "retries": 500,
    "retry_delay": dt.timedelta(seconds=3),
    "retry_exponential_backoff": 1.5,
    "max_retry_delay": dt.timedelta(minutes=1),
    "retry_policy": UnlessUseless(StreamBroken),
}

# A nightly step is idempotent, so one retry costs nothing; what fails twice needs a person. What the step itself
# knows that a retry cannot mend, a broken equation say, is not tried again (`fink_lib.processes.endings`).
NIGHTLY_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "pool": Pool.BATCH.value,
    "retries": 1,
    "retry_delay": dt.timedelta(seconds=10),
    "retry_policy": UnlessUseless(),
}
