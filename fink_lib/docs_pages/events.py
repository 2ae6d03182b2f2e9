"""The last section of the page on events: the notices at hand beside a real night.

``python -m fink_lib.docs_pages.events`` writes the section out of ``events.json`` beside this file; with the folder of
the extra real data behind it, that file is measured anew first.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.docs_pages.event_night import TRIGGER_TIME, measured
from fink_lib.docs_pages.science import table
from fink_lib.files import JsonObject

PAGE = PROJECT_DIR / "docs" / "multimessenger.md"
FIGURES = Path(__file__).with_name("events.json")
BEGIN = "<!-- Generated from here to the end by `python -m fink_lib.docs_pages.events`. Do not edit. -->\n"
SEARCH_HEADER = ("event", "messenger", "searched, deg²", "new sources after the trigger", "expected", "found")
MATCH_HEADER = ("event", "object", "rank", "as good by chance", "chance", "chance, night")
STEP_HEADER = ("notice", "searched, deg²", "expected", "the table says", "best rank", "best chance")
FOLLOWED = """One superevent, S230518h, beside the same alerts through three notices derived from those at hand: \
its own initial alert, an update with the map of S240116o, and a retraction."""
TAKEN_BACK = """A retracted event keeps its matches, so that what was said can be taken back; it is no trial and in no \
list of what stands. In any order of arrival the end is the same (`tests/unit/multimessenger/test_event_nights.py`)."""
FORMAL = "Fink picked these alerts, so they tell nothing of a background, and the probabilities are formal."
MOST_NAMED, LARGE = 3, 1000.0
COMMANDS = """
```text
fink gcn play fink_broker_parquet --direct                                        the notices as Fink keeps them
fink gcn play gcn_schema_json skyportal voevent_finkmm voevent_other --direct --trigger-time 2023-10-18T02:30:00
fink gcn match 2023-10-18
```
"""


def section(figures: JsonObject) -> str:
    """Return the section, Markdown.

    Parameters
    ----------
    figures
        As `fink_lib.docs_pages.event_night.measured` returns them.
    """
    searched = [row for row in figures["searches"] if not row["not_searched"]]
    lines = [
        "## On real alerts",
        "",
        *_introduction(figures, len(searched)),
        "",
        *table(SEARCH_HEADER, [_search(row) for row in searched]),
        "",
        "Not searched for: " + "; ".join(_left_out(figures["searches"])) + ".",
        "",
        "The matches, the least likely by chance first:",
        "",
        *table(MATCH_HEADER, [_match(row) for row in figures["matches"]]),
        "",
        *_followed(figures["superevent"]),
    ]
    return "\n".join(lines) + "\n" + COMMANDS


def _introduction(figures: JsonObject, searched: int) -> list[str]:
    of, events = figures["notices"], len(figures["searches"])
    night = f"{figures['alerts']} alerts at hand with {figures['new_sources']} trusted new sources"
    read = f"{of['event']} tell of an event, {of['no_event']} of none, {of['unreadable']} cannot be read"
    dated = "Two of them (GBM 719313583 and a GW named S240116o) Fink had re-dated onto that night"
    return [
        f"The ZTF night 2023-10-18, {night}, beside all notices at hand: {read}.",
        f"{dated}; `--trigger-time` moves the others to {TRIGGER_TIME:%H:%M} of it.",
        f"{events} events are no tests or mocks and concern the night, {searched} of them can be searched for.",
        FORMAL,
    ]


def _search(row: JsonObject) -> list[str]:
    numbers = [_short(row["area_deg2"]), str(row["sources_after"]), _short(row["expected"]), str(row["matches"])]
    return [row["event_id"], row["messenger"].replace("_", " "), *numbers]


def _left_out(searches: Sequence[JsonObject]) -> list[str]:
    """Return each reason, and the events that it keeps from being searched for."""
    reasons = sorted({row["not_searched"] for row in searches if row["not_searched"]})
    named = {why: [row["event_id"] for row in searches if row["not_searched"] == why] for why in reasons}
    return [f"{', '.join(events)} ({why})" for why, events in named.items()]


def _match(row: JsonObject) -> list[str]:
    return [row["event_id"], row["object_id"], *(_short(row[name]) for name in
            ("rank", "as_good", "chance", "chance_night"))]  # fmt: skip


def _followed(steps: Sequence[JsonObject]) -> list[str]:
    return [FOLLOWED, "", *table(STEP_HEADER, [_step(one) for one in steps]), "", TAKEN_BACK]


def _step(one: JsonObject) -> list[str]:
    names = [row["object_id"] for row in one["found"]]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    say = "take back" if one["retracted"] else "match"
    told = f"{len(names)} {say}: {', '.join(names[:MOST_NAMED])}{more}" if names else "no match"
    best = one["found"][0] if names else None
    shown = [_short(best["rank"]), _short(best["chance"])] if best else ["", ""]
    return [one["notice"], _short(one["area_deg2"]), _short(one["expected"]), told, *shown]


def _short(number: float) -> str:
    """Return a number with three digits, whole where it is large."""
    return f"{number:,.0f}" if number >= LARGE else f"{number:.3g}"


def page(text: str, figures: JsonObject) -> str:
    """Return a page with its section made anew.

    Parameters
    ----------
    text
        The page as it is; what stands before `BEGIN` is kept.
    figures
        What the section is made of.

    Raises
    ------
    ValueError
        When the page does not say where the section begins.
    """
    before, begin, _ = text.partition(BEGIN)
    if not begin:
        raise ValueError(f"{PAGE.name} has no line {BEGIN!r}: nobody knows where the section begins")
    return before + begin + section(figures)


if __name__ == "__main__":
    if sys.argv[1:]:
        FIGURES.write_text(json.dumps(measured(Path(sys.argv[1]), Settings().cache), indent=1) + "\n")
    PAGE.write_text(page(PAGE.read_text(), json.loads(FIGURES.read_text())))
