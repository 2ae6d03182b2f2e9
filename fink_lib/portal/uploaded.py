"""Photometry and spectra that people uploaded, as pictures on the page of their object.

A program may say photometry in facts of its own: what cannot be drawn is left out, and no page fails for it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

WIDTH, HEIGHT, PAD = 720, 180, 12
MOST_POINTS = 720  # a picture has no more pixels


@dataclass(frozen=True)
class Picture:
    """Uploaded values as they are drawn.

    Attributes
    ----------
    title
        What it shows, in words.
    line
        Points of a line as SVG writes them; empty for marks.
    marks
        Place of each mark, and whether it is an upper limit.
    left, right, top, bottom
        What the ends of its axes stand for.
    """

    title: str
    line: str
    marks: tuple[tuple[float, float, bool], ...]
    left: str
    right: str
    top: str
    bottom: str


def picture_of(statement: Mapping[str, Any]) -> Picture | None:
    """Return the picture of an uploaded spectrum or of photometry; None where there is nothing to draw."""
    body = statement["body"]
    return _spectrum(body) if statement["kind"] == "spectrum" else _photometry(body)


def _spectrum(body: Mapping[str, Any]) -> Picture | None:
    if len(body["wavelength"]) != len(body["flux"]):
        return None
    wave, flux = (np.asarray(body[name], dtype=np.float64) for name in ("wavelength", "flux"))
    first, last = f"{wave[0]:.0f}", f"{wave[-1]:.0f} {body['wavelength_unit']}"
    wave, flux = _binned(wave), _binned(flux)
    x, y = _scaled(wave, WIDTH), HEIGHT - _scaled(flux, HEIGHT)
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    flux_unit = body.get("flux_unit") or "flux"
    title = f"Spectrum of {body['instrument']}: {len(body['flux'])} points, {first} to {last}"
    ends = f"{flux.max():.3g} {flux_unit}", f"{flux.min():.3g}"
    return Picture(title, line, (), first, last, *ends)


def _binned(values: Any) -> Any:
    """Return means of neighbours where there are more points than pixels."""
    step = -(-len(values) // MOST_POINTS)
    whole = len(values) // step * step
    return values[:whole].reshape(-1, step).mean(axis=1) if step > 1 else values


def _photometry(body: Mapping[str, Any]) -> Picture | None:
    points: Sequence[Mapping[str, Any]] = [
        one for one in body["points"] if _is_number(one.get("mjd")) and _is_number(_brightness(one))
    ]
    if not points:
        return None
    time = np.array([one["mjd"] for one in points])
    value = np.array([_brightness(one) for one in points], dtype=np.float64)
    is_mag = body["unit"] == "mag"
    height = _scaled(value, HEIGHT)
    x, y = _scaled(time, WIDTH), height if is_mag else HEIGHT - height  # the brighter the higher
    marks = tuple((float(a), float(b), one.get("value") is None) for a, b, one in zip(x, y, points, strict=True))
    bands = ", ".join(sorted({str(one.get("band") or "no band") for one in points}))
    limits = sum(is_limit for _, _, is_limit in marks)
    title = f"Photometry of {body['instrument']}: {len(marks) - limits} points, {limits} upper limits, {bands}"
    ends = f"{value.min():.5g} {body['unit']}", f"{value.max():.5g}"
    top, bottom = ends if is_mag else (f"{value.max():.5g} {body['unit']}", f"{value.min():.5g}")
    return Picture(title, "", marks, f"MJD {time.min():.2f}", f"{time.max():.2f}", top, bottom)


def _brightness(point: Mapping[str, Any]) -> Any:
    """Return what a point is drawn at: its value, or else its limit."""
    return point.get("limit") if point.get("value") is None else point["value"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _scaled(values: Any, size: int) -> Any:
    low, high = float(values.min()), float(values.max())
    return PAD + (values - low) / ((high - low) or 1.0) * (size - 2 * PAD)
