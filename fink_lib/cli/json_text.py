"""Values of commands as JSON with machine types, and as the plain text that stands between two tabs."""

import datetime as dt
import json
import math
from collections.abc import Mapping
from typing import Any

from fink_lib.files import with_ids_as_text


def json_text(facts: object) -> str:
    """Write facts as JSON: numbers as numbers, times as ISO 8601, NaN as null, ids of 64 bits as text too."""
    return json.dumps(machine(facts), indent=1, ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> str:
    """Return a value as text: nothing for None, lists with commas between, nested facts as JSON."""
    value = machine(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(each, list | dict) for each in value):
        return ",".join(map(plain, value))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def machine(value: Any) -> Any:
    """Return a value in the types that JSON has; facts have their ids of 64 bits as text too."""
    if isinstance(value, Mapping):
        return with_ids_as_text({str(name): machine(each) for name, each in value.items()})
    if isinstance(value, list | tuple | set | frozenset):
        return [machine(each) for each in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int) else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, dt.date):  # a datetime is one too
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)
