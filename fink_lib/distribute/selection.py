"""The broker's own filters over alerts in files of silver, in whichever process; and what leaves of those selected."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from fink_lib.distribute.alerts import Columns, Silver
from fink_lib.distribute.match import HEAD, USERS, Match, Raised, match_of, raised_of
from fink_lib.distribute.private import have_private, private_paths
from fink_lib.distribute.suffix import Suffix
from fink_lib.filters.base import Batch, Filter
from fink_lib.filters.columns import as_array
from fink_lib.filters.evaluate import evaluate
from fink_lib.filters.registry import filters_of, inputs_of
from fink_lib.storage import Store
from fink_lib.surveys import get_survey

ALERTS_AT_ONCE = 250  # packets in a process's memory at one time, some 25 MB and the messages made of them


@dataclass(frozen=True)
class Judged:
    """What filters said of some alerts.

    Attributes
    ----------
    matches
        All of them; what is added to the packets of those that leave is in it.
    raised
        What could not be judged.
    seconds
        How long the broker's own filters took.
    """

    matches: list[Match]
    raised: list[Raised]
    seconds: float


@dataclass(frozen=True)
class Selection:
    """Judges alerts.

    Attributes
    ----------
    survey
        Whose, by its name.
    silver
        Columns of the table.
    filters
        The broker's own filters, by name.
    store
        That the lake lies in; None for a lake in a folder of this host.
    """

    survey: str
    silver: pa.Schema
    filters: tuple[str, ...]
    store: Store | None = None

    @property
    def table(self) -> Silver:
        """How alerts are read."""
        return Silver(self.silver, self.store)

    @cached_property
    def chosen(self) -> tuple[Filter, ...]:
        """The broker's own filters."""
        return tuple(one for one in filters_of(self.survey) if one.name in self.filters)

    @cached_property
    def suffix(self) -> Suffix:
        """What is added to packets."""
        return Suffix.of(self.silver, get_survey(self.survey))

    @cached_property
    def _inputs(self) -> tuple[str, ...]:
        there = self.table.paths
        return tuple(path for path in inputs_of(self.chosen) if path in there)

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        survey = get_survey(self.survey)
        suffix = (name for name in self.suffix.columns if name in self.silver.names)
        wanted = (*HEAD, *suffix, *self._inputs, *private_paths(survey, self.silver))
        return tuple(dict.fromkeys(wanted))

    def __reduce__(self) -> tuple[type["Selection"], tuple[object, ...]]:
        """Travel as what it was made of."""
        return Selection, (self.survey, self.silver, self.filters, self.store)

    def judged(self, alerts: pa.Table) -> Iterator[Judged]:
        """Read alerts and judge them, a part at a time.

        Parameters
        ----------
        alerts
            Where they stand (see `fink_lib.distribute.alerts`), and which users' filters select each, `USERS`.
        """
        for some, rows in self.table.columns(alerts, self._paths, ALERTS_AT_ONCE):
            yield self._judge(rows, some[USERS].to_pylist())

    def _judge(self, rows: Columns, users: Sequence[Sequence[str]]) -> Judged:
        began_s, count = time.perf_counter(), len(users)
        verdict = evaluate(self.chosen, self._batch(rows), count)
        seconds = time.perf_counter() - began_s
        heads = pa.table({name: rows[name] for name in HEAD}).to_pylist()
        names = [[*own, *others] for own, others in zip(verdict.names, users, strict=True)]
        leaving = pa.array([number for number, chosen in enumerate(names) if chosen], pa.int64())
        leaves = {path: values.take(leaving) for path, values in rows.items()}
        suffixes = iter(self.suffix.of_rows(leaves, len(leaving)).to_pylist())
        private = iter(have_private(get_survey(self.survey), leaves, len(leaving)).tolist())
        matches = [
            match_of(head, chosen, next(suffixes), private=next(private)) if chosen else match_of(head, ())
            for head, chosen in zip(heads, names, strict=True)
        ]
        raised = [raised_of(heads[one.row], one.filter, one.error) for one in verdict.failures]
        return Judged(matches, raised, seconds)

    def _batch(self, rows: Columns) -> Batch:
        return {path: as_array(rows[path]) for path in self._inputs}

    def seconds_each(self, alerts: pa.Table) -> dict[str, float]:
        """Return how long each filter takes for an alert, on some alerts."""
        found = dict.fromkeys(self.filters, 0.0)
        for some, rows in self.table.columns(alerts, self._paths, max(1, alerts.num_rows)):
            batch = self._batch(rows)
            for one in self.chosen:
                began_s = time.perf_counter()
                evaluate([one], batch, some.num_rows)
                found[one.name] += (time.perf_counter() - began_s) / alerts.num_rows
        return found
