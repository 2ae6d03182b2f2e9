"""Alerts of objects over HTTP: the packets' own values, closed and open nights together, and nothing private."""

import csv
import io
from collections import Counter
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse_single_table
from astropy.time import Time

from tests.unit.api.conftest import Home


def of(packets: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return sorted((one for one in packets if one["objectId"] == name), key=lambda one: -one["candidate"]["jd"])


def test_a_light_curve_is_what_the_packets_say(home: Home) -> None:
    name = Counter(one["objectId"] for one in home.closed).most_common(1)[0][0]
    expected = of([*home.closed, *home.live], name)
    assert len(expected) > 1
    rows = home.get("objects", objectId=name, columns="i:candid,i:jd,i:magpsf,i:fid,i:ra,v:lastdate")
    assert [row["i:candid"] for row in rows] == [str(one["candid"]) for one in expected], "ids are exact, as text"
    for row, packet in zip(rows, expected, strict=True):
        candidate = packet["candidate"]
        assert (row["i:jd"], row["i:fid"], row["i:ra"]) == (candidate["jd"], candidate["fid"], candidate["ra"])
        assert row["i:magpsf"] == np.float32(candidate["magpsf"])
        assert row["v:lastdate"][:19] == Time(candidate["jd"], format="jd", scale="utc").isot[:19]


def test_columns_that_sources_lacks_come_from_silver(home: Home) -> None:
    packet = home.closed[3]
    rows = home.get("sources", objectId=packet["objectId"], columns="i:pdiffimfilename,i:candid,d:roid,i:publisher")
    found = next(row for row in rows if row["i:candid"] == str(packet["candid"]))
    assert found["i:pdiffimfilename"] == packet["candidate"]["pdiffimfilename"]
    assert found["i:publisher"] == packet["publisher"]
    assert found["d:roid"] == 3 % 4
    everything = home.get("sources", objectId=packet["objectId"], columns="*")
    assert set(everything[0]) == set(home.get("schema"))


def test_formats_say_the_same(home: Home) -> None:
    asked = {"objectId": home.closed[0]["objectId"], "columns": "i:candid,i:jd,i:magpsf,d:finkclass"}
    rows = home.get("objects", **asked)
    raw = {
        form: home.http.get("/api/v1/objects", params={**asked, "output-format": form}).content
        for form in ("csv", "parquet", "votable")
    }
    assert [row["i:candid"] for row in csv.DictReader(io.StringIO(raw["csv"].decode()))] == [
        row["i:candid"] for row in rows
    ]
    table = pq.read_table(io.BytesIO(raw["parquet"]))
    assert table["i:candid"].to_pylist() == [int(row["i:candid"]) for row in rows]
    votable = parse_single_table(io.BytesIO(raw["votable"])).to_table(use_names_over_ids=True)
    assert votable["i:candid"].tolist() == table["i:candid"].to_pylist()
    assert votable["i:jd"].tolist() == [row["i:jd"] for row in rows]


def test_numbers_are_given_where_they_are_asked_for(home: Home) -> None:
    packet = home.closed[0]
    rows = home.get("objects", objectId=packet["objectId"], columns="i:candid", ids="number")
    assert {row["i:candid"] for row in rows} >= {packet["candid"]}


def test_several_objects_are_the_sum_of_single_ones(home: Home) -> None:
    names = sorted({one["objectId"] for one in home.closed})[:4]
    single = [row["i:candid"] for name in names for row in home.get("objects", objectId=name, columns="i:candid")]
    together = [row["i:candid"] for row in home.get("objects", objectId=",".join(names), columns="i:candid")]
    assert sorted(together) == sorted(single)


def test_the_dates_are_those_of_alerts(home: Home) -> None:
    name = home.live[0]["objectId"]
    late = home.get("objects", objectId=name, columns="i:candid", startdate="2021-11-23")
    assert {row["i:candid"] for row in late} == {str(one["candid"]) for one in of(home.live, name)}
    early = home.get("objects", objectId=name, columns="i:candid", stopdate="2021-11-23T00:00:00")
    assert {row["i:candid"] for row in early} == {str(one["candid"]) for one in of(home.closed, name)}


def test_pages_lead_to_all(home: Home) -> None:
    asked: dict[str, Any] = {"class": "allclasses", "columns": "i:candid", "limit": 7}
    seen: list[str] = []
    offset: str | None = "0"
    while offset is not None:
        answer = home.http.get("/api/v1/latests", params={**asked, "offset": offset})
        seen += [row["i:candid"] for row in answer.json()]
        offset = answer.headers.get("X-Next-Offset")
        assert (offset is None) == ("next" not in answer.headers.get("Link", ""))
    assert sorted(seen) == sorted(str(one["candid"]) for one in [*home.closed, *home.live])


@pytest.mark.parametrize("route", ["objects", "sources"])
def test_an_unknown_object_is_an_empty_answer(home: Home, route: str) -> None:
    assert home.get(route, objectId="ZTF99zzzzzzz") == []


def test_private_alerts_are_absent_everywhere(home: Home) -> None:
    hidden = {str(one["candid"]) for one in home.private}
    names = ",".join(one["objectId"] for one in home.private)
    assert not hidden & {row["i:candid"] for row in home.get("objects", objectId=names, columns="i:candid")}
    for one in home.private:
        assert home.get("objects", candid=one["candid"]) == []
        assert home.get("resolver", name="ZTF21secrets") == []
        gone = home.http.get("/api/v1/cutouts", params={"candid": one["candid"], "kind": "Science"})
        assert gone.status_code == 404
        place = {"ra": one["candidate"]["ra"], "dec": one["candidate"]["dec"], "radius": 1, "columns": "i:candid"}
        assert not hidden & {row["i:candid"] for row in home.get("conesearch", **place)}
    assert sum(home.get("classes").values()) == len(home.closed) + len(home.live)


def test_upper_limits_come_out_of_the_packets(home: Home) -> None:
    packet = next(one for one in home.closed if one["prv_candidates"])
    rows = home.get(
        "objects", objectId=packet["objectId"], withupperlim="true", columns="i:jd,i:magpsf,i:diffmaglim,i:fid"
    )
    expected = {
        (one["jd"], one["fid"])
        for mine in of([*home.closed, *home.live], packet["objectId"])
        for one in mine["prv_candidates"] or ()
        if one["magpsf"] is None and one["programid"] == 1
    }
    limits = [row for row in rows if row["d:tag"] == "upperlim"]
    assert {(row["i:jd"], row["i:fid"]) for row in limits} == expected
    assert expected
    assert all(row["i:magpsf"] is None for row in limits)


def test_what_a_remote_service_says_can_be_named(home: Home) -> None:
    """Clients of Fink name `cdsxmatch`; nobody is asked here, so it is null, and in no answer that does not name it."""
    name = home.closed[0]["objectId"]
    (row, *_) = home.get("objects", objectId=name, columns="i:objectId,d:cdsxmatch,i:magpsf")
    assert list(row) == ["i:objectId", "d:cdsxmatch", "i:magpsf"]
    assert (row["i:objectId"], row["d:cdsxmatch"]) == (name, None)
    assert "d:cdsxmatch" not in home.get("objects", objectId=name)[0]
    assert "d:cdsxmatch" in home.get("schema")
    for form in ("csv", "parquet", "votable"):
        asked = {"objectId": name, "columns": "i:objectId,d:cdsxmatch", "output-format": form}
        assert home.http.get("/api/v1/objects", params=asked).status_code == 200


def test_clients_of_fink_ask_without_cutouts_in_so_many_words(home: Home) -> None:
    name = home.closed[0]["objectId"]
    plain = home.http.get("/api/v1/objects", params={"objectId": name})
    asked = home.http.get("/api/v1/objects", params={"objectId": name, "withcutouts": "False"})
    assert (asked.status_code, asked.content) == (200, plain.content)
    refused = home.http.get("/api/v1/objects", params={"objectId": name, "withcutouts": "True"})
    assert refused.status_code == 400
    assert refused.json()["error"]["parameter"] == "withcutouts"
    assert "/api/v1/cutouts" in refused.json()["error"]["fix"]
