"""The index of nights: one page over all reports, drawn from their JSON twins."""

import json
from collections.abc import Iterator
from pathlib import Path

from fink_lib.distribute.counter import of_filters
from fink_lib.files import JsonObject, replace_text
from fink_lib.nightly.report.page import environment
from fink_lib.nightly.results import Step, result_path

COUNTS = ("offered", "bronze", "quarantine", "silver", "rejected", "repeats")


def entries(nights: Path) -> Iterator[JsonObject]:
    """Yield a line for each night that has a report, the latest first."""
    found = [path for path in nights.glob("*/????-??-??") if result_path(path, Step.REPORT).exists()]
    for folder in sorted(found, key=lambda path: (path.name, path.parent.name), reverse=True):
        facts = json.loads(result_path(folder, Step.REPORT).read_text(encoding="utf-8"))
        if "verdict" not in facts:
            continue
        reconcile, quality = facts.get("reconcile") or {}, facts.get("quality") or {}
        counts = reconcile.get("counts", {})
        yield {
            "survey": facts["survey"],
            "night": facts["night"],
            "verdict": facts["verdict"],
            "page": f"{folder.parent.name}/{folder.name}/report.html",
            "counts": {name: counts.get(name) for name in COUNTS},
            "sent": sum(of_filters(reconcile.get("published", {})).values()),
            "warnings": quality.get("failed"),
            "best": sum(len(case["alerts"]) for case in facts.get("best") or ()),
        }


def write_index(nights: Path) -> Path:
    """Draw the index page; return it."""
    lines = list(entries(nights))
    tallest = max((line["counts"]["offered"] or 0 for line in lines), default=0) or 1
    page = environment().get_template("nights.html.j2").render(lines=lines, tallest=tallest)
    replace_text(nights / "index.html", page)
    return nights / "index.html"
