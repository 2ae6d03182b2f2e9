"""An object out of its nights: the sum of what they say, in the order of the nights.

The mean position is that of the unit vectors of all alerts, so that poles and RA 0 are places like any other.
The squared scatter about it is that about the means of the nights, plus that of these means about it (Chan, Golub &
LeVeque 1983, The American Statistician 37, 242).
The error of the mean is the larger of two: what the errors of the single positions
add up to, and what their scatter tells.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.catalogs.cells import TABLE_ORDER, cells_of
from fink_lib.catalogs.index import separation_arcsec
from fink_lib.catalogs.match import is_first
from fink_lib.lake.tables.types import list_of
from fink_lib.objects.entries import ENTRY, NAME, Floats, Groups, Ints, summed_counts
from fink_lib.science.framework.base import NO_MATCH


def fold(entries: pa.Table, label: str) -> pa.Table:
    """Return each object once.

    Parameters
    ----------
    entries
        `NAMED_ENTRY`, in any order; a night once for each object.
    label
        Column of silver that the classes come from; empty for none.

    Returns
    -------
    pa.Table
        ``name`` and what the tables of objects have, of both kinds.
    """
    order = np.lexsort((entries["night"].cast(pa.int32()).to_numpy(), _ranks(entries[NAME])))
    entries = entries.take(pa.array(order)).combine_chunks()
    groups = Groups.of(is_first(_ranks(entries[NAME])))
    alerts = entries["alerts"].to_numpy()
    first, last = entries.take(pa.array(groups.first)), _latest(entries, groups)
    labels = _added(groups, entries["labels"])
    class_name, reason = _classes(labels, label, groups.totals(alerts), _last_nights(entries, groups))
    mean, error = _position(entries, groups)
    turn = np.degrees(np.arctan2(mean[:, 1], mean[:, 0])) % 360.0
    ra = np.where(turn >= 360.0, 0.0, turn)  # a hair below 0 is rounded up to a whole turn  # noqa: PLR2004
    dec = np.degrees(np.arctan2(mean[:, 2], np.hypot(mean[:, 0], mean[:, 1])))
    offsets = pa.array(np.r_[groups.first, entries.num_rows], pa.int32())
    nights = pa.ListArray.from_arrays(offsets, entries.select(ENTRY.names).to_struct_array().combine_chunks())
    return pa.table(
        {
            NAME: first[NAME],
            "cell": pa.array(cells_of(ra, dec, TABLE_ORDER), pa.int32()),
            "ra": ra,
            "dec": dec,
            "position_error_arcsec": error,
            "may_move": pa.array(groups.totals(entries["may_move"].to_numpy()) == groups.totals(alerts)),
            "alerts": groups.totals(alerts),
            "first_time": _least(groups, entries["first_time"].to_numpy()),
            "last_time": last["last_time"],
            "first_night": first["night"],
            "last_night": entries["night"].take(pa.array(groups.last)),
            "last_alert_id": last["last_alert_id"],
            "last_ra": last["last_ra"],
            "last_dec": last["last_dec"],
            "bands": _added(groups, entries["bands"]),
            "class": class_name,
            "class_reason": reason,
            "nights": nights.cast(list_of(pa.struct(list(ENTRY)))),
        }
    )


def _position(entries: pa.Table, groups: Groups) -> tuple[Floats, Floats]:
    """Return mean unit vectors, shape (n, 3), and the error of each, in arcsec an axis."""
    alerts = entries["alerts"].to_numpy()
    means = np.stack([entries[axis].to_numpy() for axis in "xyz"], axis=1)
    count = groups.sums(alerts)
    mean = np.stack([groups.sums(alerts * axis) / count for axis in means.T], axis=1).reshape(-1, 3)
    between = alerts * separation_arcsec(means, mean[groups.owner]) ** 2
    scatter = groups.sums(entries["scatter_arcsec2"].to_numpy()) + groups.sums(between)
    told = np.sqrt(groups.sums(entries["error_arcsec2"].to_numpy())) / count
    seen = np.sqrt(scatter / (2.0 * np.maximum(count - 1.0, 1.0)) / count)
    return mean, np.maximum(told, np.where(count > 1.0, seen, 0.0))


def _classes(labels: pa.MapArray, column: str, alerts: Ints, nights: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the class of each object and why: what most alerts say; of several, the first by the alphabet."""
    found: list[str | None] = []
    reasons: list[str | None] = []
    for counts, total, night in zip(labels.to_pylist(), alerts.tolist(), nights.to_pylist(), strict=True):
        known = [(-number, name) for name, number in counts if name != NO_MATCH]
        number, name = min(known, default=(0, None))
        found.append(name)
        reasons.append(None if name is None else f"{column}: {-number} of {total} alerts, last night {night}")
    return pa.array(found, pa.string()), pa.array(reasons, pa.string())


def _added(groups: Groups, counts: pa.ChunkedArray) -> pa.MapArray:
    whole = counts.combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    sizes = np.diff(whole.offsets.to_numpy())
    begin, end = whole.offsets[0].as_py(), whole.offsets[-1].as_py()
    names, numbers = (part.slice(begin, end - begin) for part in (whole.keys, whole.items))
    return summed_counts(np.repeat(groups.owner, sizes), len(groups), names, numbers.to_numpy())


def _latest(entries: pa.Table, groups: Groups) -> pa.Table:
    """Return the entry of each object that has its last alert."""
    order = np.lexsort((entries["last_alert_id"].to_numpy(), entries["last_time"].to_numpy(), groups.owner))
    return entries.take(pa.array(order[groups.last]))


def _last_nights(entries: pa.Table, groups: Groups) -> pa.ChunkedArray:
    return entries["night"].take(pa.array(groups.last))


def _least(groups: Groups, values: Floats) -> Floats:
    least = np.full(len(groups), np.inf)
    np.minimum.at(least, groups.owner, values)
    return least


def _ranks(names: pa.ChunkedArray) -> Ints:
    """Return the place of each name by the alphabet; the same for the same."""
    return np.asarray(pc.rank(names, tiebreaker="dense").to_numpy(), dtype=np.int64)
