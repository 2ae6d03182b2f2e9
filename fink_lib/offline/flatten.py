"""Any value of a science column as named leaves, so that values of different shape can be laid side by side."""

import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

Leaf: TypeAlias = float | str | None

# Words that Fink writes where a catalogue has nothing.
NOTHING = frozenset({"", "unknown", "nan", "none", "null"})
WHOLE = ""


def leaves(value: Any) -> dict[str, Leaf]:
    """Return the leaves of a value by name; a value without parts has one, under the empty name.

    Parameters
    ----------
    value
        A number, a text, a mapping, a list of pairs, or any of these written as JSON.
    """
    plain = _from_json(value)
    if isinstance(plain, Mapping):
        pairs = list(plain.items())
    elif isinstance(plain, list | tuple) and plain and all(isinstance(p, list | tuple) and len(p) == 2 for p in plain):  # noqa: PLR2004 - a pair
        pairs = [(str(name), inner) for name, inner in plain]
    elif isinstance(plain, list | tuple):
        pairs = [(str(place), inner) for place, inner in enumerate(plain)]
    else:
        return {WHOLE: leaf(plain)}
    found: dict[str, Leaf] = {}
    for name, inner in pairs:
        for rest, each in leaves(inner).items():
            found[f"{name}.{rest}" if rest else str(name)] = each
    return found


def leaf(value: Any) -> Leaf:
    """Return a number as a float and a text trimmed; None for null, NaN and the words that mean nothing."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in NOTHING:
            return None
        return text if (number := _number(text)) is None else number
    number = float(value)
    return None if math.isnan(number) else number


def _from_json(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _number(text: str) -> float | None:
    """Return a text that is a number with a decimal point as such; a bare integer may be a name."""
    if "." not in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None
