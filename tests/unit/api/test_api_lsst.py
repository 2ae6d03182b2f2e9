"""Rubin's alerts under the names of Fink's API for LSST, with ids that no float can hold."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.lake.small import append_rows
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.serve import step
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import get_survey
from tests.builders.served_home import ZTF

LSST = get_survey("lsst")
NIGHT = dt.date(2026, 3, 1)
MJD = 61100.1  # TAI, in the night of 2026-03-01 at UTC-12 h
OBJECT, FIRST_ALERT = 170028507199668305, 2**53 + 1
BANDS = ("g", "r", "r", "i")


def row(number: int, object_id: int) -> dict[str, Any]:
    alert_id, time = FIRST_ALERT + number, MJD + number / 100
    source = {"diaSourceId": alert_id, "diaObjectId": object_id, "midpointMjdTai": time, "band": BANDS[number % 4],
              "ra": 10.0, "dec": -5.0, "psfFlux": 1000.0 + number, "psfFluxErr": 9.0, "x": 11.0}  # fmt: skip
    head = {"night": NIGHT, "alert_id": alert_id, "object_id": str(object_id), "time": time, "ra": 10.0, "dec": -5.0}
    whole = {"diaObjectId": object_id, "nDiaSources": number + 1, "ra": 10.1}
    return {**head, "band": BANDS[number % 4], "diaSource": source, "diaObject": whole, "kafka_offset": number}


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(home=tmp_path_factory.mktemp("lsst") / "home")
    rows = [*(row(number, OBJECT) for number in range(4)), row(4, OBJECT + 1)]
    spec = silver_spec(LSST)
    append_rows(spec, settings.lake, [{name: one.get(name) for name in spec.schema.names} for one in rows])
    step.run(NightContext(settings, LSST, NIGHT, "run-1"), lambda _: [])
    with TestClient(make_app(Lake(settings, [ZTF, LSST]))) as client:
        yield client


def test_sources_are_alerts(http: TestClient) -> None:
    columns = "r:diaObjectId,r:diaSourceId,r:midpointMjdTai,r:psfFlux,r:psfFluxErr,r:band,r:ra,r:dec,r:x,r:nDiaSources"
    rows = http.get("/api/v1/sources", params={"diaObjectId": OBJECT, "columns": columns}).json()
    assert [one["r:diaSourceId"] for one in rows] == [str(FIRST_ALERT + number) for number in (3, 2, 1, 0)]
    assert {one["r:diaObjectId"] for one in rows} == {str(OBJECT)}
    newest = {"r:psfFlux": 1003.0, "r:band": "i", "r:ra": 10.0, "r:x": 11.0, "r:nDiaSources": "4"}
    assert {name: str(rows[0][name]) for name in newest} == {name: str(value) for name, value in newest.items()}
    other = http.get("/lsst/api/v1/sources", params={"object": OBJECT, "columns": columns}).json()
    assert other == rows


def test_objects_are_a_row_each(http: TestClient) -> None:
    asked = {"diaObjectId": f"{OBJECT},{OBJECT + 1}", "columns": "r:diaObjectId,r:psfFlux"}
    first, second = http.post("/api/v1/objects", json=asked).json()
    assert first["r:diaObjectId"] == str(OBJECT)
    assert (first["r:psfFlux"], first["v:n_alerts"], first["v:n_by_band"]) == (1003.0, 4, '{"g":1,"i":1,"r":2}')
    assert second["v:n_alerts"] == 1
    assert first["v:firstdate"] < second["v:firstdate"]


def test_the_name_of_an_object_tells_the_survey(http: TestClient) -> None:
    assert len(http.get("/api/v1/sources", params={"object": OBJECT}).json()) == 4
    near = http.get("/api/v1/conesearch", params={"survey": "lsst", "ra": 10, "dec": -5, "radius": 1}).json()
    assert {one["r:diaObjectId"] for one in near} == {str(OBJECT), str(OBJECT + 1)}
    assert http.get("/ztf/api/v1/conesearch", params={"ra": 10, "dec": -5, "radius": 1}).json() == []
