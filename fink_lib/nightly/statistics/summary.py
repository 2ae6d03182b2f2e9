"""A night in numbers that can be compared with other nights: measure → name → value. Pure.

===================  =====================  =======================================
measure              name                   value
===================  =====================  =======================================
``count``            ``bronze``, …          alerts, objects, exposures, fields
``flag``             ``sso_known``, …       alerts for which it is true
``band``             band                   alerts of bronze
``silver_band``      band                   alerts of silver
``class:<column>``   class                  alerts of silver
``rejected``         reason                 alerts
``quarantine``       ``<stage>.<damage>``   messages
``filter``           filter                 messages sent; 0 for a silent one
``filter_objects``   filter                 objects sent
``latency:<stage>``  ``p50``, ``p95``, …    seconds
``observed:<where>`` ``p50``, ``p95``, …    seconds from the observation to Kafka (arrival), or to silver
``null_share``       column                 share of silver that is null
``score:<column>``   lower edge of the bin  alerts of silver
``score_outside``    column                 alerts of silver whose value is not in [0, 1]
``science_s``        science module         seconds that enrich spent computing it
``version:<what>``   version                alerts or messages that carry it
===================  =====================  =======================================
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from fink_lib.files import JsonObject

Summary: TypeAlias = dict[str, dict[str, float]]

COUNTS = ("bronze", "quarantine", "silver", "rejected", "repeats", "quarantine_enrich")
TOTALS = ("objects", "exposures", "fields")
CLASS, SCORE, LATENCY, OBSERVED, VERSION = "class:", "score:", "latency:", "observed:", "version:"
OUTSIDE = "score_outside"
UNKNOWN = "(none)"  # the class of an alert whose column is null
OTHER = "(other)"  # classes that are too rare and too many to be kept by name
CODE, SCHEMA, FILTER = "code", "packet schema", "filter "


def summarise(facts: Mapping[str, Any]) -> Summary:
    """Return the summary of a night from the result of its statistics."""
    summary: Summary = {
        "count": {name: float(facts["counts"].get(name, 0)) for name in COUNTS},
        "flag": _numbers(facts.get("flags", {})),
        "band": _numbers(facts["bands"]),
        "silver_band": _numbers(facts["silver_bands"]),
        "rejected": _numbers(facts["rejected"]),
        "quarantine": {f"{one['stage']}.{one['error_class']}": float(one["count"]) for one in facts["quarantine"]},
        "null_share": _numbers(facts.get("null_shares", {})),
        OUTSIDE: _numbers(facts.get("scores_outside", {})),
    }
    summary["science_s"] = _numbers(facts.get("science_cost", {}).get("seconds", {}))
    summary["count"] |= {name: float(facts[name]) for name in TOTALS if facts[name] is not None}
    summary |= {f"{CLASS}{column}": _numbers(found) for column, found in facts["classes"].items()}
    summary |= {f"{SCORE}{column}": _numbers(found) for column, found in facts.get("scores", {}).items()}
    summary |= {f"{LATENCY}{stage}": _numbers(found) for stage, found in facts["latency_s"].items()}
    summary |= {f"{OBSERVED}{where}": _numbers(found) for where, found in facts.get("latency_observed", {}).items()}
    return summary | filter_yields(facts["filters"]) | versions(facts)


def filter_yields(filters: Iterable[Mapping[str, Any]]) -> Summary:
    """Return messages and objects by filter, versions of one filter added up."""
    messages: dict[str, float] = {}
    objects: dict[str, float] = {}
    for one in filters:
        messages[one["filter"]] = messages.get(one["filter"], 0.0) + one["messages"]
        objects[one["filter"]] = objects.get(one["filter"], 0.0) + one["objects"]
    return {"filter": messages, "filter_objects": objects}


def versions(facts: Mapping[str, Any]) -> Summary:
    """Return what made the night: code, packet schemas, science modules with models and catalogues, filters."""
    found: Summary = {f"{VERSION}{name}": _numbers(seen) for name, seen in facts["science_versions"].items()}
    found[f"{VERSION}{CODE}"] = _numbers(facts.get("code_versions", {}))
    found[f"{VERSION}{SCHEMA}"] = _numbers(facts["schema_versions"])
    for one in facts["filters"]:
        seen = found.setdefault(f"{VERSION}{FILTER}{one['filter']}", {})
        seen[one["filter_version"]] = float(one["messages"])
    return found


def to_rows(survey: str, night: dt.date, summary: Summary) -> list[JsonObject]:
    """Return the summary as rows of `gold__statistics`, sorted.

    Parameters
    ----------
    survey
        Name of the survey.
    night
        Whose numbers.
    summary
        Measure → name → value.
    """
    return [
        {"survey": survey, "night": night, "measure": measure, "name": name, "value": value}
        for measure, values in sorted(summary.items())
        for name, value in sorted(values.items())
    ]


def from_rows(rows: Iterable[Mapping[str, Any]]) -> dict[dt.date, Summary]:
    """Return the summaries that rows of `gold__statistics` hold, by night, the earliest first.

    A number that is missing is for the suite of that table to find, and is as none here.
    """
    found: dict[dt.date, Summary] = {}
    for row in rows:
        if row["value"] is None:
            continue
        found.setdefault(row["night"], {}).setdefault(row["measure"], {})[row["name"]] = float(row["value"])
    return dict(sorted(found.items()))


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in values.items()}
