"""A query that Spark ends as it counts its lag after a batch is made anew; any other end ends the driver."""

from typing import Any, cast

import pytest
from pyspark.errors import StreamingQueryException

from fink_lib.streams import loop
from fink_lib.streams.stop import Gate

LAG = (
    "[STREAM_FAILED] Query [id = 1, runId = 2] terminated with exception: Cannot invoke "
    '"scala.collection.IterableOps.map(scala.Function1)" because the return value of "scala.Option.get()" is null '
    "SQLSTATE: XXKST"
)


class Ended:
    """A query that ended with an exception."""

    def __init__(self, said: str) -> None:
        self._said = said

    def awaitTermination(self, _timeout: float) -> bool:  # noqa: N802 - Spark's name
        raise StreamingQueryException(self._said)


def after(said: str, gate: Gate[Any]) -> bool:
    return loop._has_ended(cast("Any", Ended(said)), gate)


def test_a_replayed_batch_whose_lag_is_not_counted_needs_a_new_query_alone() -> None:
    gate: Gate[Any] = Gate(lambda _frame, _batch_id: None)
    gate("rows", 4)
    assert after(LAG, gate)
    assert gate.wants_plan


def test_the_same_end_before_any_batch_is_not_tried_again_for_ever() -> None:
    with pytest.raises(StreamingQueryException):
        after(LAG, Gate(lambda _frame, _batch_id: None))


def test_another_end_after_a_batch_ends_the_driver() -> None:
    gate: Gate[Any] = Gate(lambda _frame, _batch_id: None)
    gate("rows", 4)
    with pytest.raises(StreamingQueryException):
        after("[STREAM_FAILED] Query terminated with exception: No space left on device", gate)
    assert not gate.wants_plan
