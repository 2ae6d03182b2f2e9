"""A light curve as a small inline SVG, written by hand: a page holds many, and each is a few kilobytes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from fink_lib.files import JsonObject

WIDTH, HEIGHT = 340, 168
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 8, 26
BAND_COLOURS = {"u": "#6a4fb3", "g": "#2e8b57", "r": "#d1495b", "i": "#b8860b", "z": "#7a4b2b", "y": "#333f48"}
OTHER = "#627d98"
TICKS = 4
PAD = 0.08
NJY_IN_UJY = 1000.0
UJY_FROM_NJY = 10_000.0  # larger fluxes are written in µJy


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
    """Draw a light curve: magnitudes upside down, or difference fluxes with their zero; upper limits as arrows."""
    kind, (points, unit) = curve["kind"], _in_unit(curve)
    seen = [point for point in points if point[kind] is not None]
    limits = [point for point in points if point[kind] is None and point.get(f"{kind}_limit") is not None]
    if not seen:
        return ""
    x = _axis([point["days"] for point in points], LEFT, WIDTH - RIGHT)
    values = [point[kind] for point in seen] + [point[f"{kind}_limit"] for point in limits]
    values += _typical_bar(seen, kind)
    down = kind == "mag"
    if not down and min(values) < 0.0:
        values.append(0.0)  # so that fainter than the reference is seen to be so
    y = _axis(values, TOP if down else HEIGHT - BOTTOM, HEIGHT - BOTTOM if down else TOP)
    parts = [_frame(x, y), _unit_and_zero(y, unit)]
    parts += [_limit(x, y, point, kind) for point in limits] + [_point(x, y, point, kind) for point in seen]
    label = f"light curve, {len(seen)} points, {len(limits)} upper limits"
    head = f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
    return head + "".join(parts) + "</svg>"


def _in_unit(curve: JsonObject) -> tuple[list[JsonObject], str]:
    """Return the points, and the unit that they are written in: mag, or nJy or µJy of a difference flux."""
    points: list[JsonObject] = curve["points"]
    if curve["kind"] == "mag":
        return points, "mag"
    if max((abs(point["flux"]) for point in points if point["flux"] is not None), default=0.0) < UJY_FROM_NJY:
        return points, "difference flux, nJy"
    names = ("flux", "flux_err", "flux_limit")
    scaled = [{name: point[name] / NJY_IN_UJY for name in names if point.get(name) is not None} for point in points]
    return [{**point, **values} for point, values in zip(points, scaled, strict=True)], "difference flux, µJy"


def _typical_bar(seen: Sequence[JsonObject], kind: str) -> list[float]:
    """Return the ends of an error bar of median length about the middle: it is seen whole, a larger one is cut off."""
    errors = [point[f"{kind}_err"] for point in seen if point.get(f"{kind}_err")]
    if not errors:
        return []
    middle = (min(point[kind] for point in seen) + max(point[kind] for point in seen)) / 2.0
    return [middle - median(errors), middle + median(errors)]


def _unit_and_zero(y: Axis, unit: str) -> str:
    """Write the unit; where fluxes of both signs are, draw the line between brighter and fainter than the reference."""
    text = f'<text x="{LEFT + 2}" y="{HEIGHT - 2}" class="measure">{unit}</text>'
    if unit == "mag" or not min(y.low, y.high) < 0.0 < max(y.low, y.high):
        return text
    return text + f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(0.0):.1f}" y2="{y.at(0.0):.1f}" class="zero"/>'


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
        top, low = (min(max(y.at(end), TOP), HEIGHT - BOTTOM) for end in (value - error, value + error))
        bar = f'<line x1="{across:.1f}" x2="{across:.1f}" y1="{top:.1f}" y2="{low:.1f}" stroke="{colour}"/>'
    now = ' class="now"' if point["days"] == 0 else ""
    return bar + f'<circle cx="{across:.1f}" cy="{y.at(value):.1f}" r="3" fill="{colour}"{now}/>'


def _limit(x: Axis, y: Axis, point: JsonObject, kind: str) -> str:
    colour = BAND_COLOURS.get(point["band"], OTHER)
    across, down = x.at(point["days"]), y.at(point[f"{kind}_limit"])
    path = f"M{across - 3:.1f},{down:.1f} h6 l-3,5 Z"
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-opacity=".55"/>'
