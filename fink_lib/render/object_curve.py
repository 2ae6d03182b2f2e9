"""Light curves of several surveys in one picture: detections filled, forced photometry open, limits as arrows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from fink_lib.files import JsonObject
from fink_lib.render.light_curve import BAND_COLOURS, NJY_IN_UJY, OTHER
from fink_lib.render.plots import STYLE

MARKERS = "osD^v"  # a survey each, in the order of their names
FAINT = 0.45


def draw_object(title: str, points: Sequence[JsonObject], path: Path) -> None:
    """Draw light curves as a PNG file.

    Parameters
    ----------
    title
        Above the picture.
    points
        ``survey``, ``band``, ``kind``, ``mjd_utc``, ``flux_njy``, ``flux_err_njy``, ``limit_njy`` of each.
    path
        File to write.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.0, 4.8), layout="constrained")
        axes = figure.add_subplot()
        markers = dict(zip(sorted({point["survey"] for point in points}), MARKERS * len(points), strict=False))
        for key, some in _groups(points).items():
            _draw(axes, key, some, markers[key[0]])
        axes.axhline(0.0, color="#9aa5b1", linewidth=0.8, zorder=0)
        axes.set(xlabel="MJD (UTC)", ylabel="difference flux, µJy", title=title)
        axes.ticklabel_format(axis="x", useOffset=False, style="plain")
        _keep_in_view(axes, points)
        if points:
            axes.legend(frameon=False, fontsize=8, ncols=2)
        figure.savefig(path, format="png", dpi=130, metadata={"Software": None})


def _groups(points: Sequence[JsonObject]) -> Mapping[tuple[str, str, str], list[JsonObject]]:
    """Return the points by survey, band, and how they are drawn."""
    found: dict[tuple[str, str, str], list[JsonObject]] = {}
    for point in points:
        how = "limit" if point["limit_njy"] is not None else point["kind"]
        found.setdefault((point["survey"], point["band"], how), []).append(point)
    return dict(sorted(found.items()))


def _draw(axes: Any, key: tuple[str, str, str], points: Sequence[JsonObject], marker: str) -> None:
    survey, band, how = key
    colour = BAND_COLOURS.get(band, OTHER)
    days, label = [point["mjd_utc"] for point in points], f"{survey} {band} {how} ({len(points)})"
    if how == "limit":
        limits = [point["limit_njy"] / NJY_IN_UJY for point in points]
        axes.plot(days, limits, linestyle="", marker=7, color=colour, alpha=FAINT, label=label)  # a caret, tip down
        return
    flux = [point["flux_njy"] / NJY_IN_UJY for point in points]
    error = [(point["flux_err_njy"] or 0.0) / NJY_IN_UJY for point in points]
    face = colour if how == "detection" else "none"
    axes.errorbar(
        days,
        flux,
        yerr=error,
        linestyle="",
        marker=marker,
        color=colour,
        markerfacecolor=face,
        markersize=5,
        label=label,
    )


def _keep_in_view(axes: Any, points: Sequence[JsonObject]) -> None:
    """Cut the axis where only limits are: one of a bad exposure would hide the curve."""
    seen = [
        point["flux_njy"] / NJY_IN_UJY
        for point in points
        if point["flux_njy"] is not None and point["limit_njy"] is None
    ]
    if seen:
        low, high = min([0.0, *seen]), max([0.0, *seen])
        room = 0.35 * (high - low or 1.0)
        axes.set_ylim(low - room, high + room)
