"""Plots as geometry: lines over an axis, bars by name; a template draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fink_lib.portal.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from fink_lib.render.light_curve import Axis


@dataclass(frozen=True)
class Line:
    """One line: what it is called, a class of the style sheet, and its points as ``points`` of an SVG."""

    name: str
    style: str
    path: str


@dataclass(frozen=True)
class Plot:
    """Lines with their axes; `summary` tells what is seen to those who do not see it."""

    title: str
    lines: tuple[Line, ...]
    x: Axis
    y: Axis
    summary: str


@dataclass(frozen=True)
class Bar:
    """One bar: pixels, and what it stands for."""

    x: float
    width: float
    y: float
    height: float
    label: str
    address: str


def lines(
    title: str,
    x: Sequence[float],
    ys: Mapping[tuple[str, str], Sequence[float]],
    ends: tuple[float, float],
    summary: str,
) -> Plot:
    """Return lines over the same values of x.

    Parameters
    ----------
    title, summary
        What it shows, in few words and in one sentence.
    x
        Values of x, ascending.
    ys
        Name and style → values.
    ends
        Ends of the axis of y.
    """
    low, high = ends
    across = Axis(x[0], x[-1], LEFT, WIDTH - RIGHT)
    up = Axis(low, high, HEIGHT - BOTTOM, TOP)
    drawn = [Line(name, style, _path(across, up, x, y, low)) for (name, style), y in ys.items()]
    return Plot(title, tuple(drawn), across, up, summary)


def _path(across: Axis, up: Axis, x: Sequence[float], y: Sequence[float], low: float) -> str:
    """Return the part of a line that is not below the axis, as a path."""
    parts, is_down = [], False
    for at, value in zip(x, y, strict=True):
        if value < low:
            is_down = False
            continue
        parts.append(f"{'L' if is_down else 'M'}{across.at(at):.1f},{up.at(value):.1f}")
        is_down = True
    return "".join(parts)


def bars(values: Sequence[tuple[str, float, str]]) -> tuple[list[Bar], Axis]:
    """Return bars side by side, each of a label, a value and an address, and the axis of their values."""
    top = max([value for _, value, _ in values] or [1.0]) or 1.0
    up = Axis(0.0, top * 1.05, HEIGHT - BOTTOM, TOP)
    step = (WIDTH - RIGHT - LEFT) / max(len(values), 1)
    width = min(step * 0.8, 40.0)
    return [
        Bar(LEFT + step * number + (step - width) / 2, width, up.at(value), up.start - up.at(value), label, address)
        for number, (label, value, address) in enumerate(values)
    ], up
