"""The lake that the API is measured on answers every question that is asked of it."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from fink_lib.api.lake import Lake
from fink_lib.api.queries import objects
from fink_lib.api.queries.alerts import alerts
from fink_lib.api.queries.cutouts import Kind, cutouts
from fink_lib.bench.api_lake import made_or_kept, make_lake
from fink_lib.bench.api_pages import addresses
from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.portal.server import whole_app
from fink_lib.surveys import get_survey

ALERTS = 3_000


def test_a_made_lake_answers(tmp_path: Path) -> None:
    settings, survey = Settings(home=tmp_path / "home"), get_survey("ztf")
    made = make_lake(settings, survey, ALERTS, seed=1)
    lake = Lake(settings, [survey])
    try:
        snapshot = lake.surveys["ztf"].now()
        assert snapshot.sources is not None
        assert sum(file.rows for file in snapshot.sources.files) == ALERTS
        assert (snapshot.live, snapshot.live_nights) == ("", frozenset()), "every night is closed"
        names = [made.name(number) for number in range(len(made.ra_deg))]
        assert alerts(snapshot, objects.light_curves(names, (), ("i:jd",))).num_rows == ALERTS
        found = cutouts(snapshot, WriterSchemas(settings.lake), made.stamped[3])
        assert found is not None
        assert all(found[kind] for kind in Kind)
    finally:
        lake.close()


def test_every_page_that_is_measured_answers(tmp_path: Path) -> None:
    settings, survey = Settings(home=tmp_path / "home"), get_survey("ztf")
    made = make_lake(settings, survey, ALERTS, seed=1)
    with TestClient(whole_app(settings)) as http:
        told = {name: http.get(address(7)) for name, address in addresses(survey, made).items()}
    assert {name: one.status_code for name, one in told.items()} == dict.fromkeys(told, 200)
    assert made.name(7) in told["object"].text


def test_a_lake_that_is_kept_is_taken_again(tmp_path: Path) -> None:
    settings, survey = Settings(home=tmp_path / "home"), get_survey("ztf")
    made = made_or_kept(settings, survey, ALERTS, 1)
    there = {one: one.stat().st_mtime_ns for one in settings.lake.rglob("*")}
    again = made_or_kept(settings, survey, ALERTS, 1)
    assert {one: one.stat().st_mtime_ns for one in settings.lake.rglob("*")} == there
    assert (again.name(7), again.ra_deg.tolist(), again.stamped) == (made.name(7), made.ra_deg.tolist(), made.stamped)
    with pytest.raises(HostError, match="holds a lake of"):
        made_or_kept(settings, survey, ALERTS + 1, 1)
