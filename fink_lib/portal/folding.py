"""A light curve folded at a period: two cycles side by side."""

from collections.abc import Sequence
from dataclasses import replace

from fink_lib.portal.curves import Point

LEAST_DAYS, MOST_DAYS = 1e-4, 1e5


def period_of(text: str | None) -> float | None:
    """Return a period in days as it is written; None where it is none."""
    try:
        days = float(text or "")
    except ValueError:
        return None
    return days if LEAST_DAYS <= days <= MOST_DAYS else None


def folded(points: Sequence[Point], days: float) -> list[Point]:
    """Return points at their phase, 0 to 2, of a period; phase 0 is the brightest point.

    Parameters
    ----------
    points
        Of a light curve; upper limits are left out.
    days
        The period.
    """
    seen = [point for point in points if point.limit is None and point.difference[0] is not None]
    if not seen:
        return []
    origin = min(seen, key=lambda point: point.difference[0] or 0.0).time
    phases = [((point.time - origin) / days) % 1.0 for point in seen]
    return [replace(point, time=phase + cycle) for cycle in (0, 1) for point, phase in zip(seen, phases, strict=True)]
