"""A known reason why our filter and Fink's own select different alerts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Row = Mapping[str, Any]
OUR_CHOICE = "our choice"


class Side(StrEnum):
    """Whose filter alone selects the alert."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True)
class Cause:
    """A known reason.

    Attributes
    ----------
    side
        Where it applies.
    sentence
        What is said of it: what Fink does, what this broker does.
    filters
        Names of the filters; all, when empty.
    clause
        Which of our clauses it explains, for `Side.THEIRS`; any, when empty.
    explains
        Called with the alert.
    choice
        True where nothing is wrong with Fink's filter: this broker asks for more, or measures otherwise.
    """

    side: Side
    sentence: str
    filters: tuple[str, ...] = ()
    clause: str = ""
    explains: Callable[[Row], bool] = lambda _row: True
    choice: bool = False

    @property
    def told(self) -> str:
        """What a report says."""
        return f"{OUR_CHOICE}: {self.sentence}" if self.choice else self.sentence

    def covers(self, side: Side, name: str, clause: str, row: Row) -> bool:
        """Tell whether it explains one difference.

        Parameters
        ----------
        side
            Whose filter alone selects the alert.
        name
            Name of the filter.
        clause
            One of our clauses that the alert does not meet; empty where our filter selects it.
        row
            Values of the alert, by column.
        """
        fits = side is self.side and (not self.filters or name in self.filters)
        return fits and (not self.clause or clause == self.clause) and self.explains(row)
