"""What a stage hands to the run loop: a source and what to do with a micro-batch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame

from fink_lib.streams.spec import StreamSpec

if TYPE_CHECKING:
    from pyspark.sql.streaming.query import StreamingQuery


@dataclass(frozen=True)
class StreamPlan:
    """One streaming query.

    Attributes
    ----------
    spec
        Which stream it is.
    source
        Streaming frame.
    write_batch
        Called with every micro-batch and its id; must be idempotent for an id. Returns how many rows it read, where it
        did not read them through Spark.
    trigger_s
        Seconds between two micro-batches; 0 starts the next one at once.
    outdated
        Tells that the plan would be another one if it were made now: the driver then makes it again and goes on.
    close
        Lets go of what the batches held open; to be called once the query has ended, however it did.
    beside
        Does what is to be done between batches and beside them; called again and again while the query runs, on a
        thread of its own.
    """

    spec: StreamSpec
    source: DataFrame
    write_batch: Callable[[DataFrame, int], int | None]
    trigger_s: float
    outdated: Callable[[], bool] = lambda: False
    close: Callable[[], None] = lambda: None
    beside: Callable[[], object] = lambda: None

    def _write(self, batch: DataFrame, batch_id: int) -> None:
        self.write_batch(batch, batch_id)

    def start(self, *, available_now: bool = False) -> "StreamingQuery":
        """Start the query; with ``available_now`` it stops by itself once all present input is done."""
        writer = (
            self.source.writeStream.queryName(self.spec.name)
            .option("checkpointLocation", str(self.spec.checkpoint))
            .foreachBatch(self._write)
        )
        if available_now:
            return writer.trigger(availableNow=True).start()
        return writer.trigger(processingTime=f"{self.trigger_s} seconds").start()
