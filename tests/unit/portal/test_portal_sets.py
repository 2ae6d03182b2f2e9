"""Citable sets: a question and a version, the same bytes whenever it is asked again; only public rows."""

import hashlib
import re
import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from fink_lib.accounts import people, sessions
from fink_lib.accounts.store import Store
from fink_lib.accounts.web import COOKIE
from fink_lib.api.http.app import make_app
from fink_lib.api.lake import LOOK_AGAIN_S, Lake
from fink_lib.config import Settings
from fink_lib.portal.app import add_pages
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, PRIVATE, ZTF, arrive, later, serve
from tests.unit.portal.conftest import Portal


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A home of its own: its night is closed again."""
    settings = Settings(home=tmp_path_factory.mktemp("sets") / "home")
    packets = sample_packets(8)
    private = later(packets[0], 0, programid=PRIVATE) | {"candid": 7, "objectId": "ZTF21secrets"}
    private["candidate"]["candid"] = 7
    arrive(settings, [*packets, private])
    serve(settings, NIGHT)
    lake = Lake(settings, [ZTF])
    app = make_app(lake)
    add_pages(app, lake)
    with TestClient(app) as http:
        yield Portal(settings, http, packets, private)


@pytest.fixture
def proof(portal: Portal) -> str:
    """Log in as somebody who may see more than is public."""
    store = Store(portal.settings.home)
    if not people.everyone(store):
        people.add(store, "ada")
        people.grant(store, people.PERSON, "ada", "ztf:caltech")
    cookie = sessions.begin(store, "ada")
    portal.http.cookies.set(COOKIE, cookie)
    claims = sessions.claims_of(store, cookie)
    assert claims is not None
    return claims.proof


@pytest.fixture(autouse=True)
def logged_out(portal: Portal) -> None:
    portal.http.cookies.clear()


def test_a_set_says_the_same_after_its_night_was_closed_again(portal: Portal, proof: str) -> None:
    name = portal.packets[4]["objectId"]
    form = {"form_proof": proof, "route": "sources", "survey": "ztf", "objectId": name, "title": "An object"}
    made = portal.http.post("/sets", data=form, follow_redirects=False)
    assert made.status_code == 303, made.text
    where = made.headers["location"]
    portal.http.cookies.clear()
    file = portal.http.get(f"{where}/file")
    assert str(portal.packets[4]["candid"]) in file.text
    shown = portal.page(where).text
    assert hashlib.sha256(file.content).hexdigest() in shown
    assert re.search(r"gold_ztf__sources, \d+", shown)
    late = later(portal.packets[4], 0) | {"candid": 77}
    late["candidate"]["candid"] = 77
    arrive(portal.settings, [late], first=5000)
    serve(portal.settings, NIGHT)
    assert "the same, byte for byte" in portal.page(f"{where}/again").text
    version = re.search(r"sources, (\d+)", shown)
    assert version
    time.sleep(LOOK_AGAIN_S)
    now = portal.http.get("/api/v1/sources", params={"objectId": name, "output-format": "csv"})
    assert now.content != file.content, "the newest version has one more"


def test_a_set_has_public_rows_alone(portal: Portal, proof: str) -> None:
    form = {"form_proof": proof, "route": "latests", "class": "allclasses", "n": "1000", "title": "All"}
    where = portal.http.post("/sets", data=form, follow_redirects=False).headers["location"]
    text = portal.http.get(f"{where}/file").text
    assert portal.private["objectId"] not in text
    again = portal.http.post("/sets", data={**form, "title": "Another title"}, follow_redirects=False)
    assert again.headers["location"] == where, "the same question to the same version is the same set"


@pytest.mark.parametrize(
    "change",
    [{"route": "crossmatch"}, {"title": ""}, {"columns": "i:nbad"}, {"objectId": "x"}, {"nonsense": "1"}],
    ids=lambda one: next(iter(one)),
)
def test_what_cannot_be_cited(portal: Portal, proof: str, change: dict[str, str]) -> None:
    form = {"form_proof": proof, "route": "sources", "objectId": portal.packets[4]["objectId"], "title": "t", **change}
    assert portal.http.post("/sets", data=form).status_code == 400


def test_nobody_makes_a_set_without_a_login(portal: Portal) -> None:
    assert portal.http.post("/sets", data={"route": "sources", "title": "t"}).status_code == 401
    for wrong in ("0" * 16, "x"):
        portal.page(f"/set/{wrong}", 404)


def test_a_set_that_would_be_cut_is_refused(portal: Portal, proof: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fink_lib.api.http.sets.LONGEST_PAGE", 2)
    form = {"form_proof": proof, "route": "latests", "class": "allclasses", "title": "Cut"}
    refused = portal.http.post("/sets", data=form, follow_redirects=False)
    assert refused.status_code == 400
    assert "more than 2 rows" in refused.text
    one = portal.http.post("/sets", data={**form, "limit": "1"}, follow_redirects=False)
    assert one.status_code == 303, "a limit is a part of the question"


def test_a_set_longer_than_a_page_is_refused(portal: Portal, proof: str) -> None:
    form = {"form_proof": proof, "route": "latests", "class": "allclasses", "title": "Long", "limit": "100001"}
    refused = portal.http.post("/sets", data=form, follow_redirects=False)
    assert refused.status_code == 400
    assert "the most of a set" in refused.text
