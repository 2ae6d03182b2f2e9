"""Which items make a piece of work fail: it is done in parts until the guilty ones stand alone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

Item = TypeVar("Item")

MOST_BLAMED = 16  # of a batch; where more fail, it is the code that must be mended
HALVES = 2


@dataclass(frozen=True)
class Blamed(Generic[Item]):
    """An item that fails by itself, twice.

    Attributes
    ----------
    item
        Which one.
    error
        What it raised.
    """

    item: Item
    error: Exception


def no_note(items: object) -> AbstractContextManager[object]:  # noqa: ARG001 - of no items
    """Note nothing of a part."""
    return nullcontext()


class Halves(Generic[Item]):
    """Does work in halves, or in more parts.

    Parameters
    ----------
    do
        Does some items and returns how many of them went all the way; done again, it changes nothing.
    may_blame
        Tells whether an error may be an item's fault; any other one ends the search.
    on_way
        Called whenever items went all the way.
    ways
        Into how many parts items that fail together are cut.
    noted
        Stands around the work on a part.
    """

    def __init__(
        self,
        do: Callable[[Sequence[Item]], int],
        may_blame: Callable[[Exception], bool],
        on_way: Callable[[], None],
        *,
        ways: int = HALVES,
        noted: Callable[[Sequence[Item]], AbstractContextManager[object]] = no_note,
    ) -> None:
        self._do, self._may_blame, self._on_way = do, may_blame, on_way
        self._ways, self._noted = ways, noted
        self.blamed: list[Blamed[Item]] = []

    def search(self, items: Sequence[Item]) -> None:
        """Do the items, which failed together, in their order; those in `blamed` are left undone.

        Raises
        ------
        Exception
            What an item raised that is not to blame for it, or the last one of too many.
        """
        if len(items) <= 1:
            self._one(items)
            return
        for part in cut(items, self._ways):
            error = self._fails(part)
            if error is not None:
                self.search(part)

    def _one(self, items: Sequence[Item]) -> None:
        """Try a single item once more: what does not fail again is done."""
        error = self._fails(items)
        if error is None:
            return
        self.blamed.append(Blamed(items[0], error))
        if len(self.blamed) > MOST_BLAMED:
            raise error

    def _fails(self, items: Sequence[Item]) -> Exception | None:
        try:
            with self._noted(items):
                whole = self._do(items)
        except Exception as error:
            if not self._may_blame(error):
                raise
            return error
        if whole:
            self._on_way()
        return None


def cut(items: Sequence[Item], ways: int) -> Iterator[Sequence[Item]]:
    """Yield items in so many parts, in order, whose sizes differ by one at the most; none is empty.

    Parameters
    ----------
    items
        In any order; empty ones yield nothing.
    ways
        Into how many parts; fewer come where there are fewer items.
    """
    edges = [len(items) * number // ways for number in range(ways + 1)]
    for start, end in pairwise(edges):
        if end > start:
            yield items[start:end]
