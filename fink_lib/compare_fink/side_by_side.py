"""Our filters beside Fink's own, over the same alerts: who selects what, and why they differ."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.compare_fink.filter_causes import Side, cause_of
from fink_lib.compare_fink.filter_causes.ztf import TWINS
from fink_lib.filters.base import Filter
from fink_lib.filters.blocks.catalogued import NOTHING
from fink_lib.filters.blocks.rubin_history import BEFORE, NOW
from fink_lib.filters.blocks.rubin_quality import FLAGS, FLUX, FLUX_ERR
from fink_lib.filters.blocks.surroundings import PLACES
from fink_lib.filters.evaluate import explain
from fink_lib.filters.lsst.faint_trails import MOMENTS
from fink_lib.filters.registry import inputs_of
from fink_lib.filters.upstream.binding import arguments, paths_of
from fink_lib.filters.upstream.loader import Plugin
from fink_lib.offline.alerts import batch_of
from fink_lib.offline.run import ALERT_ID

# What tells why a pair differs on an alert, whether a filter reads it or not.
CAUSE_PATHS = (
    *("DR3Name", "candidate.isdiffpos", "cdsxmatch", "class_default", "gaia_sep_arcsec", "magnetic_cv", "tns"),
    *("hostless_ks_science", "hostless_ks_template", "prv_candidates.magpsf", "science_errors"),
    *(f"{column}{place}" for place in PLACES for column in ("ps1_sep_arcsec", "ps1_star_score")),
    *("gaiadr3_DR3Name", "simbad_otype", "diaSource.band", "diaSource.isNegative", "prvDiaSources.band"),
    *(NOW, BEFORE, FLUX, FLUX_ERR, *FLAGS, *MOMENTS),
)

LISTED = "magnetic_cv"


@dataclass(frozen=True)
class Difference:
    """One alert that one filter of a pair selects and the other does not."""

    alert_id: int
    side: Side
    cause: str


@dataclass
class Pair:
    """A filter of ours and the one of Fink's of that name; one of them can be missing.

    Attributes
    ----------
    name
        Of both.
    filter, plugin
        The two.
    ours, theirs
        Alerts that each selects.
    problems
        Why one of them did not run.
    differences
        Every alert on which they differ, where both ran.
    """

    name: str
    filter: Filter | None
    plugin: Plugin | None
    ours: list[int] = field(default_factory=list)
    theirs: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON takes them."""
        causes = sorted({(one.side, one.cause) for one in self.differences})
        return {
            "ours": len(self.ours),
            "theirs": len(self.theirs),
            "both": len(set(self.ours) & set(self.theirs)),
            "only_ours": self.only(Side.OURS),
            "only_theirs": self.only(Side.THEIRS),
            "problems": self.problems,
            "causes": [{"side": side, "cause": why, "alert_ids": self.only(side, why)} for side, why in causes],
        }

    def only(self, side: Side, cause: str | None = None) -> list[int]:
        """Return the alerts that one side alone selects, for one cause or for any.

        Parameters
        ----------
        side
            Whose filter alone selects them.
        cause
            What the difference is put down to; None for any.

        Returns
        -------
        Ids of alerts, in the order in which they were met.
        """
        return [one.alert_id for one in self.differences if one.side is side and cause in {None, one.cause}]


def pairs_of(filters: Sequence[Filter], plugins: Sequence[Plugin]) -> list[Pair]:
    """Return both by name; what only one side has stands alone.

    Parameters
    ----------
    filters
        Ours, of one survey.
    plugins
        Fink's, of the same survey.

    Returns
    -------
    Sorted by name.
    """
    ours, theirs = {one.name: one for one in filters}, {one.name: one for one in plugins}
    found = [Pair(name, ours.get(name), theirs.get(name)) for name in sorted(ours.keys() | theirs.keys())]
    for pair in found:
        if pair.filter is None:
            pair.problems.append("this broker has none of this name")
        if pair.plugin is None:
            pair.problems.append("Fink has none of this name")
        elif pair.plugin.error:
            pair.problems.append(f"Fink's does not load: {pair.plugin.error}")
    return found


