"""What two closings of one night say differently, and which of it is but the last digit of a latency."""

import math
from collections.abc import Mapping
from typing import Any


def is_latency(name: tuple[str, str]) -> bool:
    """Tell whether a statistic, measure and name, is a time."""
    return name[0].startswith("latency:")


def within_a_grain(before_s: float, now_s: float) -> bool:
    """Tell whether two latencies are one but for their last digit.

    The release subtracted seconds since 1970 as doubles, whose error of 0.2 microseconds decides where 12.345 s is
    rounded to; now they are microseconds, and half is rounded up.
    """
    return math.isclose(before_s, now_s, rel_tol=1e-3, abs_tol=1e-3)


def differing(first: Mapping[Any, Any], last: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return what two mappings say differently, each with both values."""
    names = first.keys() | last.keys()
    return {name: (first.get(name), last.get(name)) for name in names if first.get(name) != last.get(name)}
