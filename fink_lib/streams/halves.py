"""Which items make a piece of work fail: it is done in halves until the guilty ones stand alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

MOST_BLAMED = 16  # of a batch; where more fail, it is the code that must be mended


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


class Halves(Generic[Item]):
    """Does work in halves.

    Parameters
    ----------
    do
        Does some items and returns how many of them went all the way; done again, it changes nothing.
    may_blame
        Tells whether an error may be an item's fault; any other one ends the search.
    on_way
        Called whenever items went all the way.
    """

    def __init__(
        self, do: Callable[[Sequence[Item]], int], may_blame: Callable[[Exception], bool], on_way: Callable[[], None]
    ) -> None:
        self._do, self._may_blame, self._on_way = do, may_blame, on_way
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
        half = len(items) // 2
        for part in (items[:half], items[half:]):
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
            whole = self._do(items)
        except Exception as error:
            if not self._may_blame(error):
                raise
            return error
        if whole:
            self._on_way()
        return None
