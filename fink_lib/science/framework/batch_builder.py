"""From Arrow columns to an `AlertBatch`: histories joined with the current point, in time order.

A history is what was measured up to the alert: a point that is later than the alert, or has no time, is left out,
and one that is there twice counts once. What is missing is decided in `fink_lib.surveys.missing`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.science.framework.base import Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.counted import counted_points
from fink_lib.surveys import value_at
from fink_lib.surveys.inputs import BANDS, Reading, SurveyInputs
from fink_lib.surveys.missing import known, known_scalar, sign_of

# Start of the name of a flat column that holds a stamp.
STAMP = "stamp_"

NUMBERS = (Reading.NUMBER, Reading.SIGNED)

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]


class Banded(Protocol):
    """What names its bands: a survey."""

    @property
    def bands(self) -> Mapping[str, str]:
        """Value of the band field → name of the band."""


@dataclass(frozen=True)
class Wanted:
    """The inputs that some modules declare, together."""

    scalars: tuple[str, ...]
    histories: tuple[str, ...]
    stamps: tuple[str, ...]
    forced: tuple[str, ...] = ()

    def columns(self, inputs: SurveyInputs) -> dict[str, str]:
        """Return the flat columns that a batch is formed from: name → dotted path in the packet."""
        flat = {"alert_id": inputs.alert_id}
        flat |= {f"scalar_{name}": inputs.scalars[name][0] for name in self.scalars if inputs.carries(name)}
        flat |= {f"{STAMP}{name}": inputs.stamps[name] for name in self.stamps}
        flat |= {f"forced_{name}": f"{inputs.forced}.{inputs.forced_points[name][0]}" for name in self.forced}
        for name in self.read(inputs):
            flat[f"now_{name}"], flat[f"past_{name}"] = inputs.point_paths(name)
        return flat

    def read(self, inputs: SurveyInputs) -> tuple[str, ...]:
        """Return the histories to read: those that are wanted, and those that tell which points count."""
        return tuple(dict.fromkeys((*self.histories, inputs.time, *inputs.same_point)))


def wanted(modules: Sequence[Module], inputs: SurveyInputs) -> Wanted:
    """Gather what modules declare; the time of each point is always there, since it orders the history.

    Parameters
    ----------
    modules
        Those that will run on one batch.
    inputs
        What the survey feeds.
    """
    histories = {name for module in modules for name in module.histories}
    forced = {name for module in modules for name in module.forced}
    return Wanted(
        scalars=tuple(sorted({name for module in modules for name in module.scalars})),
        histories=tuple(sorted(histories | {inputs.time})),
        stamps=tuple(sorted({name for module in modules for name in module.stamps})),
        forced=tuple(sorted(forced | {inputs.time})) if forced else (),
    )


def form_batch(columns: pa.StructArray, want: Wanted, inputs: SurveyInputs, survey: Banded) -> AlertBatch:
    """Form a batch from a struct array with the columns that `Wanted.columns` names.

    Parameters
    ----------
    columns
        One struct an alert, null where the packet has nothing.
    want
        The inputs to put into the batch.
    inputs
        How the survey writes each of them, and what it writes for nothing.
    survey
        How it names its bands; a band of no known name becomes -1.
    """
    field = _fields(columns)
    codes = {text: BANDS.index(band) for text, band in survey.bands.items() if band in BANDS}
    layout = _layout(field[f"past_{inputs.time}"])
    points = {}
    for name in want.read(inputs):
        read = partial(_read, reading=inputs.points[name][1], codes=codes, fillers=inputs.fillers)
        points[name] = _join(field[f"now_{name}"], field[f"past_{name}"], layout, read)
    offsets, rows = counted_points(points[inputs.time], [points[name] for name in inputs.same_point], layout.offsets)
    forced, forced_offsets = _forced(field, want, inputs, codes)
    return AlertBatch(
        alert_id=_identities(field["alert_id"]),
        offsets=offsets,
        scalars={name: _scalar(field, name, inputs, codes) for name in want.scalars},
        histories={name: points[name] if rows is None else points[name][rows] for name in want.histories},
        stamps={name: _objects(field[f"{STAMP}{name}"]) for name in want.stamps},
        forced=forced,
        forced_offsets=forced_offsets,
    )


def _identities(ids: pa.Array) -> Ints:
    """Return ids of alerts; with a null among them all would become doubles, which are too short for them.

    Raises
    ------
    ValueError
        When an alert has none: it belongs to the quarantine.
    """
    if ids.null_count:
        raise ValueError(f"{ids.null_count} of {len(ids)} alerts have no alert_id: leave them out of the batch")
    found: Ints = ids.to_numpy(zero_copy_only=False)
    return found


def batch_of_packets(
    packets: Sequence[Mapping[str, Any]], want: Wanted, inputs: SurveyInputs, survey: Banded
) -> AlertBatch:
    """Form a batch from decoded packets, for tests and for work without Spark.

    Parameters
    ----------
    packets
        One dict an alert, as decoded from Avro.
    want
        The inputs to put into the batch.
    inputs
        Where the survey keeps each of them.
    survey
        How it names its bands.
    """
    return form_batch(struct_of_packets(packets, want, inputs), want, inputs, survey)


def struct_of_packets(packets: Sequence[Mapping[str, Any]], want: Wanted, inputs: SurveyInputs) -> pa.StructArray:
    """Return the columns that a batch is formed from, of decoded packets.

    Parameters
    ----------
    packets
        One dict an alert, as decoded from Avro; what is not there becomes null.
    want
        The inputs to take.
    inputs
        Where the survey keeps each of them.
    """
    arrays, names = [], []
    for name, path in want.columns(inputs).items():
        if name.startswith(("past_", "forced_")):
            root, leaf = path.rsplit(".", 1)
            values: list[Any] = [_past(packet, root, leaf) for packet in packets]
            arrays.append(pa.array(values, type=pa.list_(_plain(value for row in values for value in row or ()))))
        else:
            values = [value_at(packet, path) for packet in packets]
            arrays.append(pa.array(values, type=_plain(values)))
        names.append(name)
    return pa.StructArray.from_arrays(arrays, names)


def _past(packet: Mapping[str, Any], root: str, leaf: str) -> list[Any] | None:
    rows = value_at(packet, root)
    return None if rows is None else [None if row is None else row.get(leaf) for row in rows]


def _plain(values: Any) -> pa.DataType:
    """Return the Arrow type of the first value that is not null; double where there is none."""
    first = next((value for value in values if value is not None), 0.0)
    return pa.scalar(first).type


def _scalar(field: Mapping[str, pa.Array], name: str, inputs: SurveyInputs, codes: Mapping[str, int]) -> Array:
    if inputs.carries(name):
        if inputs.scalars[name][1] in NUMBERS:
            return known_scalar(_numbers(field[f"scalar_{name}"]), name, inputs)
        return _read(field[f"scalar_{name}"], inputs.scalars[name][1], codes)
    return _read(pa.nulls(len(field["alert_id"])), inputs.scalars[name][1], codes)


def _forced(
    field: Mapping[str, pa.Array], want: Wanted, inputs: SurveyInputs, codes: Mapping[str, int]
) -> tuple[dict[str, Array], Ints]:
    """Read the forced photometry; a null list is an empty one, a null point has no time and comes last."""
    if not want.forced:
        return {}, np.zeros(1, dtype=np.int64)
    lists = {name: field[f"forced_{name}"] for name in want.forced}
    lengths = pc.fill_null(pc.list_value_length(lists[inputs.time]), 0).to_numpy(zero_copy_only=False)
    offsets = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    points = {
        name: _read(lists[name].flatten(), inputs.forced_points[name][1], codes, inputs.fillers) for name in want.forced
    }
    order = np.lexsort((points[inputs.time], np.repeat(np.arange(len(lengths)), lengths)))
    return {name: values[order] for name, values in points.items()}, offsets


@dataclass(frozen=True)
class _Layout:
    """Where history and current point go in the joined arrays."""

    keep: npt.NDArray[np.bool_] | None
    past_at: Ints
    now_at: Ints
    offsets: Ints


def _layout(past: pa.ListArray) -> _Layout:
    """Lay out the joined history; a point that is null as a whole has no time and is left out."""
    lengths = pc.fill_null(pc.list_value_length(past), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = past.flatten()
    keep = None
    if flat.null_count:
        keep = flat.is_valid().to_numpy(zero_copy_only=False)
        owners = np.repeat(np.arange(len(lengths)), lengths)
        lengths = np.bincount(owners[keep], minlength=len(lengths)).astype(np.int64)
    offsets = np.r_[0, np.cumsum(lengths + 1)].astype(np.int64)
    past_at = np.arange(lengths.sum()) + np.repeat(np.arange(len(lengths)), lengths)
    return _Layout(keep=keep, past_at=past_at, now_at=offsets[1:] - 1, offsets=offsets)


def _join(now: pa.Array, past: pa.ListArray, layout: _Layout, read: Callable[[pa.Array], Array]) -> Array:
    earlier, current = read(past.flatten()), read(now)
    joined = np.empty(layout.offsets[-1], dtype=current.dtype)
    joined[layout.past_at] = earlier if layout.keep is None else earlier[layout.keep]
    joined[layout.now_at] = current
    return joined


def _fields(columns: pa.StructArray) -> dict[str, pa.Array]:
    return {columns.type.field(i).name: array for i, array in enumerate(columns.flatten())}


def _objects(values: pa.Array) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values.to_pylist()
    return array


def _numbers(values: pa.Array) -> npt.NDArray[np.float64]:
    return np.asarray(pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _read(values: pa.Array, reading: Reading, codes: Mapping[str, int], fillers: Sequence[float] = ()) -> Array:
    if reading in NUMBERS:
        return known(_numbers(values), fillers if reading is Reading.NUMBER else ())
    if reading is Reading.TEXT:
        return _objects(values)
    coded = values.cast(pa.string()).dictionary_encode()
    words = coded.dictionary.to_pylist()
    if reading is Reading.BAND:
        table = np.array([*(codes.get(word, -1) for word in words), -1], dtype=np.int8)
    else:
        table = np.array([*(sign_of(word) for word in words), np.nan])
    place = pc.fill_null(coded.indices, len(words)).to_numpy(zero_copy_only=False)
    return np.asarray(table[place])
