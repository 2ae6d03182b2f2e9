"""Rows that are not public: those with the right see them, every route hides them from the others, all is noted."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest
from starlette.testclient import TestClient

from fink_lib.accounts import people, tokens
from fink_lib.accounts.limits import Limits
from fink_lib.accounts.store import Store
from fink_lib.api import lake as api_lake
from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import gold_statistics
from fink_lib.surveys.tables import bronze_spec
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, OPEN_NIGHT, ZTF, arrive, later, rows_of, serve

CALTECH, PARTNER = 3, 2
HIDDEN = "ZTF21secrets"
COUNT = 12
ROUTES = (
    "sources?objectId={own}",
    "sources?objectId={own}&columns=*&limit=50",
    "sources?objectId={hidden}",
    "sources?candid=7",
    "objects?objectId={own}&withupperlim=true",
    "objects?objectId={own}&columns=i:candid,i:prv_candidates&limit=9",
    "conesearch?ra={ra}&dec={dec}&radius=60",
    "latests?class=allclasses&n=100",
    "latests?class=RRLyr&n=100",
    "classes",
    "tags?tag=new_sources",
    "statistics",
    "schema",
    "resolver?name={hidden}",
    "resolver?name=star%200",
    "sso?n_or_d=8467",
    "tracklet?date=2021-11-22",
    "cutouts?candid=7&kind=Science",
    "cutouts?objectId={hidden}&kind=Science",
    "../../health",
)


def hidden_packet(packet: dict[str, Any], candid: int, programme: int, days: int = 0) -> dict[str, Any]:
    """Return a packet of another programme, at the same place."""
    made = later(packet, days, programid=programme) | {"candid": candid, "objectId": HIDDEN}
    made["candidate"]["candid"] = candid
    return made


class Place:
    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home)
        self.packets = sample_packets(COUNT)
        for packet in self.packets:
            for point in packet["prv_candidates"] or []:
                point["programid"] = 1
        self.packets[0]["prv_candidates"][0] |= {"programid": CALTECH, "magpsf": 12.34}
        arrive(self.settings, self.packets)
        serve(self.settings, NIGHT)
        arrive(self.settings, [later(self.packets[1], 1)], first=1000)
        count = {"survey": "ztf", "night": NIGHT, "measure": "count", "value": 99.0}
        rows = [{**count, "name": "bronze"}, {**count, "name": "silver"}, {**count, "measure": "band", "name": "g"}]
        append_rows(gold_statistics(), self.settings.lake, rows)
        store = Store(home)
        people.add(store, "ada")
        people.add(store, "bob")
        people.grant(store, people.PERSON, "ada", "ztf:caltech")
        people.grant(store, people.PERSON, "bob", "ztf:partnership")
        people.add(store, "eve")
        for right in ("ztf:caltech", "ztf:partnership"):
            people.grant(store, people.PERSON, "eve", right)
        self.whole = tokens.add(store, "eve", "all", days=1, rights=["ztf:caltech", "ztf:partnership"])
        self.caltech = tokens.add(store, "ada", "all", days=1, rights=["ztf:caltech"])
        self.partner = tokens.add(store, "bob", "all", days=1, rights=["ztf:partnership"])
        self.bare = tokens.add(store, "ada", "bare", days=1)

    def hide(self) -> None:
        """Let rows arrive that are for few: late ones of the closed night, and some of the open one."""
        hidden = [hidden_packet(self.packets[0], 7, CALTECH), hidden_packet(self.packets[2], 8, CALTECH, 1),
                  hidden_packet(self.packets[0], 9, PARTNER)]  # fmt: skip
        arrive(self.settings, hidden, first=2000)

    def asked(self, http: TestClient, route: str, token: str = "", **headers: str) -> Any:
        candidate = self.packets[0]["candidate"]
        facts = {"own": self.packets[0]["objectId"], "hidden": HIDDEN, "ra": candidate["ra"], "dec": candidate["dec"]}
        sent = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        return http.get(f"/api/v1/{route.format(**facts)}", headers=sent)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("rights") / "home")


@pytest.fixture(scope="module")
def before(place: Place) -> dict[str, tuple[int, bytes, dict[str, str]]]:
    """What anybody is answered before there is anything to hide; then it is hidden."""
    with TestClient(make_app(Lake(place.settings, [ZTF]))) as http:
        told = {route: seen(place.asked(http, route)) for route in ROUTES}
    place.hide()
    return told


@pytest.fixture(scope="module")
def http(place: Place, before: Any) -> Iterator[TestClient]:
    with TestClient(make_app(Lake(place.settings, [ZTF]))) as client:
        yield client


def seen(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    passing = ("x-ratelimit-remaining", "x-ratelimit-reset", "date", "cache-control")
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k not in passing}


@pytest.mark.parametrize("route", ROUTES)
def test_others_cannot_tell_that_there_is_something(place: Place, http: TestClient, before: Any, route: str) -> None:
    assert before[route][0] in {200, 404}
    for token in ("", place.bare):
        assert seen(place.asked(http, route, token)) == before[route]


def test_a_point_of_a_history_is_hidden_and_shown(place: Place, http: TestClient) -> None:
    for route in ROUTES[4:6]:
        assert "12.34" not in place.asked(http, route).text
        assert "12.34" not in place.asked(http, route, place.partner).text
        assert "12.34" in place.asked(http, route, place.caltech).text


def test_who_has_the_right_sees_the_rows_and_no_more(place: Place, http: TestClient) -> None:
    def ids(route: str, token: str) -> set[str]:
        return {row["i:candid"] for row in place.asked(http, route, token).json()}

    assert ids("sources?objectId={hidden}", place.caltech) == {"7", "8"}
    assert ids("sources?objectId={hidden}", place.partner) == {"9"}
    public = ids("latests?class=allclasses&n=100", "")
    assert ids("latests?class=allclasses&n=100", place.caltech) == public | {"7", "8"}
    assert ids("sources?candid=7&columns=i:candid,i:nbad", place.caltech) == {"7"}
    counts = [sum(place.asked(http, "classes", token).json().values()) for token in ("", place.caltech, place.partner)]
    assert counts == [COUNT + 1, COUNT + 3, COUNT + 2]
    near = "conesearch?ra={ra}&dec={dec}&radius=5"
    assert {row["i:objectId"] for row in place.asked(http, near, place.partner).json()} >= {HIDDEN}
    cutout = "cutouts?candid=7&kind=Science"
    assert place.asked(http, cutout, place.caltech).status_code == 200
    assert place.asked(http, cutout, place.partner).status_code == 404


def test_numbers_of_nights_are_of_what_is_seen(place: Place, http: TestClient) -> None:
    def night(token: str) -> dict[str, Any]:
        return next(row for row in place.asked(http, "statistics", token).json() if row["night"] == "20211122")

    told = [(night(token)["basic:raw"], night(token)["basic:sci"]) for token in ("", place.caltech, place.whole)]
    assert told == [(99.0, COUNT), (99.0, COUNT + 1), (99.0, 99.0)]
    assert ("band:g" in night(""), night(place.whole)["band:g"]) == (False, 99.0)
    assert sum(value for name, value in night("").items() if name.startswith("class:")) == COUNT


def test_an_answer_for_few_is_kept_by_no_cache_and_names_itself(place: Place, http: TestClient) -> None:
    route = "sources?objectId={own}"
    mine, all_others = place.asked(http, route, place.caltech), place.asked(http, route)
    assert mine.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in mine.headers["vary"]
    assert mine.headers["etag"] != all_others.headers["etag"]
    again = place.asked(http, route, "", **{"If-None-Match": mine.headers["etag"]})
    assert (again.status_code, again.content) == (200, all_others.content)


def test_each_access_is_noted_and_no_secret(place: Place, http: TestClient) -> None:
    log = place.settings.home / "accounts" / "access.jsonl"
    before = log.read_text().splitlines() if log.exists() else []
    place.asked(http, "sources?objectId={hidden}")
    place.asked(http, "sources?objectId={hidden}", place.bare)
    place.asked(http, "cutouts?candid=7&kind=Science", place.caltech)
    (line,) = log.read_text().splitlines()[len(before) :]
    told = json.loads(line)
    assert (told["person"], told["rights"], told["status"]) == ("ada", ["ztf:caltech"], 200)
    assert told["asked"] == "/api/v1/cutouts?candid=7&kind=Science"
    assert place.caltech not in log.read_text()
    assert oct(log.stat().st_mode & 0o777) == "0o600"


def test_a_night_closed_again_still_hides(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_lake, "LOOK_AGAIN_S", 0.0)
    serve(place.settings, NIGHT)
    with TestClient(make_app(Lake(place.settings, [ZTF]))) as http:
        assert place.asked(http, "sources?objectId={hidden}").json() == []
        assert len(place.asked(http, "sources?objectId={hidden}", place.caltech).json()) == 2
        assert place.asked(http, "../../health").json()["surveys"]["ztf"]["open_nights"] == [str(OPEN_NIGHT)]


def test_limits_tell_what_is_left() -> None:
    now = [120.0]
    limits = Limits(2, 100, lambda: now[0])
    told = [limits.ask("ada") for _ in range(3)]
    assert [(one.requests, one.is_over) for one in told] == [(1, False), (0, False), (0, True)]
    assert not limits.ask("bob").is_over
    now[0] += 60
    assert not limits.ask("ada").is_over
    limits.sent("ada", 150)
    over = limits.ask("ada")
    assert (over.is_over, over.sent, over.wait_s) == (True, 0, 86400 - 180 + 1)
    now[0] += 86_400
    assert limits.ask("ada").headers(2)["X-Quota-Remaining-Bytes"] == "100"


def test_who_asks_too_often_is_told_when_to_come_back(place: Place, http: TestClient) -> None:
    settings = place.settings.model_copy(update={"api_requests_per_minute": 3})
    with TestClient(make_app(Lake(settings, [ZTF]))) as narrow:
        answers = [narrow.get("/api/v1/tags") for _ in range(5)]
        assert [one.status_code for one in answers[:3]] == [200] * 3
        last = answers[-1]
        if last.status_code == 200:  # a minute began between them
            last = [narrow.get("/api/v1/tags") for _ in range(4)][-1]
        assert (last.status_code, int(last.headers["retry-after"]) <= 61) == (429, True)
        assert place.asked(narrow, "tags", place.bare).headers["x-ratelimit-remaining"] == "2"
        assert narrow.get("/health").status_code == 200


def test_a_hidden_message_that_bears_the_id_of_a_public_alert_stays_hidden(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    packet = sample_packets(1)[0]
    candid = packet["candid"]
    _, (hidden,) = rows_of([later(packet, 0, programid=CALTECH)], settings.lake, 5000)
    spec = bronze_spec(ZTF)  # bronze alone: for silver it is a duplicate
    append_rows(spec, settings.lake, [{name: hidden.get(name) for name in spec.schema.names}])
    arrive(settings, [packet])
    serve(settings, NIGHT)
    with TestClient(make_app(Lake(settings, [ZTF]))) as http:
        answer = http.get(f"/api/v1/packet?alert={candid}")
    assert answer.status_code == 200, answer.text
    (told,) = fastavro.reader(io.BytesIO(answer.content))
    assert told["candidate"]["programid"] == 1
