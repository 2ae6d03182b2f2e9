"""From the facts of a night to its HTML page: everything that is shown is in the facts, so that they are its twin."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from fink_lib.distribute.counter import of_filters
from fink_lib.files import JsonObject
from fink_lib.nightly.report.verdict import WORDS
from fink_lib.nightly.statistics.summary import OTHER, UNKNOWN
from fink_lib.render.bars import nights_svg, spark_svg
from fink_lib.render.flow import flow_svg
from fink_lib.render.light_curve import BAND_COLOURS, light_curve_svg
from fink_lib.render.light_curve import OTHER as OTHER_BAND
from fink_lib.render.plots import latency_svg, sky_svg
from fink_lib.science.framework.base import NO_MATCH, Role
from fink_lib.science.framework.registry import outputs_with

MOST_BARS = 15
MOST_LOST = 100
WHOLE_SECONDS_FROM = 1000.0
NOTHING_FOUND = (NO_MATCH, UNKNOWN)
SEVERITIES = ("critical", "warning", "info")


@cache
def environment() -> Environment:
    """Return the environment of all templates."""
    made = Environment(
        loader=PackageLoader("fink_lib.nightly.report"),
        autoescape=select_autoescape(["html", "j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "bands_drawn": bands_drawn,
        "bars": bars,
        "by_gravity": by_gravity,
        "number": number,
        "seconds": seconds,
        "spark": lambda history: _trusted(spark_svg(history)),
        "without_classes": without_classes,
        "curve": lambda curve: _trusted(light_curve_svg(curve)),
    }
    made.globals["words"] = WORDS
    return made


def render(facts: JsonObject) -> str:
    """Write the page of a night."""
    template = environment().get_template("report.html.j2")
    meanings = defaultdict(str, {name: out.meaning for name, out in outputs_with(facts["survey"], Role.LABEL).items()})
    return template.render(facts=facts, pictures=_pictures(facts), most=MOST_LOST, meanings=meanings)


def bands_drawn(best: Sequence[JsonObject]) -> list[tuple[str, str]]:
    """Return the bands that the light curves of the best alerts hold, with their colours, in order of wavelength."""
    points = (point for case in best for one in case["alerts"] for point in one["light_curve"]["points"])
    held = {point["band"] for point in points}
    named = [(band, colour) for band, colour in BAND_COLOURS.items() if band in held]
    return [*named, *((band, OTHER_BAND) for band in sorted(held - BAND_COLOURS.keys()))]


def bars(counts: Mapping[str, int], usual: Mapping[str, float] | None = None) -> list[JsonObject]:
    """Return label, count, share and width (percent of the longest) of the longest bars, the rest summed in one.

    Where usual shares are known, ``usual`` is the width that the usual share would have. ``rest`` marks the sum of
    those without a bar of their own, which must not dwarf them. What says that nothing was found comes last and has no
    bar: it would dwarf everything that was.

    Parameters
    ----------
    counts
        Label → count; at most `MOST_BARS` labels get a bar of their own.
    usual
        Label → its usual share (0 to 1); none when not given.
    """
    named = {name: count for name, count in counts.items() if name not in (*NOTHING_FOUND, OTHER)}
    ordered = sorted(named.items(), key=_longest)
    shown, rest = ordered[:MOST_BARS], ordered[MOST_BARS:]
    longest = max((count for _, count in shown), default=0) or 1
    total = sum(counts.values()) or 1
    scale = 100 * total / longest
    found = [
        {
            "label": label,
            "count": count,
            "share": count / total,
            "width": round(100 * count / longest, 1),
            "usual": round(min(100.0, scale * usual[label]), 1) if usual and label in usual else None,
            "rest": False,
        }
        for label, count in shown
    ]
    others = sum(count for _, count in rest) + counts.get(OTHER, 0)
    if others:
        label = "all others" if OTHER in counts else f"{len(rest)} other{'s' * (len(rest) > 1)}"
        width = round(min(100.0, 100 * others / longest), 1)
        found.append(
            {"label": label, "count": others, "share": others / total, "width": width, "usual": None, "rest": True}
        )
    quiet = [(label, counts[label]) for label in NOTHING_FOUND if label in counts]
    nothing = {"width": 0, "usual": None, "rest": False}
    return found + [{"label": label, "count": count, "share": count / total, **nothing} for label, count in quiet]


def without_classes(classes: Mapping[str, Mapping[str, int]], usual: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the columns of classes in which nothing was found, in this night as in those before.

    Parameters
    ----------
    classes
        Column → class → alerts.
    usual
        Column → class → its usual share; empty where there is no night before.
    """
    labels = {column: {*counts, *usual.get(column, {})} for column, counts in classes.items()}
    return [column for column, found in labels.items() if found <= set(NOTHING_FOUND)]


def _longest(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def by_gravity(expectations: list[JsonObject]) -> list[JsonObject]:
    """Return what failed first, the gravest before the others."""
    return sorted(expectations, key=lambda one: (one["success"], SEVERITIES.index(one["severity"])))


def number(value: float | None) -> str:
    """Write a count, or a dash where there is none."""
    return "\N{EN DASH}" if value is None else f"{value:,.0f}"


def seconds(value: float) -> str:
    """Write a duration: with hundredths where they count."""
    return f"{value:.2f}" if value < WHOLE_SECONDS_FROM else f"{value:,.0f}"


def _pictures(facts: JsonObject) -> dict[str, Markup | None]:
    """Draw what can be drawn."""
    reconcile, statistics, compare = facts["reconcile"], facts["statistics"], facts["compare"]
    drawn: dict[str, str | None] = dict.fromkeys(("flow", "sky", "latency", "nights"))
    if reconcile:
        drawn["flow"] = flow_svg(reconcile["counts"], of_filters(reconcile["published"]))
    if statistics and statistics["sky"]["bins"]:
        drawn["sky"] = sky_svg(statistics["sky"]["bins"], statistics["sky"]["bin_deg"])
    if statistics and statistics["latency_curve"]:
        drawn["latency"] = latency_svg(statistics["latency_curve"])
    if compare:
        drawn["nights"] = nights_svg(compare["nights"])
    return {name: _trusted(svg) if svg else None for name, svg in drawn.items()}


def _trusted(svg: str) -> Markup:
    """Let a picture through: it is made here, out of numbers, dates and escaped names."""
    return Markup(svg)  # noqa: S704 - see above
