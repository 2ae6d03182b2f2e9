"""Rules as data: conditions on columns, a label for those that meet them, and how a scheme decides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Flags: TypeAlias = npt.NDArray[np.bool_]
Columns: TypeAlias = Mapping[str, npt.NDArray[Any]]

AMBIGUOUS = "Ambiguous"


class Op(StrEnum):
    """How a column is compared; a missing value meets only `IS_NOT`."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    IS = "is"
    IS_NOT = "is not"


COMPARE: Mapping[Op, Callable[[Any, Any], Any]] = {
    Op.ABOVE: np.greater,
    Op.AT_LEAST: np.greater_equal,
    Op.BELOW: np.less,
    Op.AT_MOST: np.less_equal,
    Op.IS: np.equal,
    Op.IS_NOT: np.not_equal,
}


@dataclass(frozen=True)
class Test:
    """One comparison: a column, how, and with what."""

    column: str
    op: Op
    value: float | bool

    __test__ = False  # pytest takes every class of this name for its own

    def holds(self, columns: Columns) -> Flags:
        """Return the alerts that meet it."""
        return np.asarray(COMPARE[self.op](columns[self.column], self.value), dtype=bool)

    def __str__(self) -> str:
        if isinstance(self.value, bool):
            return self.column if self.value else f"not {self.column}"
        return f"{self.column} {self.op} {self.value:g}"


@dataclass(frozen=True)
class AnyOf:
    """Comparisons of which one is enough."""

    tests: tuple[Test, ...]

    def holds(self, columns: Columns) -> Flags:
        """Return the alerts that meet at least one."""
        return np.asarray(np.logical_or.reduce([test.holds(columns) for test in self.tests]))

    def __str__(self) -> str:
        return " or ".join(map(str, self.tests))


@dataclass(frozen=True)
class ClassRule:
    """One row of a table.

    Attributes
    ----------
    label
        The class; or, after a ``=``, the name of the column that holds it.
    conditions
        All of them must hold.
    family
        Rules of one family do not contradict each other; without a family a rule makes nothing ambiguous.
    final
        Decides after the ambiguity was settled, and so overrides it.
    """

    label: str
    conditions: tuple[Test | AnyOf, ...]
    family: str = ""
    final: bool = False

    def holds(self, columns: Columns) -> Flags:
        """Return the alerts that the rule applies to."""
        return np.asarray(np.logical_and.reduce([condition.holds(columns) for condition in self.conditions]))

    def labels(self, columns: Columns, count: int) -> npt.NDArray[np.object_]:
        """Return the class that the rule gives to each alert.

        Parameters
        ----------
        columns
            Name → values, one an alert; read only where the label is a column.
        count
            Number of alerts.
        """
        if self.label.startswith("="):
            return np.asarray(columns[self.label[1:]], dtype=object)
        return np.full(count, self.label, dtype=object)

    def reason(self) -> str:
        """Say why, in one line."""
        return ", ".join(map(str, self.conditions))


@dataclass(frozen=True)
class Scheme:
    """A table of rules, applied in order; each overrides those before it.

    Attributes
    ----------
    name, version
        Raise the version when a class can change.
    unknown
        Class where no rule applies.
    rules
        The rows.
    """

    name: str
    version: str
    unknown: str
    rules: tuple[ClassRule, ...]

    def classify(self, columns: Columns, count: int) -> tuple[npt.NDArray[np.object_], list[list[str]]]:
        """Return the class of each alert, and one line for each rule that applies to it.

        Parameters
        ----------
        columns
            All columns that the rules name, one value an alert.
        count
            Number of alerts.
        """
        holds = [rule.holds(columns) for rule in self.rules]
        given = [rule.labels(columns, count) for rule in self.rules]
        label = np.full(count, self.unknown, dtype=object)
        label = _apply(label, zip(self.rules, holds, given, strict=True), final=False)
        label = np.where(self._families(holds, count) > 1, AMBIGUOUS, label)
        label = _apply(label, zip(self.rules, holds, given, strict=True), final=True)
        reasons: list[list[str]] = [[] for _ in range(count)]
        for rule, flags, words in zip(self.rules, holds, given, strict=True):
            why = rule.reason()
            for row in np.flatnonzero(flags):
                reasons[row].append(f"{words[row]}: {why}")
        return np.asarray(label, dtype=object), reasons

    def _families(self, holds: Sequence[Flags], count: int) -> npt.NDArray[np.int64]:
        """Count the families that speak for each alert."""
        total = np.zeros(count, dtype=np.int64)
        for family in sorted({rule.family for rule in self.rules if rule.family}):
            members = [flags for rule, flags in zip(self.rules, holds, strict=True) if rule.family == family]
            total += np.logical_or.reduce(members)
        return total


def _apply(label: Any, rows: Any, *, final: bool) -> Any:
    for rule, flags, words in rows:
        if rule.final == final:
            label = np.where(flags, words, label)
    return label
