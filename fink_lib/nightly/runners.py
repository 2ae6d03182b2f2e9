"""Who does the parts of a step: this process, one after the other, or the tasks of Spark, side by side.

A step that is worth it is a pure function over parts: a part names all that its work takes, and what the parts give
merges to the same whole whoever did them. Which steps these are, and why the others are not, is in
docs/decisions/0013-two-runners-one-function.md.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from fink_lib.config import Settings

Part = TypeVar("Part")
Done = TypeVar("Done")


class Runner(Protocol):
    """Does parts."""

    @property
    def width(self) -> int:
        """How many parts are at work at one time."""

    def each(self, work: Callable[[Part], Done], parts: Iterable[Part]) -> Iterable[Done]:
        """Do the work of each part; return what they give, in the order of the parts.

        Parameters
        ----------
        work
            A function that can be pickled, as can parts and what it gives: it may run elsewhere.
        parts
            What it is called with, one at a time.
        """


class InProcess:
    """Does one part after the other in this process; no more than one is in memory."""

    width = 1

    def each(self, work: Callable[[Part], Done], parts: Iterable[Part]) -> Iterator[Done]:
        """Do the work of each part, once what it gives is asked for.

        Parameters
        ----------
        work
            Any function.
        parts
            What it is called with, one at a time, as they come.
        """
        return map(work, parts)


IN_PROCESS = InProcess()


def runner_of(settings: Settings, alerts: int) -> Runner:
    """Return who does the parts of a night of so many alerts: Spark from the size on that the settings name.

    Parameters
    ----------
    settings
        Name the size; without one, this process does all parts.
    alerts
        Of the night.
    """
    fewest = settings.nightly_spark_alerts
    if fewest is None or alerts < fewest:
        return IN_PROCESS
    from fink_lib.nightly.on_cluster import OnCluster  # noqa: PLC0415 - most nights need no Spark

    return OnCluster(settings)


def shares(items: Sequence[Part], count: int) -> list[Sequence[Part]]:
    """Deal items out into so many runs of neighbours, or fewer where there are fewer items; none is empty.

    Parameters
    ----------
    items
        What is dealt out, in order.
    count
        As many runs at most; less than 1 counts as 1.
    """
    count = max(1, min(count, len(items)))
    ends = [len(items) * number // count for number in range(count + 1)]
    return [items[first:end] for first, end in itertools.pairwise(ends) if end > first]
