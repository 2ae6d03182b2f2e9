"""The report of a night: one self-contained HTML page, and the same numbers as JSON.

Pure Python. It is drawn from the results of the other steps and nothing else: no clock, no lake, so that the
same results give the same bytes.
"""

import datetime as dt
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from fink_lib import __version__
from fink_lib.nightly.flow import flow_svg
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.plots import latency_svg, sky_svg
from fink_lib.nightly.results import JsonObject, Step, replace_text, why_missing

SOURCES = (Step.RECONCILE, Step.QUALITY, Step.COMPACT, Step.STATISTICS)
MOST_BARS = 15
MOST_LOST = 100


def run(context: NightContext) -> Outcome:
    """Draw the page beside its JSON twin."""
    results = {step: context.result(step) for step in SOURCES}
    missing = {step: why_missing(context.folder, step, context.run_id) for step in SOURCES if results[step] is None}
    facts = report_facts(context.survey.name, context.night, results, missing)
    replace_text(context.folder / "report.html", render(facts))
    return Outcome(facts)


def report_facts(
    survey: str, night: dt.date, results: Mapping[Step, JsonObject | None], missing: Mapping[Step, str]
) -> JsonObject:
    """Put together everything that the page shows."""
    facts: JsonObject = {str(step): _without_run(results.get(step)) for step in SOURCES}
    return {
        "survey": survey,
        "night": night.isoformat(),
        "code_version": __version__,
        "verdict": verdict(results.get(Step.RECONCILE), results.get(Step.QUALITY)),
        "not_computed": {str(step): reason for step, reason in missing.items()},
        **facts,
    }


def verdict(reconcile: JsonObject | None, quality: JsonObject | None) -> JsonObject:
    """Say in one word and one sentence how the night stands."""
    if reconcile is None:
        return {"state": "unknown", "sentence": "The equation was not computed: nothing is known of lost alerts."}
    if not reconcile["holds"]:
        broken = [one["text"] for one in reconcile["equations"] if not one["holds"]]
        return {"state": "broken", "sentence": "The equation does not hold: " + "; ".join(broken) + "."}
    if quality and quality["critical_failed"]:
        named = ", ".join(quality["critical_failed"])
        return {"state": "broken", "sentence": f"The equation holds, but critical expectations failed: {named}."}
    offered = reconcile["counts"]["offered"]
    if offered == 0:
        return {"state": "holds", "sentence": "An empty night: no alert was offered, and none is missing."}
    return {"state": "holds", "sentence": f"The equation holds: each of {offered:,} alerts is in exactly one place."}


def render(facts: JsonObject) -> str:
    """Write the page."""
    environment = Environment(
        loader=PackageLoader("fink_lib.nightly"),
        autoescape=select_autoescape(["html", "j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["bars"] = bars
    return environment.get_template("report.html.j2").render(facts=facts, pictures=_pictures(facts), most=MOST_LOST)


def bars(counts: Mapping[str, int]) -> list[JsonObject]:
    """Return label, count and width (percent of the longest) of the longest bars, the rest summed in one."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown, rest = ordered[:MOST_BARS], ordered[MOST_BARS:]
    if rest:
        shown.append((f"{len(rest)} others", sum(count for _, count in rest)))
    longest = max((count for _, count in shown), default=0) or 1
    return [{"label": label, "count": count, "width": round(100 * count / longest, 1)} for label, count in shown]


def _pictures(facts: JsonObject) -> dict[str, Markup | None]:
    """Draw what can be drawn; the SVG is made here, out of numbers, and may be trusted."""
    reconcile, statistics = facts["reconcile"], facts["statistics"]
    drawn: dict[str, str | None] = {"flow": None, "sky": None, "latency": None}
    if reconcile:
        drawn["flow"] = flow_svg(reconcile["counts"], reconcile["published"])
    if statistics and statistics["sky"]["bins"]:
        drawn["sky"] = sky_svg(statistics["sky"]["bins"], statistics["sky"]["bin_deg"])
    if statistics and statistics["latency_curve"]:
        drawn["latency"] = latency_svg(statistics["latency_curve"])
    return {name: Markup(svg) if svg else None for name, svg in drawn.items()}  # noqa: S704 - numbers only, see above


def _without_run(result: JsonObject | None) -> JsonObject | None:
    """Leave out what differs between two runs over the same data."""
    if result is None:
        return None
    return {name: value for name, value in result.items() if name not in ("run_id", "step")}
