"""The picture of a night's completeness: filters against classes, and what they find by brightness and by age."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fink_lib.files import JsonObject

DPI = 90
INK = "#22334d"
COLOURS = ("#2f6fab", "#d9822b", "#3a9a6b", "#8d6cab", "#b5485d", "#7a7f87", "#c0a52c", "#4aa3b5")


def percent_of(text: str) -> float:
    """Return the number of a share with its interval; NaN where there is none."""
    return float(text.split(maxsplit=1)[0]) if text else float("nan")


def interval_of(text: str) -> tuple[float, float]:
    """Return the interval of a share."""
    low, high = text[text.index("[") + 1 : -1].split(",")
    return float(low), float(high)


def draw(facts: JsonObject, path: Path) -> None:
    """Write the picture as PNG, without a date, so that the same facts give the same bytes.

    Parameters
    ----------
    facts
        What `completeness.facts_of` returned, with at least one filter that is there to find something.
    path
        The file; it is replaced.
    """
    filters = facts["filters"]
    aimed = [one for one in filters if one["finds"]]
    figure = Figure(figsize=(13.0, 3.0 + 0.32 * len(filters)), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(2.1, 1.0))
    _classes(figure.add_subplot(grid[:, 0]), filters)
    for row, (name, words) in enumerate((("by_mag", "magnitude of the alert"), ("by_age_days", "age, days"))):
        _curves(figure.add_subplot(grid[row, 1]), aimed, name, words)
    night = f" {facts['night']}" if facts["night"] else ""
    title = f"{facts['survey'].upper()}{night}: {facts['planted']} planted objects, seed {facts['seed']}"
    figure.suptitle(title, color=INK)
    with mpl.rc_context({"svg.hashsalt": "fink"}):
        figure.savefig(path, dpi=DPI, metadata={"Software": None})


def _classes(axes: Axes, filters: Sequence[JsonObject]) -> None:
    kinds = list(filters[0]["by_class"])
    shares: npt.NDArray[np.float64] = np.array(
        [[percent_of(one["by_class"][kind]) for kind in kinds] for one in filters]
    )
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=100.0, aspect="auto")
    for row, one in enumerate(filters):
        for column, kind in enumerate(kinds):
            share = shares[row, column]
            if share > 0.0:
                colour = "white" if share > 55.0 else INK  # noqa: PLR2004 - readable on the shade
                axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=8, color=colour)
            if kind in one["finds"]:
                axes.add_patch(mpl.patches.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="#d9822b"))
    axes.set_xticks(range(len(kinds)), kinds, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(range(len(filters)), [one["filter"] for one in filters], fontsize=8)
    axes.set_title("percent of each class selected; what a filter is for has a frame", fontsize=9)


def _curves(axes: Axes, aimed: Sequence[JsonObject], name: str, words: str) -> None:
    for number, one in enumerate(aimed):
        known = [(place, text) for place, text in enumerate(one[name].values()) if text]
        if known:
            places = np.array([place for place, _ in known]) + 0.05 * (number - len(aimed) / 2.0)
            share = np.array([percent_of(text) for _, text in known])
            low, high = np.array([interval_of(text) for _, text in known]).T
            errors = np.clip([share - low, high - share], 0.0, None)
            colour = COLOURS[number % len(COLOURS)]
            axes.errorbar(places, share, errors, marker="o", ms=3, lw=1, color=colour, label=one["filter"])
    axes.set_xticks(range(len(aimed[0][name])), list(aimed[0][name]), fontsize=8)
    axes.set_ylim(-3.0, 103.0)
    axes.set_xlabel(words, fontsize=9)
    axes.set_ylabel("found, %", fontsize=9)
    if name == "by_mag":
        axes.legend(fontsize=7, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncol=2, frameon=False)
