"""What every answer has: a version and an ETag that hold as long as nothing changes, and errors that say what to do."""

import datetime as dt
from typing import Any

import pytest
from deltalake import DeltaTable
from starlette.testclient import TestClient

from fink_lib.api.http.app import make_app
from fink_lib.api.lake import LOOK_AGAIN_S, Lake
from fink_lib.config import Settings
from fink_lib.lake.log import entry
from fink_lib.lake.tables import full_name
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, ZTF, arrive, later, serve
from tests.unit.api.conftest import Home

BAD = [
    ("objects", {}, "objectId", "name objects"),
    ("objects", {"objectId": ""}, "objectId", "name objects"),
    ("objects", {"objectId": "'; DROP TABLE"}, "objectId", "names match"),
    ("objects", {"objectId": "ZTF21acoshvy", "columns": "i:magps"}, "columns", "did you mean i:magpsf"),
    ("objects", {"objectid": "ZTF21acoshvy"}, "objectid", "did you mean objectId"),
    ("objects", {"objectId": "ZTF21acoshvy", "output-format": "xls"}, "output-format", "json, csv"),
    ("objects", {"objectId": "ZTF21acoshvy", "limit": 0}, "limit", "Most rows"),
    ("objects", {"objectId": "ZTF21acoshvy", "startdate": "yesterday"}, "startdate", "ISO 8601"),
    ("objects", {"objectId": "ZTF21acoshvy", "window": 2}, "window", "startdate"),
    ("conesearch", {"ra": 400, "dec": 0, "radius": 5}, "ra", "degrees"),
    ("conesearch", {"ra": 1, "dec": "north", "radius": 5}, "dec", "degrees"),
    ("conesearch", {"ra": 1, "dec": 1}, "radius", "arcsec"),
    ("cutouts", {"kind": "Science"}, "objectId", "name an object"),
    ("objects", {"objectId": "ZTF21acoshvy", "survey": "nope"}, "survey", "one of ztf"),
    ("objects", {"objectId": "ZTF21acoshvy", "version": 999}, "version", "newest"),
]


@pytest.mark.parametrize(("route", "asked", "parameter", "fix"), BAD)
def test_an_error_names_parameter_and_fix(
    home: Home, route: str, asked: dict[str, Any], parameter: str, fix: str
) -> None:
    answers = home.http.get(f"/api/v1/{route}", params=asked), home.http.post(f"/api/v1/{route}", json=asked)
    for answer in answers:
        error = answer.json()["error"]
        assert 400 <= answer.status_code < 500
        assert (error["status"], error["parameter"]) == (answer.status_code, parameter)
        assert fix in error["fix"]
        assert error["message"]


def test_what_is_no_route_is_json_too(home: Home) -> None:
    answer = home.http.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["fix"] == "/docs lists the routes"


def test_post_and_get_say_the_same_and_a_query_wins(home: Home) -> None:
    name = home.closed[0]["objectId"]
    body = {"objectId": [name], "columns": ["i:jd"]}
    first = home.http.get("/api/v1/objects", params={"objectId": name, "columns": "i:jd"}).json()
    assert home.http.post("/api/v1/objects", json=body).json() == first
    other = home.http.post("/api/v1/objects", params={"columns": "i:fid"}, json=body).json()
    assert set(other[0]) == {"i:fid"}
    assert home.http.post("/ztf/api/v1/objects", json=body).json() == first, "the path may name the survey"


def test_an_etag_holds_until_something_changes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fink_lib.api.lake.LOOK_AGAIN_S", 0.0)
    assert LOOK_AGAIN_S <= 60, "the running night is to be seen within a minute"
    packets = sample_packets(4)
    arrive(settings, packets[:2])
    asked = {"objectId": packets[0]["objectId"], "columns": "i:candid"}
    with TestClient(make_app(Lake(settings, [ZTF]))) as http:
        first = http.get("/api/v1/objects", params=asked)
        assert [row["i:candid"] for row in first.json()] == [str(packets[0]["candid"])], "open nights are seen"
        tag = {"If-None-Match": first.headers["ETag"]}
        same = http.get("/api/v1/objects", params=asked, headers=tag)
        assert (same.status_code, same.content) == (304, b"")
        assert http.get("/api/v1/objects", params={**asked, "columns": "i:jd"}, headers=tag).status_code == 200
        private = later(packets[0], 0, programid=3) | {"candid": 5}
        arrive(settings, [private], first=10)
        assert http.get("/api/v1/objects", params=asked, headers=tag).status_code == 304, "it tells nothing of others"
        arrive(settings, [later(packets[0], 0, jd=packets[0]["candidate"]["jd"] + 0.01) | {"candid": 6}], first=20)
        more = http.get("/api/v1/objects", params=asked, headers=tag)
        assert [row["i:candid"] for row in more.json()] == ["6", str(packets[0]["candid"])]
        assert more.headers["X-Delta-Version"] == "none"
        serve(settings, NIGHT)
        closed = http.get("/api/v1/objects", params=asked)
        assert closed.json() == more.json()
        assert closed.headers["ETag"] != more.headers["ETag"]
        assert http.get("/health").json()["surveys"]["ztf"]["open_nights"] == []


def test_the_past_can_be_asked(settings: Settings) -> None:
    packets = sample_packets(2)
    arrive(settings, packets[:1])
    serve(settings, NIGHT)
    path = settings.lake / full_name("gold", "ztf", "sources")
    before = DeltaTable(str(path)).version()
    arrive(settings, packets[1:], first=5)
    serve(settings, NIGHT)
    asked = {"candid": ",".join(str(one["candid"]) for one in packets), "columns": "i:candid"}
    with TestClient(make_app(Lake(settings, [ZTF]))) as http:
        assert len(http.get("/api/v1/objects", params=asked).json()) == 2
        old = http.get("/api/v1/objects", params={**asked, "version": before})
        assert [row["i:candid"] for row in old.json()] == [str(packets[0]["candid"])]
        assert old.headers["X-Delta-Version"] == str(before)
        at = entry(path, before).stat().st_mtime  # a version is as old as its entry in the log
        moment = dt.datetime.fromtimestamp(at + 0.001, dt.UTC).isoformat()
        assert http.get("/api/v1/objects", params={**asked, "as_of": moment}).json() == old.json()


def test_a_home_without_tables_answers(settings: Settings) -> None:
    with TestClient(make_app(Lake(settings, [ZTF]))) as http:
        for route, asked in (
            ("objects", {"objectId": "ZTF21acoshvy"}), ("conesearch", {"ra": 1, "dec": 1, "radius": 5}),
            ("latests", {"class": "SN"}), ("statistics", {}), ("resolver", {"name": "x"}), ("tracklet", {"id": "x"}),
        ):  # fmt: skip
            answer = http.get(f"/api/v1/{route}", params=asked)
            assert (answer.status_code, answer.json()) == (200, []), route
        assert http.get("/api/v1/classes").json() == {}
        assert http.get("/api/v1/cutouts", params={"candid": 1, "kind": "Science"}).status_code == 404


def test_requests_are_counted_by_route_and_not_by_what_is_asked_for(home: Home) -> None:
    home.get("objects", objectId="ZTF00aaaaaaa")
    assert home.http.get("/no/such/page").status_code == 404
    told = home.http.get("/metrics").text
    assert 'fink_api_requests_total{route="/api/v1/objects",status="' in told
    assert 'fink_api_requests_total{route="(none)",status="404"}' in told
    assert "no/such/page" not in told
