"""What science costs: seconds of each module by night, out of the Python workers into one small file a night.

Workers add up what they spent in an accumulator of Spark; after each micro-batch the driver adds the growth to the
night's file. The file is replaced at once and lies beside the stream's heartbeat, as it is about a run of code on a
machine, not about the alerts: the same alerts computed again cost again, and reprocessing leaves it alone.
"""

import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyspark import Accumulator, AccumulatorParam, SparkContext

from fink_lib.enrich.cost_file import Seconds, add_cost, cost_path

logger = logging.getLogger(__name__)


class SumByName(AccumulatorParam[Seconds]):
    """Adds numbers up by their names."""

    def zero(self, value: Seconds) -> Seconds:  # noqa: ARG002 - Spark's signature
        """Return no numbers."""
        return {}

    def addInPlace(self, value1: Seconds, value2: Seconds) -> Seconds:  # noqa: N802 - Spark's name
        """Add the second numbers to the first.

        Parameters
        ----------
        value1
            Name → seconds; it is changed and returned.
        value2
            Name → seconds.
        """
        for name, seconds in value2.items():
            value1[name] = value1.get(name, 0.0) + seconds
        return value1


class CostBook:
    """Seconds of each module by night.

    Parameters
    ----------
    context
        Where workers add up what they spend.
    stream
        Folder of the stream.
    """

    def __init__(self, context: SparkContext, stream: Path) -> None:
        self.spent: Accumulator[Seconds] = context.accumulator({}, SumByName())
        self._stream = stream
        self._noted: Seconds = {}

    def note(self, nights: pa.ChunkedArray) -> None:
        """Add what was spent since the last time to the nights of the alerts that it was spent on, by their number.

        Counting cost never stops a stream: what cannot be written is logged.
        """
        total = dict(self.spent.value)
        grown = {name: seconds - self._noted.get(name, 0.0) for name, seconds in total.items()}
        self._noted = total
        alerts = {one["values"]: one["counts"] for one in pc.value_counts(nights).to_pylist() if one["values"]}
        try:
            for night, count in alerts.items():
                share = count / sum(alerts.values())
                spent = {name: share * each for name, each in grown.items()}
                add_cost(cost_path(self._stream, night), spent, count)
        except (OSError, ValueError):
            logger.exception("stream=%s cost of its science not written", self._stream.name)
