"""What the filters select out of files, and how each of their clauses decides."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.errors import ConfigError
from fink_lib.filters.base import Filter
from fink_lib.filters.evaluate import Told, explain
from fink_lib.offline.alerts import batch_of
from fink_lib.offline.run import ALERT_ID


@dataclass
class Selection:
    """What came of one filter.

    Attributes
    ----------
    filter
        Which one.
    missing
        Columns that it needs and that were not there: it did not run then.
    alert_ids
        Alerts that it selected.
    holds
        Clause → number of alerts that meet it.
    alone
        Clause → number of alerts that it alone kept back.
    failed
        Alert → what was raised, for those that could not be judged.
    """

    filter: Filter
    missing: tuple[str, ...] = ()
    alert_ids: list[int] = field(default_factory=list)
    holds: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)

    def add(self, told: dict[str, Told], ids: Sequence[int]) -> None:
        """Take in the answers of all clauses about some alerts.

        Parameters
        ----------
        told
            What `explain` said, by clause.
        ids
            Ids of the alerts, in the same order.
        """
        flags = np.stack([one.flags for one in told.values()])
        for name, one in told.items():
            self.holds[name] += int(one.flags.sum())
        self.alert_ids += [ids[row] for row in np.flatnonzero(flags.all(axis=0)).tolist()]
        for row in np.flatnonzero((~flags).sum(axis=0) == 1).tolist():
            name = list(told)[int(np.argmin(flags[:, row]))]
            error = told[name].errors.get(row)
            if error is None:
                self.alone[name] += 1
            else:
                self.failed[ids[row]] = error

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON takes them."""
        clauses = {c.name: {"holds": self.holds[c.name], "alone": self.alone[c.name]} for c in self.filter.clauses}
        return {
            "topic": self.filter.topic,
            "version": self.filter.version,
            "selected": len(self.alert_ids),
            "alert_ids": self.alert_ids,
            "clauses": clauses,
            "missing": list(self.missing),
            "failed": self.failed,
        }


def select(tables: Iterable[pa.Table], filters: Sequence[Filter]) -> tuple[int, list[Selection]]:
    """Run filters over tables of alerts; return the number of alerts and what came of each filter.

    A filter whose columns are not there is left out, and says which.

    Parameters
    ----------
    tables
        Alerts with ``alert_id`` and columns under their dotted paths.
    filters
        Filters to run.
    """
    count = 0
    found = [Selection(one) for one in filters]
    for table in tables:
        batch, ids = batch_of(table), table[ALERT_ID].to_pylist()
        count += table.num_rows
        for one in found:
            one.missing = tuple(path for path in one.filter.inputs if path not in batch)
            if not one.missing:
                one.add(explain(one.filter, batch, table.num_rows), ids)
    return count, found


def why(tables: Iterable[pa.Table], chosen: Filter, alert_id: int) -> dict[str, tuple[bool, str]]:
    """Return of each clause of a filter whether one alert meets it, and what was raised if anything was.

    Parameters
    ----------
    tables
        Alerts with ``alert_id`` and columns under their dotted paths.
    chosen
        The filter.
    alert_id
        The alert; where it comes twice, the first one is asked.

    Returns
    -------
    Clause → answer, and the error; empty where nothing was raised.

    Raises
    ------
    ConfigError
        When the alert is not there, or has not the columns that the filter reads.
    """
    for table in tables:
        ids = table[ALERT_ID].to_pylist()
        if alert_id not in ids:
            continue
        one = table.slice(ids.index(alert_id), 1)
        missing = [path for path in chosen.inputs if path not in one.column_names]
        if missing:
            raise ConfigError(f"filter '{chosen.name}' reads {', '.join(missing)}, which these alerts do not have")
        told = explain(chosen, batch_of(one), 1)
        return {name: (bool(answer.flags[0]), answer.errors.get(0, "")) for name, answer in told.items()}
    raise ConfigError(f"alert {alert_id} is not there: give an id of these packets")
