"""The page of queries: an address a query, rows as text, and what is wrong said in one sentence."""

from collections.abc import Iterator
from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest
from anyio import from_thread, to_thread
from fastapi import FastAPI
from starlette.testclient import TestClient

from fink_lib.api.http.app import make_app
from fink_lib.api.http.errors import Refused
from fink_lib.api.lake import Lake
from fink_lib.portal.app import add_pages
from fink_lib.vo.app import add_services
from fink_lib.vo.tap.queries import Described
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


def test_who_waits_for_his_query_keeps_no_thread_that_other_pages_need(
    http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    common: list[float] = []

    def busy(_asked: object) -> Described:
        common.append(from_thread.run_sync(lambda: to_thread.current_default_thread_limiter().borrowed_tokens))
        raise Refused("too many queries are being run", status=503, fix="try again")

    monkeypatch.setattr(cast("FastAPI", http.app).state.tap, "rows", busy)
    assert "too many" in page(http, "SELECT 1", 503).text
    assert common == [0]


def test_a_query_that_is_too_long_is_refused_and_not_cut(http: TestClient) -> None:
    long = "SELECT 1 AS n FROM ztf.sources --".ljust(60_000) + "x"  # noqa: S608
    assert http.get("/query", params={"query": long}).status_code == 400
