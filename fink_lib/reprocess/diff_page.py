"""The comparison as one self-contained page; the same findings give the same bytes."""

from typing import Any

import matplotlib as mpl
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from matplotlib.figure import Figure

from fink_lib.render.plots import STYLE, as_svg
from fink_lib.reprocess.compare import JsonObject

MOST_PLOTS = 24
MOST_IDS = 200
LIVE, CANDIDATE = "#52606d", "#d9822b"
NOTABLE_KS = 0.01


def render(facts: JsonObject) -> str:
    """Write the page.

    Parameters
    ----------
    facts
        The comparison, with ``request_id``, ``request``, ``plan`` and ``headline`` beside it.
    """
    environment = Environment(
        loader=PackageLoader("fink_lib.reprocess"),
        autoescape=select_autoescape(["html", "j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drifted = sorted(facts["drift"].items(), key=lambda pair: (-pair[1]["ks"], pair[0]))
    notable = [(name, each) for name, each in drifted if each["ks"] >= NOTABLE_KS][:MOST_PLOTS]
    pictures = [(name, each, Markup(histogram_svg(name, each))) for name, each in notable]  # noqa: S704 - drawn from numbers
    quiet = [(name, each) for name, each in drifted if (name, each) not in notable]
    page = environment.get_template("diff.html.j2")
    return page.render(facts=facts, pictures=pictures, quiet=quiet, most=MOST_IDS)


def histogram_svg(name: str, facts: JsonObject) -> str:
    """Draw both distributions of a number, each as its share per bin.

    Parameters
    ----------
    name
        Of the number: label of the axis.
    facts
        What `compare.drift` returned.

    Returns
    -------
    The SVG element, to be put into a page.
    """
    edges = np.asarray(facts["edges"], dtype=np.float64)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 2.2), layout="constrained")
        axes: Any = figure.add_subplot()
        for key, colour, fill in (("old", LIVE, 0.25), ("new", CANDIDATE, 0.0)):
            share = np.asarray(facts[f"counts_{key}"], dtype=np.float64) / max(facts[f"n_{key}"], 1)
            axes.stairs(share, edges, color=colour, linewidth=1.4)
            if fill:
                axes.stairs(share, edges, color=colour, alpha=fill, fill=True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_ylabel("share")
        axes.set_xlabel(name)
    return as_svg(figure, name)


def headline(facts: JsonObject) -> str:
    """Say in one sentence what would change."""
    if facts["same"]:
        return "Nothing would change: both sides say the same of every alert."
    moved = sum(move["count"] for move in facts["moves"])
    gained = sum(each["n_gained"] for each in facts["filters"].values())
    lost = sum(each["n_lost"] for each in facts["filters"].values())
    flipped = sum(facts["flipped"].values())
    return (
        f"{facts['alerts_changed']:,} alerts would change: {moved:,} stand elsewhere, {flipped:,} labels flip; "
        f"the filters gain {gained:,} and lose {lost:,}."
    )


def markdown(facts: JsonObject, link: str) -> str:
    """Return the short form that the approval in Airflow shows.

    Parameters
    ----------
    facts
        Of the comparison, with its ``headline``.
    link
        Address of the page, or its path.
    """
    lines = [facts["headline"], ""]
    lines += [f"* {move['count']:,} alerts: {move['from']} → {move['to']}" for move in facts["moves"]]
    for table, columns in facts["columns"].items():
        lines += [
            f"* `{table}.{name}` differs for {each['changed']:,} alerts" for name, each in sorted(columns.items())
        ]
    for name, each in facts["filters"].items():
        if each["n_gained"] or each["n_lost"]:
            lines.append(f"* filter `{name}`: {each['n_gained']:,} gained, {each['n_lost']:,} lost")
    lines += ["", f"The whole comparison: `{link}`"]
    return "\n".join(lines)
