"""What one night says of each object: sums that add up over nights, whatever the order in which nights are closed."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.catalogs.index import separation_arcsec
from fink_lib.catalogs.match import is_first
from fink_lib.lake.tables.objects import OF_NIGHT
from fink_lib.lake.tables.types import COUNTS, plain_type
from fink_lib.sky import unit_vectors

NAME = "name"
ENTRY = pa.schema([pa.field(one.name, plain_type(one.type)) for one in OF_NIGHT])
NAMED_ENTRY = pa.schema([pa.field(NAME, pa.string()), *ENTRY])
# Alerts as entries are made of them
ALERT = pa.schema(
    [
        (NAME, pa.string()),
        ("alert_id", pa.int64()),
        *((name, pa.float64()) for name in ("time", "ra", "dec", "error_arcsec")),
        ("band", pa.string()),
        ("label", pa.string()),
        ("may_move", pa.bool_()),
    ]
)
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Groups:
    """Rows that follow each other and belong together.

    Attributes
    ----------
    first
        Where each group begins.
    owner
        Group of each row.
    """

    first: Ints
    owner: Ints

    @classmethod
    def of(cls, starts: npt.NDArray[np.bool_]) -> "Groups":
        """Group rows by flags that are set where a group begins."""
        return cls(np.flatnonzero(starts), np.cumsum(starts) - 1)

    def __len__(self) -> int:
        return len(self.first)

    @property
    def last(self) -> Ints:
        """Where each group ends."""
        return np.r_[self.first[1:], len(self.owner)] - 1 if len(self.first) else self.first

    def sums(self, values: npt.NDArray[np.generic]) -> Floats:
        """Add up the values of each group, one after the other: the same values give the same sum to the last bit."""
        return np.asarray(np.bincount(self.owner, weights=values, minlength=len(self)), dtype=np.float64)

    def totals(self, values: npt.NDArray[np.generic]) -> Ints:
        """Add up whole numbers."""
        return self.sums(values).astype(np.int64)


def entries_of(alerts: pa.Table, night: dt.date) -> pa.Table:
    """Return what a night says of each object.

    Parameters
    ----------
    alerts
        `ALERT`, in any order; an alert that is there twice counts once.
    night
        Their night.

    Returns
    -------
    pa.Table
        `NAMED_ENTRY`, by name.
    """
    alerts = alerts.sort_by([(name, "ascending") for name in (NAME, "time", "alert_id")]).combine_chunks()
    names, ids = _codes(alerts[NAME]), alerts["alert_id"].to_numpy()
    alerts = alerts.filter(pa.array(is_first(names) | is_first(ids)))
    groups = Groups.of(is_first(_codes(alerts[NAME])))
    place = unit_vectors(alerts["ra"].to_numpy(), alerts["dec"].to_numpy())
    count = groups.totals(np.ones(len(place)))
    mean = np.stack([groups.sums(axis) / count for axis in place.T], axis=1).reshape(-1, 3)
    error, times = alerts["error_arcsec"].to_numpy(), alerts["time"].to_numpy()
    last = alerts.take(pa.array(groups.last))
    columns = {
        NAME: last[NAME],
        "night": pa.array([night] * len(groups), pa.date32()),
        "alerts": count,
        "may_move": groups.totals(alerts["may_move"].to_numpy()),
        "first_time": times[groups.first],
        "last_time": last["time"],
        "last_alert_id": last["alert_id"],
        **{axis: mean[:, at] for at, axis in enumerate("xyz")},
        "last_ra": last["ra"],
        "last_dec": last["dec"],
        "scatter_arcsec2": groups.sums(separation_arcsec(place, mean[groups.owner]) ** 2),
        "error_arcsec2": groups.sums(error**2),
        "bands": _counted(groups, alerts["band"]),
        "labels": _counted(groups, alerts["label"]),
    }
    return pa.table([columns[name] for name in NAMED_ENTRY.names], schema=NAMED_ENTRY)


def summed_counts(owner: Ints, groups: int, names: pa.Array, counts: Ints) -> pa.MapArray:
    """Return counts by name of each group, added up; names in their order.

    Parameters
    ----------
    owner
        Group of each count.
    groups
        How many there are.
    names, counts
        What was counted, and how often.
    """
    words = sorted(set(names.to_pylist()))
    known = {word: at for at, word in enumerate(words)}
    codes = np.array([known[word] for word in names.to_pylist()], dtype=np.int64)
    keys, at = np.unique(owner * max(1, len(words)) + codes, return_inverse=True)
    total = np.bincount(at, weights=counts, minlength=len(keys)).astype(np.int64)
    of, word = keys // max(1, len(words)), keys % max(1, len(words))
    offsets = np.searchsorted(of, np.arange(groups + 1))
    items = pa.array(words, pa.string()).take(pa.array(word))
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), items, pa.array(total)).cast(COUNTS)


def _counted(groups: Groups, values: pa.ChunkedArray) -> pa.MapArray:
    """Return how many rows of each group have each value; nulls are not counted."""
    known = values.is_valid().to_numpy()
    names = values.drop_null().combine_chunks()
    return summed_counts(groups.owner[known], len(groups), names, np.ones(len(names), dtype=np.int64))


def _codes(names: pa.ChunkedArray) -> Ints:
    """Return a number for each name: the same for the same."""
    coded = names.combine_chunks().dictionary_encode()
    return np.asarray(coded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
