"""What an operator starts by hand, in a real browser and by command: a catalogue, a newer one, the daily vacuum."""

import datetime as dt
import re

import pyarrow.compute as pc
import pytest

from e2e.airflow_pages import airflow_pages
from e2e.conftest import ARCHIVES, Fink
from e2e.sky import CATALOG, Matches, sources, with_source, write_catalog
from e2e.waiting import succeeded, wait
from fink_lib.config import Settings
from fink_lib.host.airflow import LocalAirflow
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import gold_table_stats
from fink_lib.lake.tables.catalogs import gold_crossmatch, gold_crossmatched
from fink_lib.maintenance.run import known_specs
from fink_lib.surveys import get_survey

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.kafka, pytest.mark.spark]

ZTF = get_survey("ztf")
GONE = 40  # sources that the second version lacks


def matched(settings: Settings) -> Matches:
    rows = read_rows(gold_crossmatch(ZTF.name), settings.lake, pc.field("catalog") == CATALOG, ["night", "alert_id"])
    return {night: {row["alert_id"] for row in rows if str(row["night"]) == night} for night in ARCHIVES}


def test_a_catalogue_loaded_from_its_form_is_matched_with_past_nights(loaded: str, airflow: LocalAirflow) -> None:
    settings = airflow.settings
    assert f"{CATALOG}: version 1 loaded, {len(sources(settings))} sources" in loaded
    expected = with_source(settings, ARCHIVES)
    assert all(expected.values())
    assert matched(settings) == expected
    for night, alerts in expected.items():
        assert re.search(rf"{night}: \d+ alerts matched: {len(alerts)} have a source", loaded)


def test_a_newer_version_by_command_says_what_it_flipped(loaded: str, airflow: LocalAirflow, fink: Fink) -> None:
    settings = airflow.settings
    before = matched(settings)
    write_catalog(settings, without=GONE)
    run_id = fink("catalogs", "load", CATALOG, "--airflow").strip().rsplit("/", 1)[1]
    wait("the newer version", lambda: succeeded(airflow, "catalogs", run_id))
    after = with_source(settings, ARCHIVES, without=GONE)
    assert matched(settings) == after != before
    of_second = (pc.field("catalog") == CATALOG) & (pc.field("catalog_version") == 2)
    told = {str(row["night"]): row["lost"] for row in read_rows(gold_crossmatched(ZTF.name), settings.lake, of_second)}
    assert told == {night: len(before[night] - after[night]) for night in ARCHIVES}


def test_the_vacuum_runs_from_its_form_and_says_how_the_tables_lie(loaded: str, airflow: LocalAirflow) -> None:
    with airflow.api() as api:
        api.unpause("vacuum")
    with airflow_pages(airflow.login) as pages:
        run_id = pages.trigger("vacuum", {})
    wait("the vacuum", lambda: succeeded(airflow, "vacuum", run_id))
    today = pc.field("day") == dt.datetime.now(dt.UTC).date()
    told = {row["table"] for row in read_rows(gold_table_stats(), airflow.settings.lake, today)}
    there = {spec.full_name for spec in known_specs(airflow.settings.lake) if spec.path(airflow.settings.lake).exists()}
    assert told | {gold_table_stats().full_name} == there  # its own table is not there at its first run
