"""The portal in a real browser that reaches no other host: home, a search, a light curve, and a point's cutouts.

On every page axe-core looks for what keeps somebody from using it: labels, contrast, keyboard.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, Route

from fink_lib.accounts import people
from fink_lib.accounts.store import Store
from fink_lib.accounts.web import COOKIE
from fink_lib.served.private import PrivateTable, columns_of
from fink_lib.served.private_store import PrivateTables
from tests.browser import browser_page
from tests.builders.served_home import NIGHT
from tests.unit.portal.conftest import Portal
from tests.unit.portal.persons import WRITTEN, Someone

WIDTHS = {"desk": (1280, 1600), "phone": (390, 844)}
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOK = """async rules => (await axe.run(document, {runOnly: rules, resultTypes: ["violations"]})).violations.map(
    one => [one.id, one.help, one.nodes.slice(0, 3).map(node => node.html.slice(0, 160))])"""
CUTOUTS_S = 60.0  # three cutouts are drawn when they are asked for


@contextmanager
def watched(device: str, colours: str, address: str) -> Iterator[tuple[Page, list[str], list[str]]]:
    """A browser without a network but this host, what it asked of others, and what went wrong in it."""
    outside: list[str] = []
    trouble: list[str] = []

    def inside_alone(route: Route) -> None:
        if route.request.url.startswith(address):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    with browser_page(*WIDTHS[device]) as page:
        page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
        page.on("console", lambda one: trouble.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: trouble.append(str(one)))
        page.route("**/*", inside_alone)
        yield page, outside, trouble


def hindrances(page: Page) -> list[object]:
    """What axe-core finds wrong with a page; the rules are those of WCAG 2.2, levels A and AA."""
    page.evaluate(AXE)
    found: list[object] = page.evaluate(LOOK, RULES)
    return found


@pytest.mark.parametrize(("device", "colours"), [("desk", "dark"), ("phone", "light")])
def test_every_page_is_drawn_within_its_window(
    portal: Portal, address: str, device: str, colours: str, tmp_path: Path
) -> None:
    place = portal.packets[1]["candidate"]
    pages = {
        "home": "/", "nights": "/nights", "night": f"/night/ztf/{NIGHT}", "statistics": "/statistics",
        "sky": f"/sky/ztf/{NIGHT}", "filters": "/filters", "live": "/live", "login": "/login",
        "folded": f"/object/ztf/{portal.packets[1]['objectId']}?period=0.5",
        "site": "/observability?ra=255&dec=11&site=Palomar&date=2026-06-01",
        "cone": f"/cone?ra={place['ra']}&dec={place['dec']}&radius=900", "schema": "/schema",
    }  # fmt: skip
    over, hindered = [], {}
    if "dora" not in {one["person"] for one in people.everyone(Store(portal.settings.home))}:
        people.add(Store(portal.settings.home), "dora")
    own = Someone(portal, "dora")
    own.post("/filters/new", name="seen_by_axe", back="/filters/new", **WRITTEN)
    pages |= {"new-filter": "/filters/new", "own-filter": "/filters/own/ztf/seen_by_axe", "transfers": "/transfers",
              "region": "/region?moc=3/0-767", "account": "/account", "moving": "/moving/ztf/none",
              "query": "/query", "jobs": "/jobs", "table": "/tables/user_dora/near"}  # fmt: skip
    people.grant(Store(portal.settings.home), people.PERSON, "dora", "jobs:run")
    rows = pa.table({"object_id": ["ZTF21acoshvy"], "ra": [49.1551]})
    pq.write_table(rows, tmp_path / "rows.parquet")
    near = PrivateTable(
        "near", "dora", title="Near ones", columns=columns_of(rows.schema), rows=1, job="0123456789abcdef"
    )
    PrivateTables(portal.settings).keep(near, tmp_path / "rows.parquet")
    with watched(device, colours, address) as (page, outside, trouble):
        page.context.add_cookies([{"name": COOKIE, "value": own.http.cookies[COOKIE], "url": address}])
        for name, path in pages.items():
            page.goto(f"{address}{path}", wait_until="domcontentloaded")
            page.screenshot(
                path=tmp_path / f"{name}-{device}-{colours}.png", full_page=name not in {"schema", "filters"}
            )
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                over.append(name)
            if found := hindrances(page):
                hindered[name] = found
        page.goto(f"{address}{pages['folded']}", wait_until="domcontentloaded")
        page.get_by_role("button", name="Closer").first.click()
        assert page.locator("figure[data-zoom] svg").first.get_attribute("viewBox") != "0 0 720 300"
        page.get_by_role("button", name="Show all").first.click()
        assert page.locator("figure[data-zoom] svg").first.get_attribute("viewBox") == "0 0 720 300"
    trouble = [one for one in trouble if "status of 404" not in one]  # of the page that is none
    assert (outside, trouble, over, hindered) == ([], [], [], {})


@pytest.mark.parametrize(("device", "colours"), [("desk", "light"), ("phone", "dark")])
def test_an_object_is_found_and_its_light_curve_seen(
    portal: Portal, address: str, device: str, colours: str, tmp_path: Path
) -> None:
    with watched(device, colours, address) as (page, outside, trouble):
        page.goto(address)
        page.screenshot(path=tmp_path / f"home-{device}-{colours}.png", full_page=True)
        page.get_by_label("Object, alert, place or class").fill(portal.packets[1]["objectId"])
        page.keyboard.press("Enter")
        page.wait_for_selector("svg a.point circle")
        newest = page.inner_text("#cutouts-of")
        older = page.locator(f'a.point[data-alert="{portal.packets[1]["candid"]}"]').first
        older.focus()
        page.keyboard.press("Enter")
        assert page.inner_text("#cutouts-of") == str(portal.packets[1]["candid"]) != newest
        seen = "[...document.images].filter(one => one.complete && one.naturalWidth > 10).length"
        deadline = time.monotonic() + CUTOUTS_S
        while page.evaluate(seen) < 3 and time.monotonic() < deadline:
            page.wait_for_timeout(100)
        assert page.evaluate(seen) == page.evaluate("document.images.length") == 3
        page.screenshot(path=tmp_path / f"object-{device}-{colours}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing hangs over"
        assert hindrances(page) == []
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(12, 21, 31)") == (colours == "dark")
    assert (outside, trouble) == ([], [])
