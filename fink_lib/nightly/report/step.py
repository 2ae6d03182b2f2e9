"""The report of a night: one self-contained HTML page, and the same facts as JSON.

No JVM. It is drawn from the results of the other steps, and from the rows of its best alerts as they stood when the
statistics were made: no clock, so that the same night gives the same bytes whenever it is drawn again.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from fink_lib import __version__
from fink_lib.files import JsonObject, replace_text
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.report.compare import catalog_changes, changes, compare
from fink_lib.nightly.report.highlights.collect import best_of_night
from fink_lib.nightly.report.night_index import write_index
from fink_lib.nightly.report.notify import notify
from fink_lib.nightly.report.page import render
from fink_lib.nightly.report.verdict import verdict
from fink_lib.nightly.results import Step, why_missing, write_result
from fink_lib.nightly.statistics.summary import Summary, summarise

SOURCES = (Step.RECONCILE, Step.QUALITY, Step.CROSSMATCH, Step.EVENTS, Step.COMPACT, Step.STATISTICS)
FLIPS_SHOWN = 5  # of each catalogue; all of them are counted, and 1,000 are in `gold_<survey>__crossmatched`
PAGE, COMPLETENESS = "report.html", "completeness.json"


def run(context: NightContext) -> Outcome:
    """Draw the page beside its JSON twin, bring the index up to date, and tell those who asked."""
    outcome = draw(context)
    write_result(context.folder, Step.REPORT, context.run_id, outcome.result)
    write_index(context.settings.nights)
    page = (context.folder / PAGE).read_text(encoding="utf-8")
    notify(context.settings, context.folder, outcome.result, page)
    return outcome


def draw(context: NightContext, run_url: str | None = None) -> Outcome:
    """Draw the page and return its facts.

    Parameters
    ----------
    context
        The night, and the run whose results are drawn.
    run_url
        Address of that run in Airflow; made from the settings when not given.
    """
    results = {step: context.result(step) for step in SOURCES}
    missing = {step: why_missing(context.folder, step, context.run_id) for step in SOURCES if results[step] is None}
    statistics = results[Step.STATISTICS]
    best = best_of_night(context, statistics["tables"]) if statistics else []
    url = run_address(context) if run_url is None else run_url
    facts = report_facts(context.survey.name, context.night, results, missing, best=best, run_url=url)
    facts["completeness"] = completeness_of(context.folder)
    replace_text(context.folder / PAGE, render(facts))
    return Outcome(facts)


def report_facts(
    survey: str,
    night: dt.date,
    results: Mapping[Step, JsonObject | None],
    missing: Mapping[Step, str],
    *,
    best: Sequence[JsonObject] = (),
    run_url: str = "",
) -> JsonObject:
    """Put together everything that the page shows.

    Parameters
    ----------
    survey, night
        Whose night; the survey by its name.
    results
        Step → its result; None for one that has none.
    missing
        Step without a result → why.
    best
        The best alerts, as `highlights` gives them.
    run_url
        Page of the run in Airflow; empty where there is none.
    """
    facts: JsonObject = {str(step): _without_run(results.get(step)) for step in SOURCES}
    statistics, matched = facts[Step.STATISTICS], facts[Step.CROSSMATCH]
    if matched:
        matched["catalogs"] = [one | {"flipped": one["flipped"][:FLIPS_SHOWN]} for one in matched["catalogs"]]
    trailing = _trailing(statistics)
    now = summarise(statistics) if statistics else None
    previous = list(trailing.values())[-1] if trailing else None
    return {
        "survey": survey,
        "night": night.isoformat(),
        "code_version": __version__,
        "verdict": verdict(results.get(Step.RECONCILE), results.get(Step.QUALITY)),
        "not_computed": {str(step): reason for step, reason in missing.items()},
        **facts,
        "compare": compare(night, now, trailing) if now else None,
        "changes": [*(changes(previous, now) if now else []), *catalog_changes(matched)],
        "previous": list(trailing)[-1].isoformat() if trailing else None,
        "best": list(best),
        "completeness": None,
        "links": {"run": run_url, "manifest": "manifest.json", "twin": "report.json", "index": "../../index.html"},
    }


def completeness_of(folder: Path) -> JsonObject | None:
    """Return what `fink science completeness` left in the folder of the night; None where it did not run."""
    path = folder / COMPLETENESS
    if not path.is_file():
        return None
    found: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    return found


def run_address(context: NightContext) -> str:
    """Return the address of the run in the Airflow UI; empty where the UI has none that lasts."""
    settings, dag_id = context.settings, context.dag_id or f"{context.survey.name}_close_night"
    base = settings.airflow_url or (f"http://127.0.0.1:{settings.airflow_port}" if settings.airflow_port else "")
    return f"{base.rstrip('/')}/dags/{dag_id}/runs/{quote(context.run_id, safe='')}" if base else ""


def _trailing(statistics: JsonObject | None) -> dict[dt.date, Summary]:
    kept: dict[str, Summary] = (statistics or {}).get("trailing", {})
    return {dt.date.fromisoformat(night): summary for night, summary in sorted(kept.items())}


def _without_run(result: JsonObject | None) -> JsonObject | None:
    """Leave out what differs between two runs over the same data."""
    if result is None:
        return None
    return {name: value for name, value in result.items() if name not in ("run_id", "step")}
