"""Matches of a night beside their rules: a good one passes, and each critical rule is broken by its fault."""

import datetime as dt
from typing import Any

import pytest

from expectations import crossmatch
from expectations.suites import SUITES
from fink_lib.catalogs.versions import CatalogVersion, record_version
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables.catalogs import gold_crossmatch
from fink_lib.nightly.job import NightContext
from fink_lib.quality.matches import broken_matches, judge_matches
from fink_lib.quality.run_suites import quiet_context
from fink_lib.testing.nights import NIGHT

pytestmark = [
    # Great Expectations leaves the warnings of its own old idioms to its users
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
LOADED = dt.datetime(2021, 11, 1, tzinfo=dt.UTC)
# What to change in a good match, by the critical expectation that it breaks
FAULTS: dict[str, list[dict[str, Any]]] = {
    "named": [{"alert_id": None}, {"source_id": None, "label": None, "source_ra": None}],
    "version": [{"catalog_version": 3, "separation_arcsec": None}],
    "separation": [{"separation_arcsec": 1.6}, {"separation_arcsec": -0.1}, {"separation_arcsec": float("nan")}],
    "alert_catalog": [{"alert_id": 1}],
}


def match(alert_id: int, **changes: Any) -> dict[str, Any]:
    place = {"ra": 10.0, "dec": 5.0, "source_ra": 10.0, "source_dec": 5.0, "separation_arcsec": 1.5}
    named = {"alert_id": alert_id, "object_id": "ZTF21a", "source_id": "S", "label": "EW"}
    row = {"night": NIGHT, "catalog": "vsx", **named}
    return {**row, **place, "catalog_version": 2, **changes}


def load(context: NightContext, version: int, radius_arcsec: float | None) -> None:
    facts = {"delta_version": version, "sha256": "ab", "rows": 9, "without_position": 0, "file": "vsx.csv"}
    told = {"source_version": "1", "reference": "", "loaded_at": LOADED, "code_version": "0", "changed_cells": None}
    row = CatalogVersion(name="vsx", version=version, radius_arcsec=radius_arcsec, **facts, **told)
    record_version(context.settings.lake, row)


def add(context: NightContext, *rows: dict[str, Any]) -> None:
    append_rows(gold_crossmatch(context.survey.name), context.settings.lake, rows)


def test_good_matches_pass_and_each_fault_is_found(context: NightContext) -> None:
    assert judge_matches(context, SUITES.matches, quiet_context(), None)["empty"]
    load(context, 1, 5.0)
    load(context, 2, 1.5)
    add(context, match(1), match(2, catalog_version=1, separation_arcsec=4.9))
    add(context, match(3, source_id=None, label=None))  # as some sources of the packaged catalogues are
    assert broken_matches(context, SUITES.matches) == []
    assert judge_matches(context, SUITES.matches, quiet_context(), None)["failed"] == 0
    suite = crossmatch.suite(context.survey, {})
    assert {one.meta["name"] for one in suite.expectations if one.severity.value == "critical"} == set(FAULTS)
    faults = [changes for every in FAULTS.values() for changes in every]
    spoiled = [{**match(10 + at), **changes} for at, changes in enumerate(faults)]
    add(context, *spoiled)
    found = judge_matches(context, SUITES.matches, quiet_context(), None)
    assert set(found["critical_failed"]) == set(FAULTS)
    told = {text.split()[0]: text for text in broken_matches(context, SUITES.matches)}
    assert set(told) == set(FAULTS)
    assert told["separation"] == "separation (4 of 10 rows break it)"  # one of them has none: no version, no radius
    assert told["named"] == "named (2 of 10 rows break it)"


def test_a_version_without_a_radius_is_named_and_ends_nothing(context: NightContext) -> None:
    load(context, 2, None)
    add(context, match(1))
    assert set(judge_matches(context, SUITES.matches, quiet_context(), None)["critical_failed"]) == {
        "version",
        "separation",
    }
