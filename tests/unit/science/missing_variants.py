"""Packets that lack one field, and packets that have another value in it."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from fink_lib.surveys import value_at
from fink_lib.surveys.inputs import Reading, SurveyInputs

Packet = dict[str, Any]

NAN = float("nan")
# How a field can lack its value, by how it is read; an id may be 0.
LACKING: Mapping[Reading, tuple[Any, ...]] = {
    Reading.NUMBER: (None, NAN, -999.0, -99.0),
    Reading.SIGNED: (None, NAN),
    Reading.SIGN: (None, "", "-999"),
    Reading.BAND: (None,),
    Reading.TEXT: (None,),
}
ID_LACKING = (None, 0)
FEW = 8


def readings(inputs: SurveyInputs) -> dict[str, Reading]:
    """Return every path of a packet that modules read, with how."""
    paths = {path: reading for path, reading in inputs.scalars.values() if path}
    paths |= {f"{inputs.current}.{field}": reading for field, reading in inputs.points.values()}
    return paths


def names(inputs: SurveyInputs, path: str) -> set[str]:
    """Return the canonical scalars that a path feeds."""
    return {name for name, (there, _) in inputs.scalars.items() if there == path}


def lacking(packets: list[Packet], path: str, reading: Reading) -> tuple[Any, ...]:
    """Return what stands in a field that has no value; no NaN in a field of integers."""
    if path.lower().endswith("sourceid"):
        return ID_LACKING
    if any(isinstance(_value(packet, path), int) for packet in packets):
        return tuple(int(value) if isinstance(value, float) else value for value in LACKING[reading] if value == value)  # noqa: PLR0124
    return LACKING[reading]


def with_value(packet: Packet, path: str, value: Any, inputs: SurveyInputs) -> Packet:
    """Return a packet with a value in a field of the current point; one that lacks it, in every earlier one too.

    But for the magnitude: an earlier point without one lacks nothing, it is an upper limit.
    """
    changed = copy.deepcopy(packet)
    *records, leaf = path.split(".")
    node: Any = changed
    for record in records:
        node = node[record]
        if node is None:
            return changed
    node[leaf] = value
    of_points = {field for name, (field, _) in inputs.points.items() if name != "mag"}
    if records == [inputs.current] and leaf in of_points:
        for point in changed[inputs.history] or ():
            if point.get(leaf) is not None:
                point[leaf] = value if value is None or value != value or _is_lacking(value) else point[leaf]  # noqa: PLR0124
    return changed


def _is_lacking(value: Any) -> bool:
    return value in {-999.0, -99.0, "", "-999"}


def others(packets: list[Packet], path: str) -> Iterator[Any]:
    """Yield a few values that real packets have in a field, from the smallest to the greatest."""
    found = {value for packet in packets if (value := _value(packet, path)) is not None}
    ordered = sorted(value for value in found if value == value)  # noqa: PLR0124 - NaN
    yield from (ordered[len(ordered) * place // FEW] for place in range(min(FEW, len(ordered))))
    yield from ordered[-1:]


def _value(packet: Packet, path: str) -> Any:
    try:
        return value_at(packet, path)
    except (KeyError, TypeError):
        return None
