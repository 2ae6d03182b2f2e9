"""The geometry of a light curve as a picture: where each mark stands, for a template to draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fink_lib.portal.curves import Point
from fink_lib.render.light_curve import Axis

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 14, 34
PAD = 0.06
ONE_POINT_DAYS = 1.0
ONE_POINT_MAG = 0.5
Kind = Literal["difference", "total"]


@dataclass(frozen=True)
class Mark:
    """One mark: a detection with its error bar, or an upper limit.

    Attributes
    ----------
    x, y
        Pixels of its middle.
    top, bottom
        Pixels of the ends of the error bar; equal where no error is known.
    point
        What it stands for.
    is_limit
        True for an upper limit.
    label
        What it says, in words.
    """

    x: float
    y: float
    top: float
    bottom: float
    point: Point
    is_limit: bool
    label: str


@dataclass(frozen=True)
class Chart:
    """A light curve as marks and axes; `title` says what its values are."""

    title: str
    marks: tuple[Mark, ...]
    bands: tuple[str, ...]
    x: Axis
    y: Axis
    origin: float

    @property
    def summary(self) -> str:
        """What it shows, for those who do not see it."""
        limits = sum(mark.is_limit for mark in self.marks)
        return f"{self.title}: {len(self.marks) - limits} points, {limits} upper limits, bands {', '.join(self.bands)}"


def chart(points: Sequence[Point], kind: Kind, title: str) -> Chart | None:
    """Return a picture of the difference or of the total magnitudes; None where no point has one.

    Parameters
    ----------
    points
        Of a light curve; upper limits are drawn with the difference magnitudes alone.
    kind
        Which of a point's magnitudes.
    title
        What the picture is called.
    """
    seen = [point for point in points if getattr(point, kind)[0] is not None]
    if not seen:
        return None
    limits = [point for point in points if point.limit is not None] if kind == "difference" else []
    origin = float(int(min(point.time for point in (*seen, *limits))))
    values = [end for point in seen for end in _ends(point, kind)] + [point.limit or 0.0 for point in limits]
    x = _axis([point.time - origin for point in (*seen, *limits)], LEFT, WIDTH - RIGHT, ONE_POINT_DAYS)
    y = _axis(values, TOP, HEIGHT - BOTTOM, ONE_POINT_MAG)  # magnitudes grow downward
    marks = [_limit(point, x, y, origin) for point in limits] + [_seen(point, kind, x, y, origin) for point in seen]
    return Chart(title, tuple(marks), tuple(sorted({mark.point.band for mark in marks})), x, y, origin)


def _ends(point: Point, kind: Kind) -> tuple[float, float]:
    value, error = getattr(point, kind)
    return value - (error or 0.0), value + (error or 0.0)


def _axis(values: Sequence[float], start: float, end: float, least: float) -> Axis:
    low, high = min(values), max(values)
    wide = max(high - low, least)
    middle = (low + high) / 2
    half = wide * (0.5 + PAD)
    return Axis(middle - half, middle + half, start, end)


def _seen(point: Point, kind: Kind, x: Axis, y: Axis, origin: float) -> Mark:
    value, error = getattr(point, kind)
    top, bottom = (y.at(end) for end in _ends(point, kind))
    told = "" if error is None else f" ± {error:.3f}"
    fainter = ", fainter than the template" if point.is_fainter and kind == "difference" else ""
    whose = "" if point.alert_id else ", out of the packet of a later alert"
    label = f"{point.band} {value:.3f}{told} mag at {point.time:.5f}{fainter}{whose}"
    return Mark(x.at(point.time - origin), y.at(value), top, bottom, point, False, label)


def _limit(point: Point, x: Axis, y: Axis, origin: float) -> Mark:
    down = y.at(point.limit or 0.0)
    label = f"{point.band} fainter than {point.limit:.3f} mag at {point.time:.5f}"
    return Mark(x.at(point.time - origin), down, down, down, point, True, label)
