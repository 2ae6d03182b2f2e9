"""Pages of real alerts, read as HTML: what they say, where they lead, and that names are text."""

import re
from urllib.parse import quote, urlencode

import pytest

from fink_lib.portal.drawing import POLICY
from fink_lib.portal.pages import PAGE_ROWS
from tests.builders.served_home import NIGHT, OPEN_NIGHT
from tests.unit.portal.conftest import CLASS_MARKUP, EQUATION, MARKUP, WHY_NOT, Portal

ALL = (
    *("/", "/nights", f"/night/ztf/{NIGHT}", f"/night/ztf/{OPEN_NIGHT}", "/schema", "/cone?ra=10&dec=10&radius=5"),
    *("/statistics", "/filters", "/live", f"/sky/ztf/{NIGHT}", "/observability?ra=10&dec=10", "/login"),
    *("/query", "/jobs"),
)


def own(portal: Portal, number: int = 1) -> str:
    return f"/object/ztf/{portal.packets[number]['objectId']}"


def test_every_page_names_its_fields_loads_only_its_own_and_leads_on(portal: Portal) -> None:
    place = portal.packets[1]["candidate"]
    cone = f"/cone?{urlencode({'ra': place['ra'], 'dec': place['dec'], 'radius': 5})}"
    seen: set[str] = set()
    for address in (*ALL, cone, own(portal), "/class?name=RRLyr", "/class?name=allclasses", "/class?name=nothing"):
        answer = portal.http.get(address)
        assert answer.headers["Content-Security-Policy"] == POLICY
        page = portal.page(address)
        labelled = {one["for"] for one in page.all("label")}
        fields = [one for one in (*page.all("input"), *page.all("select")) if one.get("type") != "hidden"]
        assert {one["id"] for one in fields} <= labelled
        assert all(one["alt"] for one in page.all("img"))
        assert [one for one in page.all("script") if not one.get("src")] == []
        assert not any("style" in attributes or "onclick" in attributes for _, attributes in page.elements)
        assert len(page.all("h1")) == 1
        assert page.all("html")[0]["lang"] == "en"
        seen |= page.links
    wrong = [link for link in seen if portal.http.get(link).status_code != 200]
    assert wrong == []
    assert len(seen) > 90


def test_the_page_of_an_object_tells_what_its_rows_are(portal: Portal) -> None:
    packet, page = portal.packets[1], portal.page(own(portal))
    assert len([one for one in page.all("a") if one.get("class", "").startswith("point")]) >= 2, "both its alerts"
    assert str(packet["candid"]) in page.text
    assert "ztf_20211122_programid1" in page.text, "the topic that it came from"
    assert f"{packet['candidate']['magpsf']:.2f} ± {packet['candidate']['sigmapsf']:.2f}" in page.text
    limits = {one["jd"] for one in packet["prv_candidates"] or () if one["magpsf"] is None and one["programid"] == 1}
    drawn = [one for one in page.all("path") if (one.get("class") or "").startswith("limit")]
    assert len(drawn) == len(limits) > 0
    images = [one["src"] for one in page.all("img")]
    assert [re.search(r"kind=(\w+)", src or "")[1] for src in images] == ["Science", "Template", "Difference"]  # type: ignore[index]


def test_science_has_versions_and_reasons_and_matches_their_catalogue(portal: Portal) -> None:
    text = " ".join(portal.page(own(portal, 0)).text.split())
    assert re.search(r"classification 1\.1\+1\.0", text)
    assert re.search(rf"supernnova \S+ {WHY_NOT}", text)
    assert f"gaia_dr3 3 source 9 {MARKUP} 0.25" in text


def test_a_chosen_alert_shows_its_own_cutouts(portal: Portal) -> None:
    older = portal.packets[1]["candid"]
    images = portal.page(f"{own(portal)}?alert={older}").all("img")
    assert all(f"alert={older}" in (one["src"] or "") for one in images)
    newest = portal.page(own(portal)).all("img")
    assert all(f"alert={older + 10**15}" in (one["src"] or "") for one in newest)


def test_markup_in_names_is_text(portal: Portal) -> None:
    for address in (
        own(portal, 0),
        f"/class?name={quote(CLASS_MARKUP)}",
        "/",
        f"/search?q={quote(CLASS_MARKUP + '?')}",
    ):
        status = 404 if "search" in address else 200
        page = portal.page(address, status)
        assert CLASS_MARKUP in page.text, address
        assert all(one.get("src") == "/static/portal.js" for one in page.all("script"))
    text = portal.page(own(portal, 0)).text
    assert MARKUP in text
    assert portal.page(f"/search?q={quote(MARKUP)}").address.endswith(own(portal, 0)), "and may be searched for"