def columns_for(pairs: Iterable[Pair], survey: str) -> tuple[str, ...]:
    """Return every column that either side reads, or that tells why they differ.

    Parameters
    ----------
    pairs
        What `pairs_of` returned.
    survey
        Its name.

    Returns
    -------
    Dotted paths, sorted.
    """
    both = list(pairs)
    ours = inputs_of([pair.filter for pair in both if pair.filter is not None])
    names = tuple({name for pair in both if pair.plugin is not None for name in pair.plugin.parameters})
    return tuple(sorted({*ours, *paths_of(names, survey), *CAUSE_PATHS}))


def run_pairs(pairs: Sequence[Pair], tables: Iterable[pa.Table], survey: str) -> int:
    """Run both sides of every pair over tables of alerts, and note every difference; return the number of alerts.

    Parameters
    ----------
    pairs
        What `pairs_of` returned; answers, differences and problems are added to them.
    tables
        Alerts with ``alert_id`` and what `columns_for` names; a column that is missing keeps our filter from running.
    survey
        Its name.
    """
    count = 0
    for table in tables:
        count += table.num_rows
        for pair in pairs:
            _run_pair(pair, table, survey)
    return count


def _run_pair(pair: Pair, table: pa.Table, survey: str) -> None:
    ids = table[ALERT_ID].to_pylist()
    mine, failing = _ours(pair, table)
    yours = _theirs(pair, table, survey)
    pair.ours += [ids[row] for row in np.flatnonzero(mine)] if mine is not None else []
    pair.theirs += [ids[row] for row in np.flatnonzero(yours)] if yours is not None else []
    if mine is None or yours is None:
        return
    twins = _twins(table)
    for row in np.flatnonzero(mine != yours).tolist():
        facts = {name: table[name][row].as_py() for name in CAUSE_PATHS if name in table.column_names}
        facts[TWINS] = twins[row]
        side = Side.OURS if mine[row] else Side.THEIRS
        pair.differences.append(Difference(ids[row], side, cause_of(side, pair.name, failing[row], facts)))


def _twins(table: pa.Table) -> list[int]:
    """Return for each alert how many others of the batch have its source of the list of magnetic variables."""
    names = table[LISTED].to_pylist() if LISTED in table.column_names else [None] * table.num_rows
    counts = Counter(names)
    return [0 if name in NOTHING else counts[name] - 1 for name in names]


def _ours(pair: Pair, table: pa.Table) -> tuple[Any, list[tuple[str, ...]]]:
    """Return what our filter selects, and for each alert the clauses that it does not meet."""
    if pair.filter is None:
        return None, []
    missing = [path for path in pair.filter.inputs if path not in table.column_names]
    if missing:
        _note(pair, f"ours needs columns that are not there: {', '.join(missing)}")
        return None, []
    here = [path for path in (*pair.filter.inputs, *pair.filter.optional) if path in table.column_names]
    told = explain(pair.filter, batch_of(table.select(here)), table.num_rows)
    failing = [tuple(name for name, one in told.items() if not one.flags[row]) for row in range(table.num_rows)]
    return np.array([not names for names in failing], dtype=np.bool_), failing


def _theirs(pair: Pair, table: pa.Table, survey: str) -> Any:
    if pair.plugin is None or pair.plugin.error:
        return None
    try:
        return pair.plugin.select(arguments(pair.plugin.parameters, table, survey), table.num_rows)
    except Exception as problem:  # noqa: BLE001  code of others: one that raises must not stop the rest
        _note(pair, f"Fink's raised {type(problem).__name__}: {problem}")
        return None


def _note(pair: Pair, problem: str) -> None:
    if problem not in pair.problems:
        pair.problems.append(problem)
