"""A batch of alerts as arrays: what every science module works on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True)
class Ragged:
    """One value list an alert, flat: alert i owns ``values[offsets[i]:offsets[i + 1]]``."""

    offsets: Ints
    values: Array

    @property
    def lengths(self) -> Ints:
        """Number of values of each alert."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> Ints:
        """Alert that each value belongs to."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.lengths)

    def of(self, row: int) -> Array:
        """Values of one alert."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def count(self, flags: Array) -> Ints:
        """Count, for each alert, the values whose flag is set."""
        total = np.r_[0, np.cumsum(flags, dtype=np.int64)]
        return np.asarray(total[self.offsets[1:]] - total[self.offsets[:-1]], dtype=np.int64)


@dataclass(frozen=True)
class AlertBatch:
    """Alerts as columns, under names that are the same for all surveys.

    Attributes
    ----------
    alert_id
        Identity; the only seed that a module may draw random numbers from.
    scalars
        One value an alert: float64 with NaN for null, or text with None for null.
    histories
        History and current point, joined, in time order; all share `offsets`.
    offsets
        Where each alert's history begins; shape (n + 1,).
    forced
        Forced photometry of the packet, in time order; all share `forced_offsets`.
    forced_offsets
        Where each alert's forced photometry begins; shape (n + 1,).
    stamps
        Cutout bytes, None for null.
    results
        Outputs of modules that ran before, for those that need them.
    """

    alert_id: Ints
    offsets: Ints
    scalars: Mapping[str, Array] = field(default_factory=dict)
    histories: Mapping[str, Array] = field(default_factory=dict)
    stamps: Mapping[str, Array] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)
    forced: Mapping[str, Array] = field(default_factory=dict)
    forced_offsets: Ints = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    _memo: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.alert_id)

    def history(self, name: str) -> Ragged:
        """Return one joined history."""
        return Ragged(self.offsets, self.histories[name])

    def shared(self, name: str, make: "Callable[[AlertBatch], T]") -> T:
        """Return a quantity that several modules use, computed once a batch.

        Parameters
        ----------
        name
            Of the quantity: whoever gives the same name must give the same function.
        make
            Computes it from this batch; called once.
        """
        if name not in self._memo:
            self._memo[name] = make(self)
        result: T = self._memo[name]
        return result

    def take(self, rows: Ints) -> "AlertBatch":
        """Return the batch of some of the alerts, in the order given."""
        offsets, flat = _chosen(self.offsets, rows)
        forced_offsets, forced_flat = _chosen(self.forced_offsets, rows) if self.forced else (self.forced_offsets, rows)
        return AlertBatch(
            alert_id=self.alert_id[rows],
            offsets=offsets,
            scalars={name: values[rows] for name, values in self.scalars.items()},
            histories={name: values[flat] for name, values in self.histories.items()},
            stamps={name: values[rows] for name, values in self.stamps.items()},
            results={name: values.take(rows) for name, values in self.results.items()},
            forced={name: values[forced_flat] for name, values in self.forced.items()},
            forced_offsets=forced_offsets,
        )


def _chosen(offsets: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the offsets of some of the lists, joined anew, and where their values stand now."""
    lengths = np.diff(offsets)[rows]
    joined = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    return joined, np.repeat(offsets[:-1][rows] - joined[:-1], lengths) + np.arange(joined[-1])
