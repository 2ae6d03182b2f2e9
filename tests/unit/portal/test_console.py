"""The page of queries: an address a query, rows as text, and what is wrong said in one sentence."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.portal.app import add_pages
from fink_lib.vo.app import add_services
from tests.builders.served_home import ZTF
from tests.unit.portal.conftest import COUNT, MARKUP, Parsed, Portal


@pytest.fixture(scope="module")
def http(portal: Portal) -> Iterator[TestClient]:
    lake = Lake(portal.settings, [ZTF])
    app = make_app(lake)
    add_pages(app, lake)
    add_services(app, lake)
    with TestClient(app) as found:
        yield found


def page(http: TestClient, query: str, status: int = 200) -> Parsed:
    answer = http.get("/query", params={"query": query} if query else {})
    assert answer.status_code == status, answer.text
    return Parsed.of(answer.text, str(answer.url))


def test_what_a_query_finds_is_shown_and_downloaded_from_tap(http: TestClient) -> None:
    text = f"SELECT '{MARKUP}' AS said, COUNT(*) AS n FROM ztf.sources"  # noqa: S608
    shown = page(http, text)
    assert MARKUP in shown.text
    assert not [one for one in shown.all("b") if one], "it is text"
    links = [str(one["href"]) for one in shown.all("a") if "/tap/sync" in str(one.get("href"))]
    assert [parse_qs(urlsplit(one).query)["QUERY"] for one in links] == [[text]] * 4
    (csv,) = (one for one in links if one.endswith("csv"))
    assert int(http.get(csv).text.split(",")[-1]) >= COUNT
    assert "The first 500 rows" in page(http, "SELECT s.ra FROM ztf.sources AS s CROSS JOIN ztf.sources AS t").text


def test_nothing_is_asked_without_a_query_and_what_is_wrong_is_said(http: TestClient) -> None:
    assert "ztf.objects" in page(http, "").text
    wrong = page(http, "SELECT nothing FROM ztf.sources", 400).text
    assert ("refused" in wrong, "nothing" in wrong) == (True, True)
    assert "no query" in page(http, "DROP TABLE ztf.sources", 400).text
