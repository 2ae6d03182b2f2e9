"""What was measured of a score, on its page: rows that a command wrote, and the command that writes them again.

A file of ``docs/science/figures`` is what ``--json`` of that command writes, untouched.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fink_lib.science.framework.base import Module, Role

FIGURES = "figures"
COMMANDS = {
    "cats": "fink science plant cats",
    "context": "FINK_CATALOGS=DIR/catalogs fink science accuracy --module context --data DIR",
    "early_snia": "fink science plant early_snia",
    "early_snia_rubin": "fink science accuracy --data DIR --json OUT --parts",
    "fast_transients": "fink science plant fast_transients",
    "hostless": "fink science plant hostless",
    "hostless_rubin": "fink science plant hostless_rubin",
    "kilonova": "fink science plant kilonova",
    "microlensing": "fink science plant microlensing",
    "periods": "fink science plant periods --path DIR/ztf",
    "solar_system": "fink science plant tracklets",
    "supernnova": "fink science plant supernnova",
    "supernnova_rubin": "fink science plant supernnova_rubin",
}
UNMEASURED = (
    "**Not measured.** No held-out or planted input shows yet how often this score is right by phase and brightness; "
    "read it as an order within a night, not as a probability."
)
# Scores that are not ours: who measured them.
OF_OTHERS = {
    "neighbours": "**Not our score.** The star-galaxy score is read from the packet; how often it is right was "
    "measured by its authors (Tachibana & Miller 2018, PASP 130, 128001), and is not measured here.",
}
EXPLAINED = (
    "with a seed that was never used while the module was made. Shares are in percent, with their 95 % intervals "
    "(Wilson 1927), one alert an object."
)

HELD_OUT = (
    "on simulated alerts with truth, each scored by members that never saw its object. "
    "Intervals are of 95 %, by object (areas: bootstrap; shares: Wilson 1927)."
)

# What the labels are that a module was held against, where they are no simulations.
LABELLED = {
    "context": "on every ZTF alert at hand that has such a label, one alert an object, its newest; what the label says "
    "was withheld from the rules. How many objects of each kind have which class, and the share in percent that has "
    "one that fits (an AGN: AGN or nuclear; a galaxy: nuclear or near a host; a transient: any but a star, an "
    "asteroid, an artefact and uncatalogued), with its 95 % interval (Wilson 1927). Solar-system objects have no label "
    "here but that of `roid` itself. The labelled alerts were chosen for variety: the shares are not those of a night.",
}


def is_score(module: Module) -> bool:
    """Tell whether a module gives a score, so that its page must say how often that is right."""
    return any(output.role is Role.SCORE for output in module.outputs)


def first_line(module: Module, folder: Path) -> list[str]:
    """Return what the page of a score that is not measured here says first; nothing for others.

    Parameters
    ----------
    module
        A science module.
    folder
        Of the pages; measured figures lie in its ``figures``.

    Returns
    -------
    Lines of Markdown.
    """
    if not is_score(module) or _file(module, folder).is_file():
        return []
    return [OF_OTHERS.get(module.name, UNMEASURED), ""]


def section(module: Module, folder: Path) -> list[str]:
    """Return the section of measured figures; nothing where there are none.

    Parameters
    ----------
    module
        A science module; one with a file of figures has an entry in `COMMANDS`.
    folder
        Of the pages; measured figures lie in its ``figures``.

    Returns
    -------
    Lines of Markdown.
    """
    path = _file(module, folder)
    if not path.is_file():
        return []
    option = "" if COMMANDS[module.name].endswith("--parts") else " --json"
    command = f"`{COMMANDS[module.name]}{option} docs/science/{FIGURES}/{module.name}.json`"
    found = json.loads(path.read_text())
    lines = ["## Measured", ""]
    if isinstance(found, list):
        return [*lines, f"By {command}, {EXPLAINED}", "", *_table(found), ""]
    lines += [f"By {command}, {LABELLED.get(module.name, HELD_OUT)}", ""]
    for title, rows in found.items():
        lines += [f"### {title}", "", *_table(rows), ""]
    return lines


def _file(module: Module, folder: Path) -> Path:
    return folder / FIGURES / f"{module.name}.json"


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield "| " + " | ".join(name.replace("_", " ") for name in rows[0]) + " |"
    yield "| " + " | ".join("---" for _ in rows[0]) + " |"
    for row in rows:
        yield "| " + " | ".join("" if value is None else str(value) for value in row.values()) + " |"
