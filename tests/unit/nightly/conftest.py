"""Results of a whole night as its steps would have written them, for tests without a JVM."""

from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.results import Step, write_result
from fink_lib.surveys import get_survey
from fink_lib.testing.nights import NIGHT, OUTPUT, TOPIC


def reconcile_facts(**changes: Any) -> dict[str, Any]:
    counts = {"offered": 320, "bronze": 318, "quarantine": 2, "silver": 210, "rejected": 90, "repeats": 18}
    equations = [
        {
            "name": "offered",
            "total": 320,
            "parts": {"bronze": 318, "quarantine": 2},
            "holds": True,
            "text": "320 offered = 318 bronze + 2 quarantine",
            "differences": [],
        }
    ]
    return {
        "survey": "ztf",
        "night": NIGHT.isoformat(),
        "holds": True,
        "counts": {**counts, "quarantine_enrich": 0},
        "partition_rows": {"bronze": 318, "quarantine": 2},
        "published": {OUTPUT: 31, "fink_bright_transients_ztf": 4, "fink_variable_stars_ztf": 88},
        "lost": [],
        "equations": equations,
        "topics": [
            {
                "topic": TOPIC,
                "offered": 322,
                "partitions": [],
                "by_night": {"null": {"bronze": 0, "quarantine": 2, "lost": 0}},
            }
        ],
        "tables": {"bronze": 7, "silver": 5},
        **changes,
    }


def quality_facts(**changes: Any) -> dict[str, Any]:
    one = {
        "name": "ra",
        "meaning": "Right ascension is in [0, 360).",
        "severity": "critical",
        "success": True,
        "observed": "0 of 318 rows break it",
    }
    two = {**one, "name": "quarantined_share", "severity": "warning", "success": False, "observed": "0.02"}
    suites = [{"suite": "bronze_ztf__alerts", "empty": False, "expectations": [one, two]}]
    return {"empty": False, "suites": suites, "passed": 1, "failed": 1, "critical_failed": [], **changes}


def statistics_facts(**changes: Any) -> dict[str, Any]:
    stages = {"ingest": 1.0, "enrich": 2.5, "distribute": 0.8, "total": 4.1, "to_silver": 3.4}
    curve = {stage: [[at / 20, s * (0.4 + at / 20)] for at in range(21)] for stage, s in stages.items()}
    bins = [[2.0 + 4 * (i % 90), -18.0 + 4 * (i // 45), 1 + (i * 7) % 23] for i in range(0, 630, 2)]
    return {
        "counts": {"bronze": 318, "silver": 210, "rejected": 90, "repeats": 18},
        "objects": 290,
        "exposures": 41,
        "fields": 12,
        "bands": {"g": 120, "r": 190, "i": 8},
        "silver_bands": {"g": 80, "r": 130},
        "schema_versions": {"3.3": 318},
        "sky": {"bin_deg": 4.0, "bins": bins},
        "classes": {"vsx": {"Unknown": 150, "EW": 30, "RRAB": 20, "M": 10}, "roid": {"0": 160, "3": 41, "2": 9}},
        "science_versions": {"solar_system": {"1": 210}, "variable_stars": {"1": 210}},
        "science_errors": {"solar_system": {"failed": 1}},
        "science_cost": {"alerts": 210, "seconds": {"solar_system": 0.84, "(forming)": 0.3}},
        "rejected": {"rb": 80, "nbad": 22},
        "quarantine": [{"stage": "ingest", "error_class": "truncated", "count": 2}],
        "filters": [
            {"filter": "sso_ztf_candidates", "filter_version": "1", "topic": OUTPUT, "messages": 31, "objects": 30},
            {"filter": "variable_stars", "filter_version": "1", "topic": "t", "messages": 88, "objects": 71},
            {"filter": "silent", "filter_version": "1", "topic": None, "messages": 0, "objects": 0},
        ],
        "filter_failures": [{"filter": "picky", "alerts": 3, "alert_id": 17, "reason": "ValueError: <no>"}],
        "latency_s": {stage: {"p50": s, "p95": 1.4 * s, "p99": 1.5 * s} for stage, s in stages.items()},
        "latency_curve": curve,
        "latency_alerts": dict.fromkeys(stages, 318),
        "tables": {"bronze": 7, "silver": 5},
        **changes,
    }


def events_facts() -> dict[str, Any]:
    event = {"event_id": "swift:1", "messenger": "gamma_ray", "retracted": False, "not_searched": "", "matches": 1}
    place = {"alert_id": 17, "object_id": "ZTF23abcdefg", "ra": 10.0, "dec": -20.5}
    row = {"event_id": "swift:1", **place, "rank": 0.1, "chance": 0.002, "chance_night": 0.004}
    return {
        "events": [event, {**event, "event_id": "maxi:2", "not_searched": "no <region>"}],
        "searched": 1,
        "trials": 1,
        "matches": 1,
        "messages": {"fink_grb_bronze": 1},
        "best": [row],
        "looked_back": [{"night": "2021-11-20", "came": ["swift:1"], "changed": [], "retracted": []}],
        "window_days": 7.0,
    }


def compact_facts() -> dict[str, Any]:
    files = {"files": 40, "bytes": 24_000_000, "rows": 318}
    return {"tables": {"bronze": {"before": files, "after": {**files, "files": 1}, "version": 8}}}


@pytest.fixture
def context(settings: Settings) -> NightContext:
    return NightContext(settings, get_survey("ztf"), NIGHT, "run-1")


@pytest.fixture
def good_results(context: NightContext) -> NightContext:
    """Write the results of a good night; return its context."""
    results = {
        Step.RECONCILE: reconcile_facts(),
        Step.QUALITY: quality_facts(),
        Step.CROSSMATCH: {"catalogs": [], "previous": None},
        Step.OBJECTS: {"objects": 290, "moving": 3},
        Step.EVENTS: events_facts(),
        Step.COMPACT: compact_facts(),
        Step.STATISTICS: statistics_facts(),
        Step.REPORT: {},
    }
    for step, facts in results.items():
        write_result(context.folder, step, context.run_id, facts)
    return context