def test_a_search_leads_to_the_page_that_is_meant(portal: Portal) -> None:
    packet = portal.packets[1]
    name, place = packet["objectId"], packet["candidate"]
    places = [f"{place['ra']} {place['dec']}", f"{place['ra']}, {place['dec']}, 10"]
    wanted = {
        name: f"/object/ztf/{name}",
        f" {packet['candid']} ": f"/object/ztf/{name}?alert={packet['candid']}",
        "rrlyr": "/class?survey=ztf&name=RRLyr",
        "star 1": f"/object/ztf/{portal.packets[2]['objectId']}",
    }
    for text, address in wanted.items():
        assert portal.http.get("/search", params={"q": text}, follow_redirects=False).headers["location"] == address
    for text in places:
        page = portal.page(f"/search?{urlencode({'q': text})}")
        assert page.address.partition("?")[0].endswith("/cone")
        assert name in page.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ZTF21zzzzzzz", "Nothing is called"),
        ("ZTF21secrets", "Only public alerts are searched"),
        ("7", "Nothing is called"),
        ("400 0", "degrees"),
        ("RRLy", "Nothing is called"),
        ("' OR 1=1 --", "Nothing is called"),
        ("9" * 19, "Nothing is called"),
    ],
)
def test_what_is_not_found_is_said(portal: Portal, text: str, said: str) -> None:
    assert said in portal.page(f"/search?{urlencode({'q': text})}", 404).text


@pytest.mark.parametrize(
    "address",
    [
        "/object/ztf/ZTF21secrets",
        "/object/ztf/ZTF99aaaaaaa",
        "/object/nope/ZTF21acoshvy",
        "/object/ztf/%3Cscript%3E",
        "/night/ztf/2020-01-01",
        "/night/ztf/tomorrow",
        "/schema?survey=nope",
    ],
)
def test_what_is_not_there_is_a_page_too(portal: Portal, address: str) -> None:
    assert "Nothing found" in portal.page(address, 404).text


@pytest.mark.parametrize("address", ["/class?name=x&page=0", "/cone?ra=1", "/cone?ra=x&dec=1&radius=1", "/cone?evil=1"])
def test_what_cannot_be_asked_is_said(portal: Portal, address: str) -> None:
    portal.page(address, 400)


def test_lists_go_on_page_by_page_and_hold_each_alert_once(portal: Portal) -> None:
    first, second = (portal.page(f"/class?name=allclasses&page={number}") for number in (1, 2))
    rows = [
        [one["href"] for one in page.all("a") if (one["href"] or "").startswith("/object")] for page in (first, second)
    ]
    assert [len(one) for one in rows] == [PAGE_ROWS, 11]
    assert len(set(rows[0] + rows[1])) == 61
    assert [one["rel"] for page in (first, second) for one in page.all("a") if one.get("rel")] == ["next", "prev"]


def test_nights_have_their_equations_and_those_that_grow_have_none(portal: Portal) -> None:
    assert EQUATION in portal.page(f"/night/ztf/{NIGHT}").text
    assert "not closed yet" in portal.page(f"/night/ztf/{OPEN_NIGHT}").text
    text = portal.page("/nights").text
    assert text.index(str(OPEN_NIGHT)) < text.index(str(NIGHT))
    assert "closed" in text


def test_the_schema_has_every_column_of_the_api(portal: Portal) -> None:
    text = portal.page("/schema").text
    told = portal.http.get("/api/v1/schema").json()
    assert [name for name in told if name not in text] == []


def test_cutouts_are_drawn_as_the_address_says(portal: Portal) -> None:
    """Stretch and cuts stand in the address of the page and in those of its images; what the API refuses, it does."""
    name = portal.packets[1]["objectId"]
    drawn = {}
    for said in ("", "?stretch=log", "?stretch=linear&pmin=5&pmax=90"):
        page = portal.page(f"/object/ztf/{name}{said}")
        images = [one["src"] for one in page.all("img") if "cutouts" in (one["src"] or "")]
        assert len(images) == 3
        assert all((said[1:] or "kind=") in (one or "") for one in images)
        drawn[said] = portal.http.get(images[0] or "").content
    assert len(set(drawn.values())) == 3
    assert "pmin" in portal.page(f"/object/ztf/{name}?pmin=200", 400).text
