"""Our science columns beside those that Fink published for the same alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from fink_lib.compare_fink.rules import DEFAULT, RULES, Agreement, Row, cause_of
from fink_lib.errors import ConfigError
from fink_lib.offline.flatten import WHOLE, Leaf, leaf, leaves
from fink_lib.offline.run import ALERT_ID, ERRORS
from fink_lib.science.framework.base import FAILED, NOT_RUN, Module

IDS = ("candid", "alert_id", "diaSourceId")
NOT_LOADED = f"{NOT_RUN}not loaded"


@dataclass(frozen=True)
class Difference:
    """One value that is not equal.

    Attributes
    ----------
    alert_id, part
        Which alert; which leaf of a nested value.
    ours, theirs
        The two values.
    cause
        Why, as far as that is known.
    """

    alert_id: int
    part: str
    ours: Leaf
    theirs: Leaf
    cause: str


@dataclass
class Comparison:
    """What came of one column.

    Attributes
    ----------
    compared, equal
        Values laid side by side (of nested values, their leaves), and how many of them agree.
    max_diff
        Largest difference of two numbers, divided by Fink's where the rule says so; where one side has none, the
        other's size. 1 for two texts that differ.
    not_loaded
        Values left out because a catalogue or model is not on this machine.
    differences
        Every value that is not equal.
    """

    compared: int = 0
    equal: int = 0
    max_diff: float = 0.0
    not_loaded: int = 0
    differences: list[Difference] = field(default_factory=list)

    def as_dict(self) -> dict[str, float]:
        """Return the three figures."""
        return {"compared": self.compared, "equal": self.equal, "max_diff": self.max_diff}


def id_column(published: pa.Table) -> str:
    """Return which column of Fink's outputs names the alert.

    Raises
    ------
    ConfigError
        When there is none.
    """
    for name in IDS:
        if name in published.column_names:
            return name
    raise ConfigError(f"the outputs have no column {', '.join(IDS)}: alerts cannot be matched")


def compare(ours: pa.Table, published: pa.Table, modules: Sequence[Module]) -> dict[str, Comparison]:
    """Compare every column that both tables have, alert by alert.

    Parameters
    ----------
    ours
        What `science_table` returned.
    published
        Fink's outputs; nested values may be JSON text.
    modules
        Those that filled `ours`.

    Raises
    ------
    ConfigError
        When the two have no alert in common.
    """
    key = id_column(published)
    theirs = {row[key]: row for row in published.to_pylist()}
    rows = [row for row in ours.to_pylist() if row[ALERT_ID] in theirs]
    if not rows:
        raise ConfigError("the packets and the outputs have no alert in common")
    found: dict[str, Comparison] = {}
    for module in modules:
        for column in (out.name for out in module.outputs if out.name in published.column_names):
            found[column] = Comparison()
            for row in rows:
                reason = dict(row[ERRORS]).get(module.name, "")
                _compare_row(found[column], column, row, theirs[row[ALERT_ID]], reason)
    return found


def _compare_row(result: Comparison, column: str, row: Row, theirs: Row, reason: str) -> None:
    """Compare one alert; `reason` says why our module has no result, if it has none."""
    if reason.startswith(NOT_LOADED):
        result.not_loaded += 1
        return
    rule = RULES.get(column, DEFAULT)
    mine, published = leaves(row[column]), leaves(theirs[column])
    for part in sorted(_common_parts(mine, published)):
        pair = (mine.get(part), published.get(part))
        is_equal, difference = _judge(*pair, rule)
        result.compared += 1
        result.equal += is_equal
        result.max_diff = max(result.max_diff, difference)
        if not is_equal:
            cause = reason if reason.startswith(FAILED) else cause_of(column, *pair, theirs, row)
            if pair[0] is None and reason:
                cause = f"{cause}; ours {reason}"
            result.differences.append(Difference(row[ALERT_ID], part, *pair, cause))


def _common_parts(ours: Mapping[str, Leaf], theirs: Mapping[str, Leaf]) -> set[str]:
    """Return the leaves to compare: where one side is null as a whole, those of the other."""
    for one, other in ((ours, theirs), (theirs, ours)):
        if set(one) == {WHOLE} and one[WHOLE] is None:
            return set(other)
    return set(ours) & set(theirs)


def _judge(ours: Leaf, theirs: Leaf, rule: Agreement) -> tuple[bool, float]:
    """Return whether two leaves are equal, and by how much they differ."""
    if ours is None and theirs is not None and theirs == rule.absent:
        return True, 0.0
    if ours is None or theirs is None:
        there = theirs if ours is None else ours
        return there is None, _size(there)
    if isinstance(ours, float) and isinstance(theirs, float):
        difference = rule.difference(ours, theirs)
        return difference <= rule.tolerance, difference
    is_equal = str(leaf(ours)) == str(leaf(theirs))
    return is_equal, 0.0 if is_equal else 1.0


def _size(there: Leaf) -> float:
    """Return how much a value weighs that only one side has."""
    if there is None:
        return 0.0
    return abs(there) if isinstance(there, float) else 1.0
