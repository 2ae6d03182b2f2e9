"""A light curve as a small inline SVG, written by hand: a page holds many, and each is a few kilobytes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fink_lib.nightly.results import JsonObject

WIDTH, HEIGHT = 340, 168
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 8, 26
BAND_COLOURS = {"u": "#6a4fb3", "g": "#2e8b57", "r": "#d1495b", "i": "#b8860b", "z": "#7a4b2b", "y": "#333f48"}
OTHER = "#627d98"
TICKS = 4
PAD = 0.08


@dataclass(frozen=True)
class Axis:
    """A range of values on a stretch of pixels.

    Attributes
    ----------
    low, high
        Values at the ends.
    start, end
        Pixels at the ends; exchanged, the axis runs backwards.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        """Round values along the axis, about `TICKS` of them."""
        rough = (self.high - self.low) / TICKS
        size = 10.0 ** math.floor(math.log10(rough))
        step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
        first = math.ceil(self.low / step)
        return [round(number * step, 10) for number in range(first, math.floor(self.high / step) + 1)]


def light_curve_svg(curve: JsonObject) -> str:
    """Draw a light curve: magnitudes upside down with upper limits as arrows, or fluxes in nJy."""
    kind, points = curve["kind"], curve["points"]
    seen = [point for point in points if point[kind] is not None]
    limits = [point for point in points if point[kind] is None and point.get("mag_limit") is not None]
    if not seen:
        return ""
    x = _axis([point["days"] for point in points], LEFT, WIDTH - RIGHT)
    values = [point[kind] for point in seen] + [point["mag_limit"] for point in limits]
    down = kind == "mag"
    y = _axis(values, TOP if down else HEIGHT - BOTTOM, HEIGHT - BOTTOM if down else TOP)
    parts = [_frame(x, y), *(_limit(x, y, point) for point in limits), *(_point(x, y, point, kind) for point in seen)]
    label = f"light curve, {len(seen)} points, {len(limits)} upper limits"
    head = f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
    return head + "".join(parts) + "</svg>"


def _axis(values: Sequence[float], start: float, end: float) -> Axis:
    low, high = min(values), max(values)
    wide = (high - low) or 1.0
    return Axis(low - PAD * wide, high + PAD * wide, start, end)


def _frame(x: Axis, y: Axis) -> str:
    lines = [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(tick):.1f}" y2="{y.at(tick):.1f}" class="rule"/>'
        f'<text x="{LEFT - 5}" y="{y.at(tick) + 3.5:.1f}" class="y">{tick:g}</text>'
        for tick in y.ticks
    ]
    floor = HEIGHT - BOTTOM
    lines += [f'<text x="{x.at(tick):.1f}" y="{floor + 13}" class="x">{tick:g}</text>' for tick in x.ticks]
    lines.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}" class="floor"/>')
    lines.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 2}" class="unit">days before this alert</text>')
    return "".join(lines)


def _point(x: Axis, y: Axis, point: JsonObject, kind: str) -> str:
    colour = BAND_COLOURS.get(point["band"], OTHER)
    across, value, error = x.at(point["days"]), point[kind], point.get(f"{kind}_err")
    bar = ""
    if error:
        top, low = y.at(value - error), y.at(value + error)
        bar = f'<line x1="{across:.1f}" x2="{across:.1f}" y1="{top:.1f}" y2="{low:.1f}" stroke="{colour}"/>'
    now = ' class="now"' if point["days"] == 0 else ""
    return bar + f'<circle cx="{across:.1f}" cy="{y.at(value):.1f}" r="3" fill="{colour}"{now}/>'


def _limit(x: Axis, y: Axis, point: JsonObject) -> str:
    colour = BAND_COLOURS.get(point["band"], OTHER)
    across, down = x.at(point["days"]), y.at(point["mag_limit"])
    path = f"M{across - 3:.1f},{down:.1f} h6 l-3,5 Z"
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-opacity=".55"/>'
