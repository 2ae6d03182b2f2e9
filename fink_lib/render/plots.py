"""The pictures of the report as inline SVG; the same numbers give the same bytes."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, and searchable in the page
    "font.family": "sans-serif",
    "font.size": 10.0,
    "axes.edgecolor": "#9aa5b1",
    "axes.labelcolor": "#3e4c59",
    "xtick.color": "#52606d",
    "ytick.color": "#52606d",
    "text.color": "#3e4c59",
}
STAGE_COLOURS = {
    "ingest": "#2f6fab",
    "enrich": "#d9822b",
    "distribute": "#3b8c5a",
    "total": "#1f2933",
    "to_silver": "#8d6cab",
}
# Light enough to be told from paper, dark where many are
SKY_COLOURS = LinearSegmentedColormap.from_list("night", ["#bcd9ee", "#4f97cf", "#1f5fa0", "#0d2c54"])
OBLIQUITY_DEG = 23.4393
# North galactic pole and the longitude of the node, J2000 (Hipparcos catalogue, vol. 1, sec. 1.5.3), in degrees
POLE_RA_DEG, POLE_DEC_DEG, NODE_L_DEG = 192.85948, 27.12825, 32.93192

Floats = npt.NDArray[np.float64]


def as_svg(figure: Figure, name: str) -> str:
    """Return a figure as an SVG element without time stamp, its ids made from a fixed salt.

    Parameters
    ----------
    figure
        Drawn.
    name
        What it shows, for those who do not see it; two figures of one page need two names, as their ids go by it.
    """
    out = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": f"fink-{name}"}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :].replace("<svg ", f'<svg class="plot" role="img" aria-label="{name}" ', 1)


def to_map(ra_deg: Floats) -> Floats:
    """Return the map's horizontal angle in radians: right ascension grows to the left, 0 h in the middle."""
    return -np.radians((ra_deg + 180.0) % 360.0 - 180.0)


def sky_svg(bins: Sequence[Sequence[float]], bin_deg: float) -> str:
    """Draw the sky in Mollweide's projection; each bin is ``[ra, dec, count]`` with its centre in degrees.

    Parameters
    ----------
    bins
        At least one, with a count above 0.
    bin_deg
        Width and height of a bin in degrees.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.8, 4.1))
        axes: Any = figure.add_axes((0.04, 0.02, 0.84, 0.96), projection="mollweide")  # stubs know only plain axes
        table = np.asarray(bins, dtype=np.float64)
        half = bin_deg / 2
        x, y = to_map(table[:, 0]), np.radians(table[:, 1])
        corners = np.radians([(-half, -half), (-half, half), (half, half), (half, -half)])
        shapes = np.stack([np.column_stack([x + dx, y + dy]) for dx, dy in corners], axis=1)
        # Projected here, corner by corner: left to the axes, every edge would become a curve of many points
        flat = axes.transProjection.transform(shapes.reshape(-1, 2)).reshape(shapes.shape)
        scale = LogNorm(1, max(2.0, float(table[:, 2].max())))
        cells = PolyCollection(list(flat), cmap=SKY_COLOURS, norm=scale, transform=axes.transAffine + axes.transAxes)
        cells.set_array(table[:, 2])
        axes.add_collection(cells)
        _planes(axes)
        axes.set_xticks(np.radians(np.arange(-120, 121, 60)), ["8h", "4h", "0h", "20h", "16h"])
        for label in axes.get_xticklabels():
            label.set_bbox({"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.0})
        axes.grid(visible=True, color="#cbd2d9", linewidth=0.5)
        axes.set_yticks(np.radians(np.arange(-60, 61, 30)))
        axes.spines["geo"].set_linewidth(0.8)
        axes.tick_params(labelsize=8.5)
        bar = figure.colorbar(cells, cax=figure.add_axes((0.93, 0.2, 0.014, 0.6)))
        bar.outline.set_visible(False)
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        bar.ax.yaxis.set_major_formatter(lambda value, _position: f"{value:,.0f}")
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
        bar.ax.minorticks_off()
        bar.ax.tick_params(labelsize=8.5, length=2)
        bar.ax.set_title("alerts", fontsize=8.5)
    return as_svg(figure, "sky")


def _planes(axes: mpl.axes.Axes) -> None:
    """Draw the ecliptic and the plane of the Galaxy, broken where they cross the edge of the map."""
    angle = np.radians(np.linspace(0, 360, 721))
    tilt = np.radians(OBLIQUITY_DEG)
    ecliptic = (np.arctan2(np.sin(angle) * np.cos(tilt), np.cos(angle)), np.arcsin(np.sin(angle) * np.sin(tilt)))
    pole, around = np.radians(POLE_DEC_DEG), angle - np.radians(NODE_L_DEG)
    galaxy = (
        np.arctan2(np.cos(around), -np.sin(around) * np.sin(pole)) + np.radians(POLE_RA_DEG),
        np.arcsin(np.sin(around) * np.cos(pole)),
    )
    for (ra, dec), colour, label in ((ecliptic, "#d64545", "ecliptic"), (galaxy, "#627d98", "Galactic plane")):
        x = to_map(np.degrees(ra))
        x[np.abs(np.diff(x, prepend=x[0])) > np.pi] = np.nan
        axes.plot(x, dec, color=colour, linewidth=1.0, label=label)
    axes.legend(loc="lower right", fontsize=8, frameon=False, bbox_to_anchor=(1.03, -0.01))


def latency_svg(curves: Mapping[str, Sequence[Sequence[float]]]) -> str:
    """Draw, by stage, which share of the alerts took at most how many seconds."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.8, 3.1), layout="constrained")
        axes = figure.add_subplot()
        for stage, curve in curves.items():
            share, seconds = np.asarray(curve, dtype=np.float64).T
            shown = np.clip(seconds, 1e-3, None)  # a clock may stand still or step back; the axis is logarithmic
            axes.plot(shown, 100 * share, label=stage.replace("_", " "), color=STAGE_COLOURS[stage], linewidth=1.8)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(lambda value, _position: f"{value:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("seconds")
        axes.set_ylabel("% of alerts within")
        axes.set_ylim(0, 101)
        axes.grid(visible=True, which="major", color="#e4e7eb", linewidth=0.8)
        axes.axhline(95, color="#9aa5b1", linewidth=0.8, linestyle=":")
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8.5)
        figure.legend(frameon=False, loc="outside upper left", ncols=len(curves), fontsize=8.5)
    return as_svg(figure, "latency")
