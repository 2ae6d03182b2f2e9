"""Compare a packet as it arrived with a message as it left, field by field."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


def differences(packet: Mapping[str, Any], message: Mapping[str, Any], path: str = "") -> list[str]:
    """Return every path at which a message is not what the packet says.

    A field that the packet does not have is null in the message: bronze holds all versions in one shape.
    """
    found: list[str] = []
    for name, value in packet.items():
        if name not in message:
            found.append(f"{path}{name}: missing")
        else:
            found += _differ(value, message[name], f"{path}{name}")
    return found


def _differ(value: Any, told: Any, path: str) -> list[str]:
    if isinstance(value, Mapping) and isinstance(told, Mapping):
        return differences(value, told, f"{path}.")
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and isinstance(told, Sequence):
        if len(value) != len(told):
            return [f"{path}: {len(value)} rows, told {len(told)}"]
        return [text for n, pair in enumerate(zip(value, told, strict=True)) for text in _differ(*pair, f"{path}[{n}]")]
    if isinstance(value, float) and isinstance(told, float) and math.isnan(value) and math.isnan(told):
        return []
    return [] if value == told else [f"{path}: {value!r:.40} told {told!r:.40}"]
