"""The parts of a step as tasks of Spark: each is handed to a worker, which does what one process would."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TypeVar

from pyspark import SparkContext
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.lake.spark.session import build_session

Part = TypeVar("Part")
Done = TypeVar("Done")


class OnCluster:
    """Does parts by the workers of Spark; their hosts must see the lake under the same path.

    Parameters
    ----------
    settings
        Which master; the session ends with the process, and begins with the first part.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _context(self) -> SparkContext:
        session = SparkSession.getActiveSession() or build_session("nightly", self._settings)
        return session.sparkContext

    @property
    def width(self) -> int:
        """Return how many tasks run at one time."""
        return int(self._context.defaultParallelism)

    def each(self, work: Callable[[Part], Done], parts: Iterable[Part]) -> Iterator[Done]:
        """Do the work of each part as a task of its own.

        Parameters
        ----------
        work
            A function that can be pickled, as can what it takes and gives.
        parts
            All of them are in this process's memory, as is all that they give; their order is kept.
        """
        given = list(parts)
        if given:
            yield from self._context.parallelize(given, len(given)).map(work).collect()
